// Part copies as fast as the SDK sends them: no proof, no conditions, no encryption asked for, no resumption.
import { Agent } from 'node:http';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { clientsByRegion, type PipelineEvent, readJob, succeed } from './pipeline-event.ts';

const MIB = 1024 ** 2;
/** The sweep sets both. */
const CONCURRENCY = Number(process.env.BENCH_CONCURRENCY ?? 256);
const PART_MIB = Number(process.env.BENCH_PART_MIB ?? 0);

const httpAgent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });
const source = new S3Client({ requestHandler: { httpAgent } });
const clientFor = clientsByRegion({ requestHandler: { httpAgent } });

/** Copies all input artifacts to all destination buckets in parts. */
export async function handler(event: PipelineEvent): Promise<void> {
  const { id, buckets, artifacts } = readJob(event);
  const copies = artifacts.flatMap(({ bucketName, objectKey: key }) =>
    buckets.map(async (bucket) => {
      const head = new HeadObjectCommand({ Bucket: bucketName, Key: key });
      const { ContentLength: sizeBytes = 0 } = await source.send(head);
      return { client: clientFor(bucket), bucket, key, from: bucketName, sizeBytes };
    }),
  );
  const found = await Promise.all(copies);
  const bytes = found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const partBytes = (PART_MIB || (bytes > 4 * 1024 * MIB ? 16 : 8)) * MIB;
  const queue: (() => Promise<void>)[] = [];
  const finished = await Promise.all(
    found.map(async ({ client, bucket: Bucket, key: Key, from, sizeBytes }) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      const parts: { PartNumber: number; ETag: string | undefined }[] = [];
      const { promise: copied, resolve, reject } = Promise.withResolvers<void>();
      const count = Math.ceil(sizeBytes / partBytes);
      let done = 0;
      for (let index = 0; index < count; index++) {
        queue.push(async () => {
          try {
            const { CopyPartResult } = await client.send(
              new UploadPartCopyCommand({
                Bucket,
                Key,
                UploadId,
                PartNumber: index + 1,
                CopySource: `${from}/${Key}`,
                // S3 takes no range of an object that is smaller than a part.
                ...(count > 1 && { CopySourceRange: rangeOf(index, partBytes, sizeBytes) }),
              }),
            );
            parts[index] = { PartNumber: index + 1, ETag: CopyPartResult?.ETag };
            done += 1;
            if (done === count) {
              resolve();
            }
          } catch (error) {
            reject(error);
          }
        });
      }
      return {
        copied,
        complete: () =>
          client.send(
            new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts: parts } }),
          ),
      };
    }),
  );
  await Promise.all([
    ...Array.from({ length: CONCURRENCY }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await next();
      }
    }),
    ...finished.map(({ copied, complete }) => copied.then(complete)),
  ]);
  await succeed(id);
}

function rangeOf(index: number, partBytes: number, sizeBytes: number): string {
  return `bytes=${index * partBytes}-${Math.min((index + 1) * partBytes, sizeBytes) - 1}`;
}
