// Copies an object of any size with UploadPartCopy requests in parallel.
import { UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { MAX_COPY_OBJECT_BYTES } from '../aws/limits.ts';
import { request } from '../aws/s3-request.ts';
import type { JobContext } from '../context.ts';
import type { Part, PartLayout } from '../plan/part-layout.ts';
import type { CopyTask } from '../types.ts';
import { copyObject } from './copy-object.ts';
import { completedPart, copyTarget, destinationFields, sourceFields } from './request-fields.ts';
import type { CopyResult } from './strategy.ts';
import { copyInParts, type PartTarget } from './upload/copy-in-parts.ts';

/** Copies in parts, server-side. */
export async function copyMultipart(
  task: CopyTask,
  layout: PartLayout,
  context: JobContext,
): Promise<CopyResult> {
  const prepare = async (part: Part) => ({
    send: (target: PartTarget) => copyPart(target, part, context),
  });
  const [result] = await copyInParts(
    {
      tasks: [task],
      layout,
      lanes: context.slots,
      prepare,
      hashed: () => false,
      ...(layout.sizeBytes > MAX_COPY_OBJECT_BYTES ? {} : { inOneRequest: () => copyWhole(task, context) }),
    },
    context,
  );
  return result ?? { finished: false, finishedParts: 0 };
}

/** For servers that know CopyObject alone. */
async function copyWhole(task: CopyTask, context: JobContext): Promise<CopyResult> {
  const { bucket } = task.destination;
  context.telemetry.warn('The server copies no parts; the object is copied in one request', { bucket });
  const result = await copyObject(task, context);
  return result.finished ? { ...result, strategy: result.strategy ?? 'object' } : result;
}

async function copyPart({ task, upload }: PartTarget, part: Part, context: JobContext): Promise<void> {
  const { number, offsetBytes, sizeBytes } = part;
  const output = await request(
    context,
    copyTarget(task, 'UploadPartCopy'),
    (options) =>
      context.s3.role(task.destination.region).send(
        new UploadPartCopyCommand({
          ...destinationFields(task),
          ...sourceFields(task),
          UploadId: upload.uploadId,
          PartNumber: number,
          CopySourceRange: `bytes=${offsetBytes}-${offsetBytes + sizeBytes - 1}`,
        }),
        options,
      ),
    sizeBytes,
  );
  const { CopyPartResult: copied = {} } = output;
  upload.parts.set(number, completedPart(number, copied));
}
