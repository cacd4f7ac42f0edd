// Relays a source that is in memory to one destination, in one request.
import { clientOf, request } from '../../aws/s3-request.ts';
import { uploadBody } from '../../aws/upload-body.ts';
import type { ComputedAlgorithm } from '../../checksums.ts';
import type { JobContext } from '../../context/context.ts';
import { checksumOf } from '../../facts/head-object.ts';
import { destinationFields, destinationTarget } from '../../facts/object-fields.ts';
import type { CopyTask } from '../../types.ts';
import { writeConditionally } from '../conditional-write.ts';
import { descriptionFields, encryptionFields, writtenObject } from '../request-fields.ts';
import { type CopyResult, UNFINISHED } from '../strategy.ts';
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
      const target = destinationTarget(task, 'PutObject');
      const params = {
        ...destinationFields(task),
        ...condition,
        ...encryptionFields(task),
        ...descriptionFields(task),
        [`Checksum${algorithm}`]: checksum,
        Body: bytes,
      };
      const output = await request(context, target, () =>
        uploadBody(clientOf(context, target), params, context.signal),
      );
      const stored = checksumOf(output);
      const hashedInTransit =
        stored?.type === 'FULL_OBJECT' && stored.algorithm === algorithm && stored.value === checksum;
      const how = { sameLayout: false, hashedInTransit, resumed: false };
      return { finished: true, written: writtenObject(output, output, how) };
    });
  } catch (error) {
    if (context.outOfTime) return UNFINISHED;
    context.fail(error);
    throw error;
  }
}
