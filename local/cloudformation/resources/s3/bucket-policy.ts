// Bucket policies.
import * as v from 'valibot';
import { AwsError } from '../../../aws/aws-error.ts';
import { policyDocument } from '../../resource-kind/properties.ts';
import { type ResourceContext, resourceKind } from '../../resource-kind/resource-kind.ts';
import { ownBucket, publicAccessBlock } from './buckets.ts';
import { isPublic } from './public-policy.ts';

/** AWS::S3::BucketPolicy */
export const bucketPolicy = resourceKind({
  properties: v.strictObject({ Bucket: v.string(), PolicyDocument: policyDocument }),
  identify: ({ Bucket }) => ({ ref: Bucket, attributes: {} }),
  put({ Bucket, PolicyDocument }, _identity, context) {
    const owned = ownBucket(Bucket, context);
    const { policy: before } = owned;
    context.world.setBucketPolicy(owned, PolicyDocument);
    if (!blocksPublicPolicies(Bucket, context) || !isPublic(owned.policy?.document ?? '{}')) return;
    owned.policy = before;
    throw new AwsError(
      403,
      'AccessDenied',
      `The policy of ${Bucket} is public, and public policies are blocked by the BlockPublicPolicy block public access setting.`,
    );
  },
  delete({ Bucket }, _identity, context) {
    ownBucket(Bucket, context).policy = undefined;
  },
});

/** Buckets block public access unless they are made otherwise (S3 user guide, default settings for new buckets). */
function blocksPublicPolicies(name: string, { deployment }: ResourceContext): boolean {
  const made = deployment.resourcesOf('AWS::S3::Bucket').find(({ ref }) => ref === name);
  const configuration: unknown = made?.properties.PublicAccessBlockConfiguration;
  return v.is(publicAccessBlock, configuration) ? String(configuration.BlockPublicPolicy) === 'true' : true;
}
