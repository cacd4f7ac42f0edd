// What earlier attempts at a copy left unfinished: resumed or aborted; never touched when it is not ours.
import type { CompletedPart, MultipartUpload } from '@aws-sdk/client-s3';
import { errorCode } from '../../aws/errors.ts';
import { MAX_PART_BYTES } from '../../aws/limits.ts';
import { isUnsupported } from '../../aws/other-servers.ts';
import { forCleanUp, type JobContext } from '../../context/context.ts';
import { isAlias } from '../../facts/kms-key.ts';
import { type CopyPlace, copyFields } from '../../facts/object-fields.ts';
import { type PartLayout, partCount, partSize } from '../../plan/part-layout.ts';
import type { CopyTask } from '../../types.ts';
import { completedPart, uploadChecksumFields } from '../request-fields.ts';
import {
  abortUpload,
  isNoSuchUpload,
  listParts,
  listUploads,
  sendCreate,
  type Upload,
} from './upload-requests.ts';

/** Newest first: the upload that can be resumed. The others of ours are aborted, while the copy goes on. */
export async function resumeUpload(
  task: CopyTask,
  layout: PartLayout,
  found: readonly MultipartUpload[],
  created: Upload,
  context: JobContext,
): Promise<Upload | undefined> {
  const { initiatorId } = context.facts;
  // Where uploads have no initiators, their parts alone tell, and what does not fit may be anybody's.
  const isOurs = ({ Initiator }: MultipartUpload): boolean => Initiator?.ID === initiatorId;
  const fromToken = found.find(({ UploadId, Key }) => UploadId === task.uploadId && Key === undefined);
  const mayResume = fromToken !== undefined && (await haveSameInitiator(task, created, fromToken, context));
  const ours = found
    .filter((upload) => (upload === fromToken ? mayResume : isOurs(upload)))
    .sort((a, b) => (b.Initiated?.getTime() ?? 0) - (a.Initiated?.getTime() ?? 0));
  let resumed: Upload | undefined;
  for (const upload of ours) {
    const { UploadId: uploadId = '' } = upload;
    const parts =
      resumed === undefined && isIdentified(task, layout, uploadId)
        ? await consistentParts(task, layout, uploadId, context)
        : undefined;
    if (parts !== undefined)
      resumed = { uploadId, resumed: true, createRetried: created.createRetried, parts };
    else if (initiatorId !== undefined && upload !== fromToken && isOurs(upload))
      context.afterwards.push(abortUpload(task, { uploadId }, context));
  }
  if (resumed !== undefined) {
    context.afterwards.push(abortUpload(task, created, context));
    context.telemetry.info('Resuming an unfinished upload', {
      ...copyFields(task),
      finishedParts: resumed.parts.size,
      parts: partCount(layout),
    });
  }
  return resumed;
}

/**
 * Aborts our own uploads at the copy's key but for the one to keep: those that lost answers and killed processes left. What cannot be
 * found out or aborted is left to the bucket's lifecycle rule.
 * @param which  `empty` spares what has parts, which an earlier attempt left to be resumed: a lost answer leaves an upload without any
 */
export async function abortOwnUploads(
  task: CopyPlace,
  keep: string | undefined,
  context: JobContext,
  which: 'all' | 'empty' = 'all',
): Promise<void> {
  const cleanUp = forCleanUp(context);
  try {
    const listOthers = async () =>
      (await listUploads(task, cleanUp)).filter(({ UploadId }) => UploadId !== keep);
    let others = await listOthers();
    if (others.length === 0) return;
    if (context.facts.initiatorId === undefined) {
      context.facts.initiatorId = await ownInitiator(task, keep, cleanUp);
      // Finding out who we are may itself have started an upload whose answer was lost.
      others = await listOthers();
    }
    const { initiatorId } = context.facts;
    for (const { UploadId: uploadId = '', Initiator } of others) {
      if (initiatorId === undefined || Initiator?.ID !== initiatorId) continue;
      if (which === 'all' || (await isEmpty(task, uploadId, cleanUp)))
        await abortUpload(task, { uploadId }, cleanUp);
    }
  } catch (error) {
    context.telemetry.warn('Unfinished uploads could not be looked for; a lifecycle rule must remove them', {
      ...copyFields(task),
      errorCode: errorCode(error),
    });
  }
}

