// Begins, goes on with, completes and clears away multipart uploads.
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type CreateMultipartUploadCommandOutput,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import type { JobContext } from '../context.ts';
import {
  errorCode,
  httpStatus,
  isAccessDenied,
  isNotFound,
  isUnsupported,
  S3RequestError,
  SyncError,
} from '../failure.ts';
import { isSameKey } from '../kms-key.ts';
import { headObject } from '../object-facts.ts';
import { MAX_PARTS, type PartLayout, partCount, partSize } from '../part-layout.ts';
import { type RequestContext, request } from '../s3.ts';
import type { CopyTask } from '../types.ts';
import { mayBeCopy, proveExisting, type WrittenObject } from '../verify.ts';
import {
  type CopyPlace,
  checksumFields,
  descriptionFields,
  destinationFields,
  destinationTarget,
  encryptionFields,
  uploadChecksumFields,
} from './requests.ts';

/** A multipart upload that is under way. */
export interface Upload {
  readonly uploadId: string;
  /** Begun by an earlier attempt at the same copy. */
  readonly adopted: boolean;
  /** Finished parts by number, as CompleteMultipartUpload wants them. */
  readonly parts: Map<number, CompletedPart>;
}

/** How long cleaning up may take once a job has failed, in milliseconds. */
const CLEAN_UP_MS = 20_000;
/** How long an answer is waited for that tells the id of an upload, once it is not needed any more. */
const LINGER_MS = 500;
const PAGE_LIMIT = 1 + MAX_PARTS / 1000;

/**
 * The upload to go on with: an unfinished one of this very copy that an earlier attempt left, else a new one. Other uploads of ours
 * at the same key are aborted; those of anybody else, and at any other key, are never touched.
 */
export async function openUpload(task: CopyTask, layout: PartLayout, context: JobContext): Promise<Upload> {
  // Both at once, since there is nothing to go on with but in the rarest of jobs: then the new upload has shown who we are.
  const listing = listUploads(task, context);
  // Its failure shows below, after the new upload is there to be cleared away.
  listing.catch(() => undefined);
  const created = await createUpload(task, layout, context);
  try {
    const found = await listing;
    const others = found.filter(({ UploadId }) => UploadId !== created.uploadId);
    const told = task.uploadId;
    if (told !== undefined && !others.some(({ UploadId }) => UploadId === told))
      others.push({ UploadId: told });
    if (others.length === 0) return created;
    if (found.length > 0) context.facts.initiatorId ??= await initiatorOf(task, created.uploadId, context);
    return (await adopt(task, layout, others, created, context)) ?? created;
  } catch (error) {
    await abortUpload(task, created, context);
    throw error;
  }
}

/** Begins an upload, whatever else is there. */
export async function createUpload(task: CopyTask, layout: PartLayout, context: JobContext): Promise<Upload> {
  let output: CreateMultipartUploadCommandOutput;
  try {
    output = await sendCreate(
      task,
      { ...descriptionFields(task), ...uploadChecksumFields(task, layout) },
      lingering(context),
      context,
    );
  } catch (error) {
    // An attempt whose answer was lost may have begun one all the same.
    if (!wasRefused(error)) await sweepUploads(task, undefined, context);
    throw error;
  }
  const upload: Upload = { uploadId: output.UploadId ?? '', adopted: false, parts: new Map() };
  if ((output.$metadata.attempts ?? 1) > 1) await sweepUploads(task, upload.uploadId, context);
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

async function sendCreate(
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

/** Did S3 refuse the only attempt, so that nothing can have been begun? */
function wasRefused(error: unknown): boolean {
  const { cause } = error as S3RequestError;
  const status = httpStatus(cause);
  return status !== undefined && status >= 400 && status < 500 && attemptsOf(cause) <= 1;
}

function attemptsOf(cause: unknown): number {
  return (cause as { readonly $metadata?: { readonly attempts?: number } }).$metadata?.attempts ?? 1;
}

/**
 * The context of a request that begins an upload: given up at once, one on its way would leave an upload whose id nobody learns.
 */
export function lingering({ settings, signal, deadline }: JobContext): RequestContext {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal.reason);
  const abort = (): void => {
    deadline.cleanUp(LINGER_MS).addEventListener('abort', giveUp, { once: true });
  };
  if (signal.aborted) giveUp();
  else signal.addEventListener('abort', abort, { once: true });
  return { settings, signal: controller.signal };
}

/** Completes an upload. S3 is told size and checksum of the whole object, so that it refuses to make a wrong one. */
export async function completeUpload(
  task: CopyTask,
  layout: PartLayout,
  upload: Upload,
  context: JobContext,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { source } = task;
  const parts = Array.from({ length: partCount(layout) }, (_, index) => upload.parts.get(index + 1) ?? {});
  const wholeChecksum =
    layout.kind === 'uniform' &&
    uploadChecksumFields(task, layout).ChecksumType === 'FULL_OBJECT' &&
    source.checksum
      ? {
          [`Checksum${source.checksum.algorithm}`]: source.checksum.value,
          ChecksumType: 'FULL_OBJECT' as const,
        }
      : {};
  try {
    return await request(
      context,
      destinationTarget(task, 'CompleteMultipartUpload'),
      (options) =>
        context.s3.role(task.destination.region).send(
          new CompleteMultipartUploadCommand({
            ...destinationFields(task),
            ...wholeChecksum,
            UploadId: upload.uploadId,
            MultipartUpload: { Parts: parts },
            MpuObjectSize: source.sizeBytes,
          }),
          options,
        ),
      parts.length * COMPLETE_BYTES_PER_PART,
    );
  } catch (error) {
    if (!(error instanceof S3RequestError && errorCode(error.cause) === 'BadDigest')) throw error;
    context.telemetry.count('VerificationFailures');
    throw new SyncError(
      'JobFailed',
      `S3 refused to complete the copy at s3://${task.destination.bucket}/${task.key}: its checksum is not the source's. Nothing was written there. Retry the stage; if it happens again, upload the source anew.`,
      { cause: error },
    );
  }
}

/** Completing 10 000 parts may take minutes (S3 API, CompleteMultipartUpload): for each part as long as moving this many bytes. */
const COMPLETE_BYTES_PER_PART = 256 * 1024;

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
    if (error instanceof S3RequestError && isNotFound(error.cause)) return;
    context.telemetry.warn('An unfinished upload could not be aborted; a lifecycle rule must remove it', {
      bucket: task.destination.bucket,
      key: task.key,
      errorCode: error instanceof S3RequestError ? errorCode(error.cause) : 'Unknown',
    });
  }
}

