// Copies an object of any size with UploadPartCopy requests in parallel.
import { UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { MAX_COPY_OBJECT_BYTES } from '../aws/limits.ts';
import { request } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
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
  // Thousands of requests differ by their parts only.
  const fields = { ...destinationFields(task), ...sourceFields(task) };
  const target = copyTarget(task, 'UploadPartCopy');
  const client = context.s3.role(task.destination.region);
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
        (options) => client.send(new UploadPartCopyCommand(part), options),
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
