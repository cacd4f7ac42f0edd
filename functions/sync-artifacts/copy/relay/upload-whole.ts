// Writes an object that is in memory in one request, through the Upload of @aws-sdk/lib-storage.
import { Upload } from '@aws-sdk/lib-storage';
import { MIN_PART_BYTES } from '../../aws/limits.ts';
import { request } from '../../aws/s3-request.ts';
import type { ComputedAlgorithm } from '../../checksums.ts';
import type { JobContext } from '../../context.ts';
import { checksumOf } from '../../facts/head-object.ts';
import type { CopyTask } from '../../types.ts';
import { writeConditionally } from '../conditional-write.ts';
import {
  descriptionFields,
  destinationFields,
  destinationTarget,
  encryptionFields,
  writtenObject,
} from '../request-fields.ts';
import type { CopyResult } from '../strategy.ts';
import type { HashedBytes } from './upload-part.ts';

/**
 * Writes the bytes of a whole source to one destination. S3 refuses them if they do not have their checksum when they arrive.
 * @throws S3RequestError, SyncError
 */
export async function uploadWhole(
  task: CopyTask,
  algorithm: ComputedAlgorithm,
  { bytes, checksum }: HashedBytes,
  context: JobContext,
): Promise<CopyResult> {
  try {
    return await writeConditionally(task, context, async (condition): Promise<CopyResult> => {
      const output = await request(context, destinationTarget(task, 'PutObject'), () => {
        const upload = new Upload({
          client: context.s3.role(task.destination.region),
          params: {
            ...destinationFields(task),
            ...condition,
            ...encryptionFields(task),
            ...descriptionFields(task),
            [`Checksum${algorithm}`]: checksum,
            Body: bytes,
          },
          // A body that is not larger than a part is one PutObject.
          partSize: Math.max(bytes.length, MIN_PART_BYTES),
        });
        return doneUnlessAborted(upload, context.signal);
      });
      const stored = checksumOf(output);
      const hashedInTransit =
        stored?.type === 'FULL_OBJECT' && stored.algorithm === algorithm && stored.value === checksum;
      const how = { sameLayout: false, hashedInTransit, resumed: false };
      return { finished: true, written: writtenObject(output, output, how) };
    });
  } catch (error) {
    if (context.outOfTime) return { finished: false, finishedParts: 0 };
    context.fail(error);
    throw error;
  }
}

/** An aborted Upload is not waited for; what it has sent by then may still arrive. */
async function doneUnlessAborted(upload: Upload, signal: AbortSignal): ReturnType<Upload['done']> {
  signal.throwIfAborted();
  const stop = (): void => void upload.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await upload.done();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
