// The life of a copy in parts, whoever moves the bytes: open, send what is missing, complete; stop, begin again or clean up.
import { setImmediate } from 'node:timers/promises';
import { isPartCopyUnsupported } from '../../aws/other-servers.ts';
import type { RequestSlots } from '../../context/concurrency.ts';
import type { JobContext } from '../../context/context.ts';
import { copyFields } from '../../facts/object-fields.ts';
import { requireUnchanged } from '../../facts/source.ts';
import { type Part, type PartLayout, partsOf } from '../../plan/part-layout.ts';
import { isComparable } from '../../plan/reachable-proof.ts';
import { couldBeCopy, isEnough } from '../../proof/proof.ts';
import type { CopyTask } from '../../types.ts';
import { omitUndefined } from '../../util.ts';
import { mustNotOverwrite, writeConditionally } from '../conditional-write.ts';
import { foundCopy, lookAgain, provedCopy, withLook } from '../look-again.ts';
import { writtenObject } from '../request-fields.ts';
import type { CopyResult } from '../strategy.ts';
import { completeUpload } from './complete-upload.ts';
import { createUpload, openUpload } from './open-upload.ts';
import { abortOwnUploads } from './resume-upload.ts';
import { abortUpload, isNoSuchUpload, type Upload } from './upload-requests.ts';

/** A concurrent invocation may complete or abort the same upload, or a conflict end it; after this many uploads something else is wrong. */
const MAX_RESTARTS = 3;

/** Requests that are prepared before those ready so far are sent (`npm run bench:timeline`). */
const PARTS_PER_TURN = 4;

/** A copy in parts that is under way. */
export interface PartTarget {
  readonly task: CopyTask;
  readonly upload: Upload;
}

/** Makes a part ready to be sent. */
type PreparePart = (part: Part) => Promise<PreparedPart>;

/** A part that is ready. */
export interface PreparedPart {
  /** Sends it to a target and notes it in the target's upload. */
  send(target: PartTarget): Promise<void>;
  /** Called when it was sent to all targets. */
  sent?(): void;
}

/** Copies of one source in the same parts. */
interface PartCopies {
  readonly tasks: readonly CopyTask[];
  readonly layout: PartLayout;
  /** Where parts wait for their turn. */
  readonly slots: RequestSlots;
  readonly prepare: PreparePart;
  /** Opens the upload of a task when something else than `openUpload` is to be done for it. */
  readonly open?: typeof openUpload;
  /** Copies a task in one request, should the server turn out to copy no parts. */
  readonly inOneRequest?: (task: CopyTask) => Promise<CopyResult>;
  /** Did every byte of an upload go through the function, with the checksum that S3 stored? */
  readonly hashed: (upload: Upload) => boolean;
}

/** Copies in parts, resuming what earlier attempts left. A result for each task, in order. */
export async function copyInParts(
  copies: PartCopies,
  context: JobContext,
  attempt = 1,
): Promise<readonly CopyResult[]> {
  const { tasks, layout } = copies;
  const open = attempt === 1 ? (copies.open ?? openUpload) : createUpload;
  const opened = await Promise.allSettled(
    tasks.map(
      async (task): Promise<OpenTarget> => ({
        task,
        upload: await open(task, layout, context),
        ended: undefined,
      }),
    ),
  );
  const targets = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  try {
    for (const [index, result] of opened.entries()) {
      if (result.status === 'fulfilled') continue;
      const [task] = tasks;
      if (task === undefined || index > 0 || !copiesNoParts(result.reason, copies)) throw result.reason;
      return [await copies.inOneRequest(task)];
    }
    if (!(await sendMissing(copies, targets, context))) return targets.map((target) => unfinished(target));
    const results = await Promise.all(targets.map((target) => complete(copies, target, context, attempt)));
    await abortLateUploads(targets, context);
    return results;
  } catch (error) {
    if (context.outOfTime)
      return tasks.map((task) =>
        unfinished(
          targets.find((target) => target.task === task),
          task,
        ),
      );
    // The first cause stops everything else that is in flight, so that the clean-up has not to wait for it.
    context.fail(error);
    await Promise.all(
      targets
        .filter(({ ended }) => ended === undefined)
        .map(({ task, upload }) => abortUpload(task, upload, context)),
    );
    await abortLateUploads(targets, context);
    throw error;
  }
}

/** Aborts uploads that abandoned create requests have started since. */
async function abortLateUploads(targets: readonly PartTarget[], context: JobContext): Promise<void> {
  const late = targets.filter(({ upload }) => upload.createRetried);
  await Promise.all(late.map(({ task }) => abortOwnUploads(task, undefined, context)));
}

interface OpenTarget extends PartTarget {
  /** Set when the upload has ended: completed by us, or gone, with the error that S3 answered. */
  ended: unknown;
}