/**
 * Aborts our own uploads at the copy's key but for the one to keep: those that lost answers and killed processes left. What cannot be
 * found out or aborted is left to the bucket's lifecycle rule.
 */
export async function sweepUploads(
  task: CopyPlace,
  keep: string | undefined,
  context: JobContext,
): Promise<void> {
  const cleanUp: JobContext = { ...context, signal: context.deadline.cleanUp(CLEAN_UP_MS) };
  try {
    const others = (await listUploads(task, cleanUp)).filter(({ UploadId }) => UploadId !== keep);
    if (others.length === 0) return;
    context.facts.initiatorId ??= await ownInitiator(task, keep, cleanUp);
    const { initiatorId } = context.facts;
    for (const { UploadId: uploadId = '', Initiator } of others) {
      if (initiatorId !== undefined && Initiator?.ID === initiatorId)
        await abortUpload(task, { uploadId }, cleanUp);
    }
  } catch (error) {
    context.telemetry.warn('Unfinished uploads could not be looked for; a lifecycle rule must remove them', {
      bucket: task.destination.bucket,
      key: task.key,
      errorCode: error instanceof S3RequestError ? errorCode(error.cause) : 'Unknown',
    });
  }
}

const S3_ENCRYPTION = {
  ServerSideEncryption: 'AES256',
  SSEKMSKeyId: undefined,
  BucketKeyEnabled: undefined,
} as const;

/** How S3 names us as an initiator, which only an upload of our own shows: one that is kept, or else one that is begun for this. */
async function ownInitiator(
  task: CopyPlace,
  keep: string | undefined,
  context: JobContext,
): Promise<string | undefined> {
  if (keep !== undefined) return await initiatorOf(task, keep, context);
  const { UploadId: uploadId = '' } = await sendCreate(task, {}, context, context).catch((error: unknown) => {
    // It holds nothing and lives for a moment: when the key is what failed the job, S3's own must do.
    if (!(error instanceof S3RequestError && errorCode(error.cause).startsWith('KMS.'))) throw error;
    return sendCreate(task, S3_ENCRYPTION, context, context);
  });
  try {
    return await initiatorOf(task, uploadId, context);
  } finally {
    await abortUpload(task, { uploadId }, context);
  }
}

/** Did S3 say that the upload is gone: completed or aborted by a rival, or by ourselves in a request whose answer was lost? */
export function isUploadGone(error: unknown): boolean {
  return errorCode(error instanceof S3RequestError ? error.cause : error) === 'NoSuchUpload';
}

/**
 * What is at the destination after the upload was gone: the finished copy, when a rival completed it or our own completion's answer was
 * lost. Where checksums do not tell, an object that may be the copy and came since we looked.
 */
