// What the copies of a job ought to be, where there is no manifest: its sources as they are now.
import { readFile } from 'node:fs/promises';
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { toFacts } from '../../functions/sync-artifacts/facts/head-object.ts';
import { destinationKey } from '../../functions/sync-artifacts/job/destination-key.ts';
import { parseJob } from '../../functions/sync-artifacts/job/parse-job.ts';
import type { Artifact, SyncJob } from '../../functions/sync-artifacts/types.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsClients, awsMessage, orUsageError } from '../aws-clients.ts';
import { UsageError } from '../usage-error.ts';
import type { ExpectedCopy } from './expected.ts';

/**
 * The copies of the job in a file that holds its event.
 * @throws UsageError when the file, the event or a source cannot be read
 */
export async function readEvent(
  file: string,
  aws: AwsClients,
  destinationSets: string | undefined,
): Promise<ExpectedCopy[]> {
  let event: unknown;
  try {
    event = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    // What JSON.parse says may show a piece of the event, which holds credentials.
    const why = cause instanceof SyntaxError ? 'it is not JSON' : (cause as Error).message;
    throw new UsageError(`--event ${file} cannot be read: ${why}`);
  }
  return await copiesOfJob(`--event ${file}`, event, aws, destinationSets);
}

/** The copies of a job; `option` is what messages name. @throws UsageError */
export async function copiesOfJob(
  option: string,
  event: unknown,
  aws: AwsClients,
  destinationSets: string | undefined,
): Promise<ExpectedCopy[]> {
  let job: SyncJob;
  try {
    job = parseJob(event, destinationSets);
  } catch (cause) {
    throw new UsageError(`${option}: ${(cause as Error).message}`, { cause });
  }
  const region = await aws.region();
  const copies = await Promise.all(
    job.artifacts.map(async (artifact) => {
      const facts = await headSource(option, artifact, job, aws, region);
      return job.destinations.map((destination): ExpectedCopy => {
        const { bucket, bucketOwner, kmsKeyId } = destination;
        const key = destinationKey(destination.keyTemplate, artifact, job.executionId);
        return {
          artifact: artifact.name,
          ...(bucket === artifact.bucket && key === artifact.key ? { isSource: true as const } : {}),
          source: {
            bucket: artifact.bucket,
            key: artifact.key,
            owner: job.accountId,
            eTag: facts.etag,
            ...omitUndefined({ versionId: facts.versionId }),
          },
          destination: {
            bucket,
            key,
            owner: bucketOwner,
            ...omitUndefined({ region: destination.region }),
          },
          bytes: facts.sizeBytes,
          ...omitUndefined({
            executionId: job.executionId,
            revision: artifact.revision,
            checksum: facts.checksum,
            // An alias or a bare id may mean any key.
            kmsKeyArn: kmsKeyId?.includes(':key/') === true ? kmsKeyId : undefined,
          }),
        };
      });
    }),
  );
  return copies.flat();
}

async function headSource(
  option: string,
  { name, bucket: Bucket, key: Key }: Artifact,
  { accountId }: SyncJob,
  aws: AwsClients,
  region: string,
): Promise<ReturnType<typeof toFacts>> {
  const command = { Bucket, Key, ChecksumMode: 'ENABLED', ExpectedBucketOwner: accountId } as const;
  const head = await orUsageError(
    () => aws.s3(region).send(new HeadObjectCommand(command)),
    (cause) =>
      `${option}: artifact ${name}, s3://${Bucket}/${Key}, cannot be read (${awsMessage(cause)}), so there is nothing to hold its copies against: use --manifest.`,
  );
  return toFacts(head);
}
