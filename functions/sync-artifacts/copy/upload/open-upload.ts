// Opens the multipart upload of a copy: one to resume, or a new one.
import type { CreateMultipartUploadCommandOutput } from '@aws-sdk/client-s3';
import { attemptCount, httpStatus } from '../../aws/errors.ts';
import { type JobContext, withGracePeriod } from '../../context/context.ts';
import { SyncError } from '../../errors.ts';
import { isSameKey } from '../../facts/kms-key.ts';
import type { PartLayout } from '../../plan/part-layout.ts';
import { GRACE_MS } from '../../speeds.ts';
import type { CopyTask } from '../../types.ts';
import { descriptionFields, uploadChecksumFields } from '../request-fields.ts';
import { abortOwnUploads, initiatorOf, resumeUpload } from './resume-upload.ts';
import { abortUpload, listUploads, sendCreate, type Upload } from './upload-requests.ts';

/**
 * The upload to resume: an unfinished one of this very copy that an earlier attempt left, else a new one. Other uploads of ours
 * at the same key are aborted; those of anybody else, and at any other key, are never touched.
 */
export async function openUpload(task: CopyTask, layout: PartLayout, context: JobContext): Promise<Upload> {
  // Both at once, since there is hardly ever one to resume; when there is, the new upload shows who we are.
  const listing = listUploads(task, context);
  // Its failure shows below, after the new upload is there to be cleaned up.
  listing.catch(() => undefined);
  const created = await createUpload(task, layout, context);
  try {
    const found = await listing;
    const candidates = found.filter(({ UploadId }) => UploadId !== created.uploadId);
    const fromToken = task.uploadId;
    if (fromToken !== undefined && !candidates.some(({ UploadId }) => UploadId === fromToken))
      candidates.push({ UploadId: fromToken });
    if (candidates.length === 0) return created;
    if (found.length > 0) context.facts.initiatorId ??= await initiatorOf(task, created.uploadId, context);
    return (await resumeUpload(task, layout, candidates, created, context)) ?? created;
  } catch (error) {
    await abortUpload(task, created, context);
    throw error;
  }
}

/** Begins an upload, whatever else is there. */
export async function createUpload(task: CopyTask, layout: PartLayout, context: JobContext): Promise<Upload> {
  context.signal.throwIfAborted();
  let output: CreateMultipartUploadCommandOutput;
  try {
    output = await sendCreate(
      task,
      { ...descriptionFields(task), ...uploadChecksumFields(task, layout) },
      // Given up at once, one on its way would leave an upload whose id nobody learns.
      withGracePeriod(context, GRACE_MS),
    );
  } catch (error) {
    // An attempt whose answer was lost may have started one all the same; the next invocation looks for it, if there is one.
    if (!wasRefused(error) && !context.outOfTime) await abortOwnUploads(task, undefined, context, 'empty');
    throw error;
  }
  const createRetried = (output.$metadata.attempts ?? 1) > 1;
  const upload: Upload = { uploadId: output.UploadId ?? '', resumed: false, createRetried, parts: new Map() };
  if (createRetried && !context.outOfTime) await abortOwnUploads(task, upload.uploadId, context, 'empty');
  const { algorithm, kmsKeyId } = task.destination.encryption;
  const reported = output.ServerSideEncryption;
  if (reported !== undefined && !(reported === algorithm && isSameKey(kmsKeyId, output.SSEKMSKeyId))) {
    await abortUpload(task, upload, context);
    throw new SyncError(
      'JobFailed',
      `S3 began the copy to s3://${task.destination.bucket}/${task.key} with ${reported} and ${output.SSEKMSKeyId ?? 'no key'} instead of ${algorithm} with ${kmsKeyId}. Nothing was copied there: check the bucket's policy and default encryption.`,
    );
  }
  return upload;
}

/** Did S3 refuse the only attempt, or send it elsewhere, so that nothing can have started? */
function wasRefused(error: unknown): boolean {
  const status = httpStatus(error);
  return status !== undefined && status >= 300 && status < 500 && attemptCount(error) <= 1;
}
