// Uploads one part of a relayed object, and proves that S3 stored exactly these bytes.
import { UploadPartCommand, type UploadPartCommandOutput } from '@aws-sdk/client-s3';
import { send } from '../../aws/s3-request.ts';
import type { ComputedAlgorithm } from '../../checksums.ts';
import type { JobContext } from '../../context/context.ts';
import { SyncError } from '../../errors.ts';
import { destinationFields, destinationTarget } from '../../facts/object-fields.ts';
import type { Part } from '../../plan/part-layout.ts';
import type { PartTarget } from '../upload/copy-in-parts.ts';
import { md5OfBytes } from './hashing.ts';

/** The bytes of a part, and their checksum, which S3 is to find as well. */
export interface HashedBytes {
  readonly bytes: Buffer;
  /** By the algorithm of the relay, base64. */
  readonly checksum: string;
}

/**
 * Uploads a part; `proved` when S3 says that it stored exactly these bytes.
 * @throws SyncError when it says that it stored others
 */
export async function uploadPart(
  { task, upload }: PartTarget,
  algorithm: ComputedAlgorithm,
  part: Part,
  { bytes, checksum }: HashedBytes,
  context: JobContext,
): Promise<{ readonly output: UploadPartCommandOutput; readonly proved: boolean }> {
  const command = new UploadPartCommand({
    ...destinationFields(task),
    [`Checksum${algorithm}`]: checksum,
    UploadId: upload.uploadId,
    PartNumber: part.number,
    Body: bytes,
  });
  const output = await send(context, destinationTarget(task, 'UploadPart'), command, part.sizeBytes);
  const reported = output[`Checksum${algorithm}`];
  if (reported === undefined)
    return { output, proved: output.ETag?.replaceAll('"', '') === md5OfBytes(bytes) };
  if (reported === checksum) return { output, proved: true };
  context.telemetry.count('VerificationFailures');
  throw new SyncError(
    'JobFailed',
    `S3 stored part ${part.number} of s3://${task.destination.bucket}/${task.key} with ${algorithm} ${reported} instead of ${checksum}. Nothing was written there. Retry the stage.`,
  );
}
