// The function that made this pattern known, with many regions: one CopyObject for each artifact and destination.
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { clientsByRegion, type PipelineEvent, readJob, succeed } from './pipeline-event.ts';

const clientFor = clientsByRegion();

/** Copies all input artifacts to all destination buckets, one request each, all at once. */
export async function handler(event: PipelineEvent): Promise<void> {
  const { id, buckets, artifacts } = readJob(event);
  await Promise.all(
    buckets.flatMap((Bucket) =>
      artifacts.map(({ bucketName, objectKey: Key }) =>
        clientFor(Bucket).send(new CopyObjectCommand({ Bucket, Key, CopySource: `${bucketName}/${Key}` })),
      ),
    ),
  );
  await succeed(id);
}