async function isEmpty(task: CopyPlace, uploadId: string, context: JobContext): Promise<boolean> {
  for await (const { Parts = [] } of listParts(task, uploadId, context)) return Parts.length === 0;
  return true;
}

/**
 * Does an upload whose parts fit belong to this very copy? The sizes of its parts say so where they carry a fingerprint (plan.ts), of
 * the key, too, unless that is an alias of which nobody knows what it means. Parts that are cut as the source's are carry none: then
 * the upload must be the one that this job began.
 */
function isIdentified(
  { destination, uploadId: ownId }: CopyTask,
  layout: PartLayout,
  uploadId: string,
): boolean {
  const { kmsKeyId, keyArn } = destination.encryption;
  const isKeyKnown = !isAlias(kmsKeyId) || keyArn !== undefined;
  if (layout.kind === 'uniform' && layout.partSizeBytes < MAX_PART_BYTES) return isKeyKnown;
  return uploadId === ownId && !isAlias(kmsKeyId);
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
        const { PartNumber: number = 0, Size } = part;
        if (Size !== partSize(layout, number)) return undefined;
        parts.set(number, completedPart(number, part));
      }
    }
  } catch (error) {
    // It was there a moment ago: aborted or completed in a request that is not answered yet.
    if (isNoSuchUpload(error) || isUnsupported(error)) return undefined;
    throw error;
  }
  return parts.size === 0 ? undefined : parts;
}

/** Does S3 name one initiator for an upload of ours and for one that only the token knows of, which may be forged? */
async function haveSameInitiator(
  task: CopyPlace,
  ours: Upload,
  fromToken: MultipartUpload,
  context: JobContext,
): Promise<boolean> {
  const [own, other] = await Promise.all(
    [ours.uploadId, fromToken.UploadId ?? ''].map((uploadId) =>
      listParts(task, uploadId, context)
        .next()
        .catch((error: unknown) => {
          if (isNoSuchUpload(error) || isUnsupported(error)) return undefined;
          throw error;
        }),
    ),
  );
  if (own?.done !== false || other?.done !== false) return false;
  return own.value.Initiator?.ID === other.value.Initiator?.ID;
}

/**
 * How S3 names who began an upload: as listings of uploads show it, since it is compared with theirs. Not every server names it the same
 * in ListParts.
 */
export async function initiatorOf(
  task: CopyPlace,
  uploadId: string,
  context: JobContext,
): Promise<string | undefined> {
  const listed = (await listUploads(task, context)).find(({ UploadId }) => UploadId === uploadId);
  if (listed !== undefined) return listed.Initiator?.ID;
  for await (const page of listParts(task, uploadId, context)) return page.Initiator?.ID;
  return undefined;
}

const S3_ENCRYPTION = {
  ServerSideEncryption: 'AES256',
  SSEKMSKeyId: undefined,
  BucketKeyEnabled: undefined,
} as const;

/** How S3 names us as an initiator, which only an upload of our own shows: one that is kept, or else one that is started for this. */
async function ownInitiator(
  task: CopyPlace,
  keep: string | undefined,
  context: JobContext,
): Promise<string | undefined> {
  if (keep !== undefined) return await initiatorOf(task, keep, context);
  const { UploadId: uploadId = '' } = await sendCreate(task, {}, context).catch((error: unknown) => {
    // It holds nothing and lives for a moment: when the key is what failed the job, S3's own must do.
    if (!errorCode(error).startsWith('KMS.')) throw error;
    return sendCreate(task, S3_ENCRYPTION, context);
  });
  try {
    return await initiatorOf(task, uploadId, context);
  } finally {
    await abortUpload(task, { uploadId }, context);
  }
}
