// The obvious relay: the body of one GetObject piped into lib-storage's Upload at its defaults.
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { clientsByRegion, type PipelineEvent, readJob, succeed } from './pipeline-event.ts';

const source = new S3Client({ region: 'us-east-1' });
const clientFor = clientsByRegion();

/** Streams every input artifact to every destination bucket, all at once. */
export async function handler(event: PipelineEvent): Promise<void> {
  const { id, buckets, artifacts } = readJob(event);
  await Promise.all(
    buckets.flatMap((Bucket) =>
      artifacts.map(async ({ bucketName, objectKey: Key }) => {
        const { Body } = await source.send(new GetObjectCommand({ Bucket: bucketName, Key }));
        if (Body === undefined) return;
        await new Upload({ client: clientFor(Bucket), params: { Bucket, Key, Body } }).done();
      }),
    ),
  );
  await succeed(id);
}
