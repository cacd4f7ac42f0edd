// S3 writes access logs into other buckets, as a service: what their policies do not allow is lost.
import { record, text } from '../../pipeline/event/json.ts';
import type { Cloud } from '../execution/cloud.ts';
import { StepError } from '../execution/steps.ts';

/** Writes a log for each bucket that has them. @throws StepError for a target that S3 never writes logs to */
export function deliverAccessLogs(cloud: Cloud): string {
  const s3 = cloud.service('logging.s3.amazonaws.com');
  let written = 0;
  for (const { account, properties, ref, region } of cloud.deployment.resourcesOf('AWS::S3::Bucket')) {
    const { DestinationBucketName, LogFilePrefix } = record(properties.LoggingConfiguration);
    const target = text(DestinationBucketName);
    if (target === undefined) continue;
    // S3 user guide, server access logging: the target's default encryption may only be that with S3's own keys.
    if ((cloud.aws.world.buckets.get(target)?.encryption?.algorithm ?? 'AES256') !== 'AES256') {
      throw new StepError(
        'NotDelivered',
        `S3 delivers no access logs to ${target}, which encrypts with KMS; expected AES256.`,
      );
    }
    const resource = `arn:aws:s3:::${target}/${text(LogFilePrefix) ?? ''}2026-01-01-00-00-00-0123456789ABCDEF`;
    const access = s3.decide('s3:PutObject', resource, region, {
      'aws:SourceArn': `arn:aws:s3:::${ref}`,
      'aws:SourceAccount': account,
    });
    if (access.effect === 'Allow') written += 1;
  }
  return `of ${written} buckets`;
}
