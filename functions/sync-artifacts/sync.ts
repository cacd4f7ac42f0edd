// The whole algorithm on one page: resolve -> plan -> copy -> verify.
import { setImmediate } from 'node:timers/promises';
import { RequestSlots } from './concurrency.ts';
import type { JobContext } from './context.ts';
import { copyMultipart } from './copy/copy-multipart.ts';
import { copyObject } from './copy/copy-object.ts';
import type { CopyResult } from './copy/strategy.ts';
import { resolve, slowestFirst } from './facts/resolve.ts';
import { partSize } from './plan/part-layout.ts';
import { type CopyPlan, type PlanLimits, type PlannedCopy, planCopies } from './plan/plan.ts';
import { isStillFinished, verifyCopy } from './proof/verify-copy.ts';
import type { Checkpoint, UnfinishedUpload } from './result/checkpoint.ts';
import { reportCopied, reportSkipped } from './result/copy-report.ts';
import type { CopyReport, SyncJob } from './types.ts';
import { groupBy } from './util.ts';

/** Copies whose requests are made ready before the first of them leave (`npm run bench:timeline -- --case 5x1mib-x3`). */
const COPIES_PER_TURN = 4;

/** Where a job stands when an invocation ends without an error. */
export interface SyncOutcome {
  /** All copies, in the order of artifacts x destinations. */
  readonly planned: readonly PlannedCopy[];
  /** The finished ones at the same positions; `undefined` for one that is to be gone on with. */
  readonly reports: readonly (CopyReport | undefined)[];
  /** Finished parts of the copies that are not finished. */
  readonly finishedParts: number;
  /** The uploads that they are in. */
  readonly uploads: readonly UnfinishedUpload[];
  /** Bytes that are where they belong, finished parts included. */
  readonly doneBytes: number;
}

/** Reads all facts of a job and plans its copies; nothing is written. */
export async function planJob(
  job: SyncJob,
  context: JobContext,
  checkpoint?: Checkpoint,
): Promise<readonly PlannedCopy[]> {
  const limits = limitsOf(context);
  const tasks = await resolve(job, limits, context, checkpoint).catch(async (error: unknown) => {
    // What the deadline cut short is no failure.
    if (context.outOfTime) throw error;
    context.fail(error);
    if (checkpoint !== undefined) {
      const { abandonUploads } = await import('./abandon-uploads.ts');
      await abandonUploads(job, context);
    }
    throw error;
  });
  return planCopies(tasks, job.mode, limits);
}

/**
 * Copies all artifacts of a job to all its destinations, as far as the time lasts.
 * @throws the first cause that ended a copy for good; by then everything else is stopped and cleared away
 */
export async function syncArtifacts(
  job: SyncJob,
  context: JobContext,
  checkpoint?: Checkpoint,
): Promise<SyncOutcome> {
  const planned = await planJob(job, context, checkpoint);
  const startedAtMs = checkpoint?.startedAtMs ?? Date.now();
  const reports: (CopyReport | undefined)[] = planned.map(() => undefined);
  const uploads: UnfinishedUpload[] = [];
  let finishedParts = 0;
  let doneBytes = 0;

  const settle = async ({ task, plan }: PlannedCopy, result: CopyResult | undefined): Promise<void> => {
    if (result?.finished === true) {
      const proved = await verifyCopy(task, result.written, job.minimumProof, context);
      const durationMs = Date.now() - startedAtMs;
      reports[task.index] = reportCopied(
        { task, strategy: result.strategy ?? plan.strategy, ...proved, durationMs },
        job.mode,
        context,
      );
      doneBytes += task.source.sizeBytes;
    } else if (result !== undefined) {
      finishedParts += result.finishedParts;
      if (result.uploadId !== undefined) uploads.push([task.index, result.uploadId]);
      doneBytes += partBytes(plan, result.finishedParts);
    }
  };

  const copying: Promise<void>[] = [];
  const begin = async (copy: Promise<void>): Promise<void> => {
    copying.push(
      copy.catch((error: unknown) => {
        // What the deadline cut short is no failure.
        if (!context.outOfTime) context.fail(error);
      }),
    );
    if (copying.length % COPIES_PER_TURN === 0) await setImmediate();
  };
  const relays: Relayed[] = [];
  for (const copy of slowestFirst(planned, ({ task }) => task.destination.bucket, context)) {
    const { task, plan } = copy;
    const earlier = checkpoint?.finished[task.index];
    if (
      plan.strategy === 'same-object' ||
      plan.strategy === 'skip' ||
      (earlier !== undefined && isStillFinished(task, earlier, startedAtMs, job.minimumProof))
    ) {
      reports[task.index] = reportSkipped(copy, earlier, context);
      doneBytes += task.source.sizeBytes;
    } else if (plan.strategy === 'object') {
      await begin(copyObject(task, context).then((result) => settle(copy, result)));
    } else if (plan.strategy === 'multipart') {
      await begin(copyMultipart(task, plan.layout, context).then((result) => settle(copy, result)));
    } else {
      relays.push({ task, plan });
    }
  }
  await Promise.all(relayAll(relays, settle, context).map(begin));
  // Waits for all, so that nothing goes on in the background.
  await Promise.all(copying);
  context.throwIfFailed();
  return { planned, reports, finishedParts, uploads, doneBytes };
}

function limitsOf({ settings, deadline }: JobContext): PlanLimits {
  const { maxConcurrency, relayMemoryBytes, region } = settings;
  return { maxConcurrency, relayMemoryBytes, region, timeLimitMs: deadline.limitMs };
}

type Relayed = PlannedCopy & { readonly plan: Extract<CopyPlan, { strategy: 'relay' }> };

/** Relays each source once for all its destinations. The code for it is loaded only when it is needed. */
function relayAll(
  relays: readonly Relayed[],
  settle: (copy: PlannedCopy, result: CopyResult | undefined) => Promise<void>,
  context: JobContext,
): Promise<void>[] {
  const largestPart = Math.max(1, ...relays.map(({ plan }) => partSize(plan.layout, 1)));
  const lanes = new RequestSlots(Math.max(1, Math.floor(context.settings.relayMemoryBytes / largestPart)));
  const bySource = [...groupBy(relays, ({ task }) => task.source).values()];
  const memoryParts = Math.max(1, Math.floor(lanes.size / bySource.length));
  return bySource.map(async (group) => {
    const [first] = group;
    if (first === undefined) return;
    const { relay } = await import('./copy/relay/relay.ts');
    const results = await relay(
      group.map(({ task }) => task),
      first.plan.layout,
      { lanes, memoryParts },
      context,
    );
    await Promise.all(group.map((copy, index) => settle(copy, results[index])));
  });
}

function partBytes(plan: CopyPlan, parts: number): number {
  if (plan.strategy !== 'multipart' && plan.strategy !== 'relay') return 0;
  return Math.min(plan.layout.sizeBytes, parts * partSize(plan.layout, 1));
}
