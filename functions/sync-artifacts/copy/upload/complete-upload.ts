// Completes multipart uploads.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
} from '@aws-sdk/client-s3';
import { errorCode } from '../../aws/errors.ts';
import { send } from '../../aws/s3-request.ts';
import type { JobContext } from '../../context/context.ts';
import { SyncError } from '../../errors.ts';
import { copyFields, destinationFields, destinationTarget } from '../../facts/object-fields.ts';
import { type PartLayout, partCount } from '../../plan/part-layout.ts';
import type { CopyTask } from '../../types.ts';
import type { WriteCondition } from '../conditional-write.ts';
import { completedPart, uploadChecksumFields } from '../request-fields.ts';
import { isInvalidPart, listParts, type Upload } from './upload-requests.ts';

/** Completing 10 000 parts may take minutes (S3 API, CompleteMultipartUpload): for each part as long as moving this many bytes. */
const COMPLETE_BYTES_PER_PART = 256 * 1024;

/** How long a concurrent invocation is left to put parts again before the next look at them, in milliseconds; doubled each time. */
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/**
 * Completes an upload. A concurrent invocation of the same job may have resumed it, and put parts again, which then have other
 * ETags: the parts are taken as they are, for as long as they change.
 * @returns S3's answer, and whether all parts are those that this upload knew
 */
export async function completeUpload(
  task: CopyTask,
  layout: PartLayout,
  upload: Upload,
  condition: WriteCondition,
  context: JobContext,
): Promise<{ readonly output: CompleteMultipartUploadCommandOutput; readonly allOurs: boolean }> {
  let { parts }: { parts: ReadonlyMap<number, CompletedPart> } = upload;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, MAX_DELAY_MS)) {
    try {
      const output = await sendComplete(task, layout, { ...upload, parts }, condition, context);
      return { output, allOurs: parts === upload.parts };
    } catch (error) {
      if (!isInvalidPart(error)) throw error;
      const now = await partsNow(task, upload, context);
      const known = parts;
      if ([...now].every(([number, { ETag }]) => known.get(number)?.ETag === ETag)) throw error;
      parts = now;
      context.telemetry.info(
        'Another invocation resumed the same upload; its parts are looked at again',
        copyFields(task),
      );
      await sleep(delayMs, undefined, { signal: context.signal });
    }
  }
}

async function partsNow(
  task: CopyTask,
  { uploadId }: Upload,
  context: JobContext,
): Promise<ReadonlyMap<number, CompletedPart>> {
  const parts = new Map<number, CompletedPart>();
  for await (const page of listParts(task, uploadId, context)) {
    for (const part of page.Parts ?? []) {
      const { PartNumber = 0 } = part;
      parts.set(PartNumber, completedPart(PartNumber, part));
    }
  }
  return parts;
}

/** Gives S3 the size and checksum of the whole object, so that it refuses to make a wrong one. */
async function sendComplete(
  task: CopyTask,
  layout: PartLayout,
  upload: Pick<Upload, 'uploadId'> & { readonly parts: ReadonlyMap<number, CompletedPart> },
  condition: WriteCondition,
  context: JobContext,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { source } = task;
  const parts = Array.from({ length: partCount(layout) }, (_, index) => upload.parts.get(index + 1) ?? {});
  const wholeChecksum =
    source.checksum?.type === 'FULL_OBJECT' &&
    source.checksum.algorithm === uploadChecksumFields(task, layout).ChecksumAlgorithm
      ? {
          [`Checksum${source.checksum.algorithm}`]: source.checksum.value,
          ChecksumType: 'FULL_OBJECT' as const,
        }
      : {};
  try {
    return await send(
      context,
      destinationTarget(task, 'CompleteMultipartUpload'),
      new CompleteMultipartUploadCommand({
        ...destinationFields(task),
        ...condition,
        ...wholeChecksum,
        UploadId: upload.uploadId,
        MultipartUpload: { Parts: parts },
        MpuObjectSize: source.sizeBytes,
      }),
      parts.length * COMPLETE_BYTES_PER_PART,
    );
  } catch (error) {
    if (errorCode(error) !== 'BadDigest') throw error;
    context.telemetry.count('VerificationFailures');
    throw new SyncError(
      'JobFailed',
      `S3 refused to complete the copy at s3://${task.destination.bucket}/${task.key}: its checksum is not the source's. Nothing was written there. Retry the stage; if it happens again, upload the source again.`,
      { cause: error },
    );
  }
}
