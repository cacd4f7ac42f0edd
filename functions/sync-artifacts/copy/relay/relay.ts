// Relays an artifact through the function: read with the identity that may, written with the function's role.
import type { RequestSlots } from '../../context/concurrency.ts';
import type { JobContext } from '../../context/context.ts';
import { SyncError } from '../../errors.ts';
import { type Part, type PartLayout, partCount } from '../../plan/part-layout.ts';
import type { CopyTask } from '../../types.ts';
import { completedPart, relayAlgorithm } from '../request-fields.ts';
import { type CopyResult, UNFINISHED } from '../strategy.ts';
import { copyInParts, type PreparedPart } from '../upload/copy-in-parts.ts';
import type { Upload } from '../upload/upload-requests.ts';
import { checksumOfBytes } from './hashing.ts';
import { releaseBuffer } from './part-buffers.ts';
import { readPart } from './read-part.ts';
import { uploadPart } from './upload-part.ts';
import { uploadWhole } from './upload-whole.ts';

/**
 * Relays one source to all its destinations, each part read and hashed once.
 * @param memorySlots  a slot for each part that may be in memory, for all relays together
 */
export async function relay(
  tasks: readonly CopyTask[],
  layout: PartLayout,
  memorySlots: RequestSlots,
  context: JobContext,
): Promise<readonly CopyResult[]> {
  const [task] = tasks;
  if (task === undefined) return [];
  const algorithm = relayAlgorithm(task, layout);
  const read = async (part: Part) => {
    const bytes = await readPart(task.source, part, context);
    return { bytes, checksum: await checksumOfBytes(algorithm, bytes) };
  };
  if (partCount(layout) === 1 && layout.kind === 'uniform') {
    const { done } = await memorySlots.start(async (): Promise<readonly CopyResult[]> => {
      if (!context.deadline.fits(layout.sizeBytes)) return tasks.map(() => UNFINISHED);
      const hashed = await read({ number: 1, offsetBytes: 0, sizeBytes: layout.sizeBytes });
      requireSourceBytes(task, algorithm, hashed.checksum, context);
      const results = await allSettled(tasks.map((each) => uploadWhole(each, algorithm, hashed, context)));
      // What was given up may still be on its way.
      if (results.every(({ finished }) => finished)) releaseBuffer(hashed.bytes);
      return results;
    });
    return await done;
  }
  const unproved = new Set<Upload>();
  const prepare = async (part: Part): Promise<PreparedPart> => {
    const hashed = await read(part);
    return {
      send: async (target) => {
        const { upload } = target;
        const { output, proved } = await uploadPart(target, algorithm, part, hashed, context);
        upload.parts.set(part.number, completedPart(part.number, output));
        if (!proved) unproved.add(upload);
      },
      sent: () => releaseBuffer(hashed.bytes),
    };
  };
  const hashed = (upload: Upload): boolean => !unproved.has(upload) && !upload.resumed;
  return await copyInParts({ tasks, layout, slots: memorySlots, prepare, hashed }, context);
}

/**
 * Other bytes than the source's are not sent at all: what is on its way to one destination cannot be called back when another fails.
 * @throws SyncError
 */
function requireSourceBytes(
  { source: { artifact, checksum } }: CopyTask,
  algorithm: string,
  value: string,
  { telemetry }: JobContext,
): void {
  if (checksum?.type !== 'FULL_OBJECT' || checksum.algorithm !== algorithm || checksum.value === value)
    return;
  telemetry.count('VerificationFailures');
  throw new SyncError(
    'JobFailed',
    `The bytes read of s3://${artifact.bucket}/${artifact.key} have the ${algorithm} ${value} instead of ${checksum.value}; nothing was written. Retry the stage; if it happens again, upload the source again.`,
  );
}

/** Waits for all, so that nothing reads the bytes any more. @throws the first failure */
async function allSettled<T>(promises: readonly Promise<T>[]): Promise<readonly T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