export async function lookForCompleted(
  task: CopyTask,
  hashedInPassing: boolean,
  context: JobContext,
): Promise<WrittenObject | undefined> {
  const { destination, key, existing } = task;
  const { bucket, bucketOwner, region } = destination;
  const client = context.s3.role(region);
  try {
    const now = await headObject(
      context,
      client,
      { bucket, key, bucketOwner },
      destinationTarget(task, 'HeadObject'),
    );
    const isNew = now.etag !== existing?.etag || now.versionId !== existing?.versionId;
    const found = { ...task, existing: now };
    if (proveExisting(found) === undefined && !(isNew && mayBeCopy(found))) return undefined;
    return {
      etag: now.etag,
      versionId: now.versionId,
      checksum: now.checksum,
      encryption: now.encryption,
      kmsKeyArn: now.kmsKeyArn,
      sameLayout: false,
      hashedInPassing,
      adopted: true,
    };
  } catch (error) {
    if (error instanceof S3RequestError && isNotFound(error.cause)) return undefined;
    throw error;
  }
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
    const { cause } = error as S3RequestError;
    if (!isAccessDenied(cause) && !isUnsupported(cause)) throw error;
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

/** Newest first: the upload that can be gone on with. The others of ours are aborted. */
async function adopt(
  task: CopyTask,
  layout: PartLayout,
  found: readonly MultipartUpload[],
  created: Upload,
  context: JobContext,
): Promise<Upload | undefined> {
  const { initiatorId } = context.facts;
  // Where uploads have no initiators, their parts alone tell, and what does not fit may be anybody's.
  const isOurs = ({ Initiator }: MultipartUpload): boolean => Initiator?.ID === initiatorId;
  const told = found.find(({ UploadId, Key }) => UploadId === task.uploadId && Key === undefined);
  const mayGoOn = told !== undefined && (await haveSameInitiator(task, created, told, context));
  const ours = found
    .filter((upload) => (upload === told ? mayGoOn : isOurs(upload)))
    .sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0));
  let adopted: Upload | undefined;
  for (const upload of ours) {
    const { UploadId: uploadId = '' } = upload;
    const parts = adopted === undefined ? await consistentParts(task, layout, uploadId, context) : undefined;
    if (parts !== undefined) adopted = { uploadId, adopted: true, parts };
    else if (initiatorId !== undefined && upload !== told && isOurs(upload))
      await abortUpload(task, { uploadId }, context);
  }
  if (adopted !== undefined) {
    await abortUpload(task, created, context);
    context.telemetry.info('Going on with an unfinished upload', {
      bucket: task.destination.bucket,
      key: task.key,
      finishedParts: adopted.parts.size,
      parts: partCount(layout),
    });
  }
  return adopted;
}

/** The finished parts, if there are any and each is where the layout has it; their sizes tell whether it is the same copy (plan.ts). */
async function consistentParts(
  task: CopyTask,
  layout: PartLayout,
  uploadId: string,
  context: JobContext,
): Promise<Map<number, CompletedPart> | undefined> {
  const wanted = uploadChecksumFields(task, layout).ChecksumAlgorithm;
  const parts = new Map<number, CompletedPart>();
  try {
    for await (const page of listParts(task, uploadId, context)) {
      if (wanted !== undefined && page.ChecksumAlgorithm !== undefined && page.ChecksumAlgorithm !== wanted)
        return undefined;
      for (const part of page.Parts ?? []) {
        const { PartNumber: number = 0, Size, ETag } = part;
        if (Size !== partSize(layout, number)) return undefined;
        parts.set(number, { PartNumber: number, ETag, ...checksumFields(part) });
      }
    }
  } catch (error) {
    // It was there a moment ago: aborted or completed in a request that is not answered yet.
    if (isUploadGone(error)) return undefined;
    if (error instanceof S3RequestError && isUnsupported(error.cause)) return undefined;
    throw error;
  }
  return parts.size === 0 ? undefined : parts;
}

/** Does S3 name one initiator for an upload of ours and for one that only the token knows of, which may be forged? */
async function haveSameInitiator(
  task: CopyPlace,
  ours: Upload,
  told: MultipartUpload,
  context: JobContext,
): Promise<boolean> {
  const [own, other] = await Promise.all(
    [ours.uploadId, told.UploadId ?? ''].map((uploadId) =>
      listParts(task, uploadId, context)
        .next()
        .catch((error: unknown) => {
          if (isUploadGone(error) || (error instanceof S3RequestError && isUnsupported(error.cause)))
            return undefined;
          throw error;
        }),
    ),
  );
  if (own?.done !== false || other?.done !== false) return false;
  return own.value.Initiator?.ID === other.value.Initiator?.ID;
}

/** As listings of uploads show it, since it is compared with theirs: not every server names it the same in ListParts. */
async function initiatorOf(
  task: CopyPlace,
  uploadId: string,
  context: JobContext,
): Promise<string | undefined> {
  const listed = (await listUploads(task, context)).find(({ UploadId }) => UploadId === uploadId);
  if (listed !== undefined) return listed.Initiator?.ID;
  for await (const page of listParts(task, uploadId, context)) return page.Initiator?.ID;
  return undefined;
}

async function* listParts(task: CopyPlace, uploadId: string, context: JobContext) {
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
