// Streams an artifact through the function: read with the job's artifactCredentials, written with the function's role.
import type { JobContext } from '../../context.ts';
import { type Part, type PartLayout, partCount } from '../../plan/part-layout.ts';
import { RELAY_BYTES_PER_MS } from '../../speeds.ts';
import type { CopyTask } from '../../types.ts';
import { completedPart, relayAlgorithm } from '../request-fields.ts';
import type { CopyResult } from '../strategy.ts';
import { copyInParts, type PreparedPart, type Slots } from '../upload/copy-in-parts.ts';
import { listUploads, type Upload } from '../upload/upload-requests.ts';
import { checksumOfBytes } from './hashing.ts';
import { acquireBuffer, releaseBuffer } from './part-buffers.ts';
import { readPart } from './read-part.ts';
import { MIN_STREAM_PARTS, streamObject } from './stream.ts';
import { uploadPart } from './upload-part.ts';

/** The memory that the relays of a job have. */
export interface RelayMemory {
  /** A slot for each part that may be in memory, for all relays together. */
  readonly lanes: Slots;
  /** The share of one relay that streams: parts that it may have in memory. */
  readonly memoryParts: number;
}

/**
 * Relays one source to all its destinations, each part read once. A lone destination gets a plain stream when there is memory for it and
 * it surely ends before the deadline; a stream cannot be gone on with later, parts can.
 */
export async function relay(
  tasks: readonly CopyTask[],
  layout: PartLayout,
  { lanes, memoryParts }: RelayMemory,
  context: JobContext,
): Promise<readonly CopyResult[]> {
  const [task] = tasks;
  if (task === undefined) return [];
  if (partCount(layout) === 1 && layout.kind === 'uniform')
    return await inSlot(lanes, () => relayInOneRequest(tasks, layout, context));
  const fits = layout.sizeBytes / RELAY_BYTES_PER_MS < context.deadline.remainingMs() / 2;
  if (
    tasks.length === 1 &&
    layout.kind === 'uniform' &&
    fits &&
    memoryParts >= MIN_STREAM_PARTS &&
    task.uploadId === undefined &&
    (await listUploads(task, context)).length === 0
  ) {
    const result = await streamObject(task, layout, memoryParts, context);
    // Part by part a copy gets along with rivals.
    if (result !== undefined) return [result];
  }
  const unproved = new Set<Upload>();
  const prepare = async (part: Part): Promise<PreparedPart> => {
    const bytes = await readPart(task.source, part, context, acquireBuffer);
    const algorithm = relayAlgorithm(task, layout);
    const checksum = await checksumOfBytes(algorithm, bytes);
    return {
      send: async (target) => {
        const { task, upload } = target;
        const { output, proved } = await uploadPart(
          { task, layout, uploadId: upload.uploadId },
          part,
          { bytes, checksum },
          context,
        );
        upload.parts.set(part.number, completedPart(part.number, output));
        if (!proved) unproved.add(upload);
      },
      sent: () => releaseBuffer(bytes),
    };
  };
  const hashed = (upload: Upload): boolean => !unproved.has(upload) && !upload.resumed;
  return await copyInParts({ tasks, layout, lanes, prepare, hashed }, context);
}

/** Reads a small source once and writes it to each destination in one request. */
async function relayInOneRequest(
  tasks: readonly CopyTask[],
  layout: PartLayout,
  context: JobContext,
): Promise<readonly CopyResult[]> {
  const [{ source }] = tasks as readonly [CopyTask];
  if (!context.deadline.fits(source.sizeBytes)) {
    return tasks.map(() => ({ finished: false, finishedParts: 0 }));
  }
  const whole: Part = { number: 1, offsetBytes: 0, sizeBytes: layout.sizeBytes };
  const bytes = await readPart(source, whole, context);
  const results = await Promise.allSettled(
    tasks.map((task) => streamObject(task, layout, 1, context, bytes)),
  );
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value ?? { finished: false, finishedParts: 0 };
  });
}

async function inSlot<T>(lanes: Slots, work: () => Promise<T>): Promise<T> {
  const { done } = await lanes.begin(work);
  return await done;
}
