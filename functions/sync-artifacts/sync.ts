// The whole algorithm on one page: resolve -> plan -> copy -> verify -> report.
import { setImmediate } from 'node:timers/promises';
import type { JobContext } from './context/context.ts';
import { refuseToOverwrite } from './copy/conditional-write.ts';
import { copyAll } from './copy/copy-all.ts';
import { preconnectCopies } from './copy/preconnect-copies.ts';
import { resolveAliases } from './copy/upload/resolve-aliases.ts';
import { lookAt, resolve } from './facts/resolve.ts';
import { type PlanLimits, type PlannedCopy, planCopies } from './plan/plan.ts';
import { requireCopies } from './proof/require-copies.ts';
import { verifyCopy } from './proof/verify-copy.ts';
import { type SyncOutcome, SyncProgress } from './result/progress.ts';
import type { Checkpoint, CopyTask, SyncJob } from './types.ts';

/**
 * Copies all artifacts of a job to all its destinations, as far as the time lasts.
 * @throws the first cause that ended a copy for good; by then everything else is stopped and cleaned up
 */
export async function syncArtifacts(
  job: SyncJob,
  context: JobContext,
  checkpoint?: Checkpoint,
): Promise<SyncOutcome> {
  const planned = await planJob(job, context, 'copy', checkpoint);
  const progress = new SyncProgress(planned, job, checkpoint, context);
  const missing = planned.filter((copy) => !progress.addKnown(copy));
  if (job.mode === 'audit') {
    requireCopies(
      missing.map(({ task }) => task),
      planned.length,
    );
    return progress.outcome();
  }
  if (job.overwrite === 'never') refuseToOverwrite(missing);
  const addAnnotations = async (task: CopyTask, etag: string): Promise<void> => {
    if (job.annotations === 'exclude') return;
    const { copyAnnotations } = await import('./copy/copy-annotations.ts');
    await copyAnnotations(task, etag, context);
  };
  await copyAll(missing, context, async (copy, result) => {
    if (!result.finished) return progress.addUnfinished(copy, result);
    const { plan } = copy;
    const { task = copy.task, written, strategy } = result;
    const proved = result.proved ?? (await verifyCopy(task, written, job.minimumProof, context));
    if (plan.strategy !== 'object' || strategy === 'skip') await addAnnotations(task, proved.etag);
    progress.addCopied({ task, plan }, strategy, proved);
  });
  context.throwIfFailed();
  // What was there already may have been left without them.
  const known = planned.filter((copy) => copy.plan.strategy !== 'same-object' && !missing.includes(copy));
  await Promise.all(
    known.map(async (copy) => {
      const { task } = copy;
      await addAnnotations(task, task.existing?.etag ?? '').catch((error: unknown) => {
        if (!context.outOfTime) throw error;
        progress.reopen(copy);
      });
    }),
  );
  return progress.outcome();
}

/**
 * Reads all facts of a job and plans its copies; nothing is written.
 * @param purpose  to `copy`, what a write shows in passing is not looked up before it
 */
export async function planJob(
  job: SyncJob,
  context: JobContext,
  purpose: 'show' | 'copy' = 'show',
  checkpoint?: Checkpoint,
): Promise<readonly PlannedCopy[]> {
  const limits = limitsOf(context);
  const maySkipLook = purpose === 'copy' && checkpoint === undefined;
  const tasks = await resolve(job, context, checkpoint, maySkipLook, async (sources) => {
    // What can be asked for by now leaves first: handshakes keep a processor busy.
    await setImmediate();
    if (checkpoint === undefined) preconnectCopies(job, sources, limits, context);
  });
  const planned = planCopies(purpose === 'copy' ? await resolveAliases(tasks, context) : tasks, job, limits);
  // Bytes do not go through the function for nothing.
  if (!planned.some(({ task, plan }) => task.unseen !== undefined && plan.strategy === 'relay'))
    return planned;
  const seen = await Promise.all(tasks.map((task) => lookAt(task, context)));
  return planCopies(seen, job, limits);
}

function limitsOf({ settings, deadline, openConnections }: JobContext): PlanLimits {
  const { maxConcurrency, relayMemoryBytes, region } = settings;
  return { maxConcurrency, openConnections, relayMemoryBytes, region, timeLimitMs: deadline.limitMs };
}
