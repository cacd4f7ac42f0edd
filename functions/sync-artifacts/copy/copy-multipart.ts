// Copies an object of any size with UploadPartCopy requests in parallel.
import { UploadPartCopyCommand, type UploadPartCopyCommandInput } from '@aws-sdk/client-s3';
import { MAX_COPY_OBJECT_BYTES } from '../aws/limits.ts';
import { request } from '../aws/s3-request.ts';
import { repeatedRequest } from '../aws/transport/repeated-request.ts';
import type { JobContext } from '../context/context.ts';
import { destinationFields } from '../facts/object-fields.ts';
import { isElsewhere, lookAt } from '../facts/resolve.ts';
import type { Part, PartLayout } from '../plan/part-layout.ts';
import type { CopyTask } from '../types.ts';
import { copyObject } from './copy-object.ts';
import { provedCopy } from './look-again.ts';
import { completedPart, copyTarget, sourceFields } from './request-fields.ts';
import { type CopyResult, UNFINISHED } from './strategy.ts';
import { copyInParts, type PartTarget } from './upload/copy-in-parts.ts';
import { openUpload } from './upload/open-upload.ts';
import { abortUpload } from './upload/upload-requests.ts';

/** Copies in parts, server-side. */
export async function copyMultipart(
  task: CopyTask,
  layout: PartLayout,
  context: JobContext,
): Promise<CopyResult> {
  if (task.unseen === undefined) return await copySeen(task, layout, context);
  // An upload shows nothing at the destination before it is complete: it is opened while that is looked at. Parts cost money, and wait.
  const opening = openUpload(task, layout, context);
  // Its failure shows when it is needed.
  opening.catch(() => undefined);
  const drop = (): void => {
    const dropped = opening.then((upload) => abortUpload(task, upload, context));
    context.afterwards.push(dropped.catch(() => undefined));
  };
  let seen: CopyTask;
  try {
    seen = await lookAt(task, context);
  } catch (error) {
    drop();
    throw error;
  }
  const found = provedCopy(seen, context, undefined);
  const moved = isElsewhere(seen, task);
  if (found !== undefined || moved) drop();
  if (found !== undefined) return found;
  const result = await copySeen(seen, layout, context, moved ? undefined : () => opening);
  return result.finished ? { task: seen, ...result } : result;
}

async function copySeen(
  task: CopyTask,
  layout: PartLayout,
  context: JobContext,
  open?: typeof openUpload,
): Promise<CopyResult> {
  // Thousands of requests differ by their parts only.
  const fields = { ...destinationFields(task), ...sourceFields(task) };
  const target = copyTarget(task, 'UploadPartCopy');
  const send = repeatedRequest(
    context.s3.role(task.destination.region),
    (input: UploadPartCopyCommandInput) => new UploadPartCopyCommand(input),
    {
      headers: { 'x-amz-copy-source-range': 'CopySourceRange' },
      query: { uploadId: 'UploadId', partNumber: 'PartNumber' },
    },
  );
  const prepare = async ({ number, offsetBytes, sizeBytes }: Part) => ({
    send: async ({ upload }: PartTarget): Promise<void> => {
      const part = {
        ...fields,
        UploadId: upload.uploadId,
        PartNumber: number,
        CopySourceRange: `bytes=${offsetBytes}-${offsetBytes + sizeBytes - 1}`,
      };
      const { CopyPartResult: copied = {} } = await request(
        context,
        target,
        (options) => send(part, options),
        sizeBytes,
      );
      upload.parts.set(number, completedPart(number, copied));
    },
  });
  const [result] = await copyInParts(
    {
      tasks: [task],
      layout,
      slots: context.slots,
      prepare,
      hashed: () => false,
      ...(open === undefined ? {} : { open }),
      ...(layout.sizeBytes > MAX_COPY_OBJECT_BYTES ? {} : { inOneRequest: () => copyWhole(task, context) }),
    },
    context,
  );
  return result ?? UNFINISHED;
}

/** For servers that know CopyObject alone. */
async function copyWhole(task: CopyTask, context: JobContext): Promise<CopyResult> {
  const { bucket } = task.destination;
  context.telemetry.warn('The server copies no parts; the object is copied in one request', { bucket });
  const result = await copyObject(task, context);
  return result.finished ? { ...result, strategy: result.strategy ?? 'object' } : result;
}