/** Sends every missing part; `false` when the deadline came first. */
async function sendMissing(
  copies: PartCopies,
  targets: readonly OpenTarget[],
  context: JobContext,
): Promise<boolean> {
  const { layout, slots, prepare } = copies;
  const inFlight = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let stopped = false;
  for (const part of partsOf(layout)) {
    const missing = (): readonly OpenTarget[] =>
      targets.filter(({ ended, upload }) => ended === undefined && !upload.parts.has(part.number));
    if (missing().length === 0) continue;
    const { done } = await slots.start(async () => {
      stopped ||= !context.deadline.fits(part.sizeBytes);
      if (stopped || failures.length > 0 || context.signal.aborted) return;
      const prepared = await prepare(part);
      await Promise.all(
        missing().map(async (target) => {
          await prepared.send(target).catch((error: unknown) => {
            if (!isNoSuchUpload(error) && !copiesNoParts(error, copies)) throw error;
            target.ended = error;
          });
        }),
      );
      prepared.sent?.();
    });
    const settled = done.catch((error: unknown) => {
      failures.push(error);
      if (!context.outOfTime) context.fail(error);
    });
    inFlight.add(settled);
    void settled.then(() => inFlight.delete(settled));
    // Requests leave when the event loop turns: the first ones need not wait until all are prepared.
    if (part.number % PARTS_PER_TURN === 0) await setImmediate();
    if (stopped || failures.length > 0 || context.signal.aborted) break;
  }
  await Promise.all(inFlight);
  if (failures.length > 0) throw failures[0];
  context.signal.throwIfAborted();
  return !stopped;
}

async function complete(
  copies: PartCopies,
  target: OpenTarget,
  context: JobContext,
  attempt: number,
): Promise<CopyResult> {
  const { task, upload } = target;
  const { layout } = copies;
  if (target.ended === undefined) {
    try {
      if (task.source.versionId === undefined && !isComparable(task.source, layout))
        await requireUnchanged(task.source, context);
      const result = await writeConditionally(task, context, async (condition): Promise<CopyResult> => {
        const { output, allOurs } = await completeUpload(task, layout, upload, condition, context);
        target.ended = 'completed by us';
        const how = {
          sameLayout: layout.kind === 'reproduced',
          hashedInTransit: copies.hashed(upload) && allOurs,
          resumed: upload.resumed || !allOurs,
        };
        return { finished: true, written: writtenObject(output, output, how) };
      });
      // The copy is there without this upload, which a condition that did not hold leaves.
      if (target.ended === undefined) await abortUpload(task, upload, context);
      return result;
    } catch (error) {
      if (!isNoSuchUpload(error)) throw error;
      target.ended = error;
    }
  }
  if (copiesNoParts(target.ended, copies)) {
    await abortUpload(task, upload, context);
    return await copies.inOneRequest(task);
  }
  const now = withLook(task, await lookAgain(task, context));
  const found = provedCopy(now, context, target.ended) ?? presumedCopy(now, task, context);
  if (found !== undefined) return found;
  if (now.existing !== undefined && context.job.overwrite === 'never') throw mustNotOverwrite(now);
  if (attempt >= MAX_RESTARTS) throw target.ended;
  context.telemetry.warn(
    'An upload vanished before it was complete; the copy begins again',
    copyFields(task),
  );
  const [again] = await copyInParts({ ...copies, tasks: [now] }, context, attempt + 1);
  return again ?? unfinished(target);
}

/**
 * What a concurrent invocation of the same job completed, or our own request whose answer was lost, where no checksum tells: an object that
 * may be the copy and came since we looked. It has no more proof than its size.
 */
function presumedCopy(
  now: CopyTask,
  { existing: before }: CopyTask,
  { job }: JobContext,
): CopyResult | undefined {
  const isNew = now.existing?.etag !== before?.etag || now.existing?.versionId !== before?.versionId;
  if (!isNew || !couldBeCopy(now) || !isEnough('size-only', job.minimumProof)) return undefined;
  return job.overwrite === 'never' ? undefined : foundCopy(now, false);
}

/** Does the server lack parts that are copied, and can the copy do without? */
function copiesNoParts(
  error: unknown,
  copies: PartCopies,
): copies is PartCopies & Required<Pick<PartCopies, 'inOneRequest'>> {
  return copies.inOneRequest !== undefined && isPartCopyUnsupported(error);
}

/** Of a copy whose upload was not open yet, the next invocation learns what this one was given. */
function unfinished(target: OpenTarget | undefined, task = target?.task): CopyResult {
  if (target === undefined)
    return { finished: false, finishedParts: 0, ...omitUndefined({ uploadId: task?.uploadId }) };
  const { upload, ended } = target;
  const finishedParts = upload.parts.size;
  return { finished: false, finishedParts, ...(ended === undefined ? { uploadId: upload.uploadId } : {}) };
}
