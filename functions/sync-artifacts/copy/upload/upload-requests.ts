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
import { type RequestContext, request } from '../../aws/s3-request.ts';
import type { JobContext } from '../../context/context.ts';
import { CLEAN_UP_MS } from '../../speeds.ts';
import { type CopyPlace, destinationFields, destinationTarget, encryptionFields } from '../request-fields.ts';

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
  patient: RequestContext,
  { s3 }: JobContext,
): Promise<CreateMultipartUploadCommandOutput> {
  return await request(patient, destinationTarget(task, 'CreateMultipartUpload'), (options) =>
    s3.role(task.destination.region).send(
      new CreateMultipartUploadCommand({
        ...destinationFields(task),
        ...encryptionFields(task),
        ...fields,
      }),
      options,
    ),
  );
}

/** Aborts an upload whatever became of the job; what cannot be aborted is logged, and left to the bucket's lifecycle rule. */
export async function abortUpload(
  task: CopyPlace,
  upload: Pick<Upload, 'uploadId'>,
  context: JobContext,
): Promise<void> {
  const cleanUp: RequestContext = {
    settings: context.settings,
    signal: context.deadline.cleanUp(CLEAN_UP_MS),
  };
  try {
    await request(cleanUp, destinationTarget(task, 'AbortMultipartUpload'), (options) =>
      context.s3
        .role(task.destination.region)
        .send(
          new AbortMultipartUploadCommand({ ...destinationFields(task), UploadId: upload.uploadId }),
          options,
        ),
    );
  } catch (error) {
    if (isNotFound(error)) return;
    context.telemetry.warn('An unfinished upload could not be aborted; a lifecycle rule must remove it', {
      bucket: task.destination.bucket,
      key: task.key,
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
  const client = context.s3.role(task.destination.region);
  const { Bucket, ExpectedBucketOwner } = destinationFields(task);
  try {
    const output = await request(context, destinationTarget(task, 'ListMultipartUploads'), (options) =>
      client.send(
        new ListMultipartUploadsCommand({ Bucket, ExpectedBucketOwner, Prefix: task.key }),
        options,
      ),
    );
    return (output.Uploads ?? []).filter(({ Key, UploadId }) => Key === task.key && UploadId !== undefined);
  } catch (error) {
    if (!isAccessDenied(error) && !isUnsupported(error)) throw error;
    context.telemetry.warn(
      'Unfinished uploads may not be listed: parts of an interrupted copy are copied again',
      {
        bucket: Bucket,
        key: task.key,
      },
    );
    return [];
  }
}

/** The finished parts of an upload, a page at a time; a listing that does not move on ends. */
export async function* listParts(task: CopyPlace, uploadId: string, context: JobContext) {
  const client = context.s3.role(task.destination.region);
  let marker: string | undefined;
  for (let pageNumber = 0; pageNumber < PAGE_LIMIT; pageNumber++) {
    const page = await request(context, destinationTarget(task, 'ListParts'), (options) =>
      client.send(
        new ListPartsCommand({ ...destinationFields(task), UploadId: uploadId, PartNumberMarker: marker }),
        options,
      ),
    );
    yield page;
    const next = page.IsTruncated === true ? page.NextPartNumberMarker : undefined;
    if (next === undefined || next === marker) return;
    marker = next;
  }
}
