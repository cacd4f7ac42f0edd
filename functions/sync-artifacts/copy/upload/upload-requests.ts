// Begins, lists and aborts multipart uploads.
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type CreateMultipartUploadCommandOutput,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import { errorCode, isAccessDenied, isNotFound } from '../../aws/errors.ts';
import { MAX_PARTS } from '../../aws/limits.ts';
import { isUnsupported } from '../../aws/other-servers.ts';
import { type RequestContext, send } from '../../aws/s3-request.ts';
import type { JobContext } from '../../context/context.ts';
import {
  type CopyPlace,
  copyFields,
  destinationFields,
  destinationTarget,
} from '../../facts/object-fields.ts';
import { CLEAN_UP_MS } from '../../speeds.ts';
import { encryptionFields } from '../request-fields.ts';

/** A multipart upload that is under way. */
export interface Upload {
  readonly uploadId: string;
  /** Started by an earlier attempt at the same copy. */
  readonly resumed: boolean;
  /** It took more than one request to begin it: one that was given up may take effect at any time, and leave an upload. */
  readonly createRetried: boolean;
  /** Finished parts by number, as CompleteMultipartUpload wants them. */
  readonly parts: Map<number, CompletedPart>;
}

const PAGE_LIMIT = 1 + MAX_PARTS / 1000;

/** Sends CreateMultipartUpload, with the encryption of the destination unless the fields say otherwise. */
export async function sendCreate(
  task: CopyPlace,
  fields: Partial<CreateMultipartUploadCommandInput>,
  context: RequestContext,
): Promise<CreateMultipartUploadCommandOutput> {
  const input = { ...destinationFields(task), ...encryptionFields(task), ...fields };
  const target = destinationTarget(task, 'CreateMultipartUpload');
  return await send(context, target, new CreateMultipartUploadCommand(input));
}

/** Sends AbortMultipartUpload, whatever became of the job. */
export async function sendAbort(
  task: CopyPlace,
  uploadId: string,
  { settings, s3, deadline }: JobContext,
): Promise<void> {
  const cleanUp: RequestContext = { settings, s3, signal: deadline.cleanUp(CLEAN_UP_MS) };
  const command = new AbortMultipartUploadCommand({ ...destinationFields(task), UploadId: uploadId });
  await send(cleanUp, destinationTarget(task, 'AbortMultipartUpload'), command);
}

/** Aborts an upload whatever became of the job; what cannot be aborted is logged, and left to the bucket's lifecycle rule. */
export async function abortUpload(
  task: CopyPlace,
  upload: Pick<Upload, 'uploadId'>,
  context: JobContext,
): Promise<void> {
  try {
    await sendAbort(task, upload.uploadId, context);
  } catch (error) {
    if (isNotFound(error)) return;
    context.telemetry.warn('An unfinished upload could not be aborted; a lifecycle rule must remove it', {
      ...copyFields(task),
      errorCode: errorCode(error),
    });
  }
}

/** Did S3 answer that the upload is gone: completed or aborted by a concurrent invocation, or by ourselves in a request whose answer was lost? */
export function isNoSuchUpload(error: unknown): boolean {
  return errorCode(error) === 'NoSuchUpload';
}

/** Does S3 lack a part as we know it, because a concurrent invocation that resumed the same upload sent it again? */
export function isInvalidPart(error: unknown): boolean {
  return errorCode(error) === 'InvalidPart';
}

/** Unfinished uploads at exactly the copy's key; none when the role or the server does not know how to list. */
export async function listUploads(task: CopyPlace, context: JobContext): Promise<readonly MultipartUpload[]> {
  const { Bucket, ExpectedBucketOwner } = destinationFields(task);
  const command = new ListMultipartUploadsCommand({ Bucket, ExpectedBucketOwner, Prefix: task.key });
  try {
    const output = await send(context, destinationTarget(task, 'ListMultipartUploads'), command);
    return (output.Uploads ?? []).filter(({ Key, UploadId }) => Key === task.key && UploadId !== undefined);
  } catch (error) {
    if (!isAccessDenied(error) && !isUnsupported(error)) throw error;
    context.telemetry.warn(
      'Unfinished uploads may not be listed: parts of an interrupted copy are copied again',
      copyFields(task),
    );
    return [];
  }
}

/** The finished parts of an upload, a page at a time; a listing that does not move on ends. */
export async function* listParts(task: CopyPlace, uploadId: string, context: JobContext) {
  let marker: string | undefined;
  for (let pageNumber = 0; pageNumber < PAGE_LIMIT; pageNumber++) {
    const input = { ...destinationFields(task), UploadId: uploadId, PartNumberMarker: marker };
    const page = await send(context, destinationTarget(task, 'ListParts'), new ListPartsCommand(input));
    yield page;
    const next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
    if (next === undefined || next === marker) return;
    marker = next;
  }
}
