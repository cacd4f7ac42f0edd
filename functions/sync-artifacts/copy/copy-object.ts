// Copies an object of up to 5 GiB with one CopyObject request.
import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { send } from '../aws/s3-request.ts';
import { type JobContext, withGracePeriod } from '../context/context.ts';
import { destinationFields } from '../facts/object-fields.ts';
import { lookAt } from '../facts/resolve.ts';
import { requireReachableProof } from '../plan/reachable-proof.ts';
import { CLEAN_UP_MS } from '../speeds.ts';
import type { CopyTask } from '../types.ts';
import { type WriteCondition, writeFirst } from './conditional-write.ts';
import {
  copiedTagFields,
  copyTarget,
  encryptionFields,
  sourceFields,
  writtenObject,
} from './request-fields.ts';
import { type CopyResult, type FinishedCopyResult, UNFINISHED } from './strategy.ts';

/**
 * Copies in one request, unless the deadline is too near to begin.
 * @param look  looks at the destination of a copy that began unseen, should it be in the way
 */
export async function copyObject(
  task: CopyTask,
  context: JobContext,
  look: (task: CopyTask) => Promise<CopyTask> = (unseen) => lookAt(unseen, context),
): Promise<CopyResult> {
  const started = await context.slots.start(async (): Promise<CopyResult> => {
    if (!context.deadline.fits(task.source.sizeBytes)) return UNFINISHED;
    return await writeFirst(
      task,
      context,
      (seen, condition) => sendCopy(seen, condition, context),
      look,
      (seen) => requireReachableProof(seen, { strategy: 'object' }, context.job.minimumProof, true),
    );
  });
  return await started.done;
}

async function sendCopy(
  task: CopyTask,
  condition: WriteCondition,
  context: JobContext,
): Promise<FinishedCopyResult> {
  const { source } = task;
  context.signal.throwIfAborted();
  const output = await send(
    // Given up at once when another copy fails, one on its way would leave an object that nobody proves.
    withGracePeriod(context, CLEAN_UP_MS),
    copyTarget(task, 'CopyObject'),
    new CopyObjectCommand({
      ...destinationFields(task),
      ...condition,
      ...sourceFields(task),
      ...encryptionFields(task),
      ...copiedTagFields(task),
      AnnotationDirective: context.job.annotations === 'copy' ? 'COPY' : 'EXCLUDE',
      ...(source.checksum?.type === 'FULL_OBJECT' ? { ChecksumAlgorithm: source.checksum.algorithm } : {}),
    }),
    source.sizeBytes,
  );
  const how = { sameLayout: false, hashedInTransit: false, resumed: false };
  return { finished: true, task, written: writtenObject(output.CopyObjectResult ?? {}, output, how) };
}
