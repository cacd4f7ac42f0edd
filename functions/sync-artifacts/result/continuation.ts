// Continuation of a job in another invocation: what the last one left, and what the next one is given.

import type { JobContext } from '../context/context.ts';
import { SyncError } from '../errors.ts';
import { identityOf, pinOf } from '../facts/object-identity.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Checkpoint, CopyReport, FinishedCopy, SyncJob } from '../types.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { JobResult } from './job-reporter.ts';
import type { SyncOutcome } from './progress.ts';
import { summariseProgress } from './summary.ts';

/** Invocations in a row without a finished part, after which a job cannot come to an end. */
const MAX_IDLE_INVOCATIONS = 3;

/** What the token of a job says; `undefined` for a first invocation, and for a token that is not to be believed. */
export function readCheckpoint(job: SyncJob, nowMs: number, telemetry: Telemetry): Checkpoint | undefined {
  if (job.continuationToken === undefined) return undefined;
  const artifactCount = job.artifacts.length;
  const copyCount = artifactCount * job.destinations.length;
  const about = { binding: job.binding, artifactCount, copyCount };
  const checkpoint = decodeCheckpoint(job.continuationToken, about, nowMs);
  if (checkpoint === undefined) {
    telemetry.warn(
      'The continuation token is damaged, too old or of another action; the job starts from the beginning',
      { jobId: job.id },
    );
  }
  return checkpoint;
}

/** The answer of an invocation that could not finish everything. */
export async function continueJob(
  job: SyncJob,
  { planned, reports, finishedParts, uploads, doneBytes }: SyncOutcome,
  checkpoint: Checkpoint | undefined,
  startedAtMs: number,
  context: JobContext,
): Promise<JobResult> {
  const finished = reports.filter((report) => report !== undefined).length;
  const progress = finished + finishedParts;
  const idleInvocations = progress > (checkpoint?.progress ?? 0) ? 0 : (checkpoint?.idleInvocations ?? 0) + 1;
  if (idleInvocations >= MAX_IDLE_INVOCATIONS) {
    const what = `${MAX_IDLE_INVOCATIONS} invocations in a row did not finish a single part`;
    const raise = 'raise the timeout of the function, or lower SYNC_DEADLINE_MARGIN_MS';
    const slow = new SyncError('JobFailed', `${what}: ${raise}.`);
    throw (await outOfTimeSince(what, context)) ?? slow;
  }
  const totalBytes = planned.reduce((sum, { task }) => sum + task.source.sizeBytes, 0);
  const percentComplete = totalBytes === 0 ? 0 : Math.min(99, Math.floor((doneBytes / totalBytes) * 100));
  const sources = job.artifacts.map(
    ({ name }) => planned.find(({ task }) => task.source.artifact.name === name)?.task.source,
  );
  const continuationToken = encodeCheckpoint(
    {
      firstJobId: checkpoint?.firstJobId ?? job.id,
      startedAtMs,
      progress,
      idleInvocations,
      openConnections: context.openConnections,
      pins: sources.map((source) => pinOf(source ?? { etag: '' })),
      uploads,
      finished: reports.map((report) => report && finishedCopy(report)),
    },
    job.binding,
  );
  const durationMs = Date.now() - startedAtMs;
  const summary = summariseProgress(finished, planned.length, doneBytes, totalBytes, durationMs);
  context.telemetry.count('Continuations');
  context.telemetry.info('Job continues in another invocation', { jobId: job.id, percentComplete, summary });
  return { kind: 'continuation', summary, continuationToken, percentComplete };
}

/** What the next invocation is given about a copy; nothing where it could not be found again. */
function finishedCopy({ strategy, proof, ...object }: CopyReport): FinishedCopy | undefined {
  const identity = identityOf(object);
  return identity === undefined ? undefined : { strategy, proof: proof?.kind ?? 'size-only', identity };
}

/** The result when the deadline passed before resolve ended: the next invocation starts over. */
export async function continueFromStart(
  job: SyncJob,
  checkpoint: Checkpoint | undefined,
  context: JobContext,
): Promise<JobResult> {
  const { telemetry } = context;
  const idleInvocations = (checkpoint?.idleInvocations ?? 0) + 1;
  if (checkpoint === undefined || idleInvocations >= MAX_IDLE_INVOCATIONS) {
    const what =
      'The time of the invocation was up before the facts about all sources and destinations were read';
    const raise = 'retry the stage; if it happens again, raise the timeout of the function';
    const slow = new SyncError('SystemUnavailable', `${what}: ${raise}.`);
    throw (await outOfTimeSince(what, context)) ?? slow;
  }
  telemetry.count('Continuations');
  telemetry.info('Job continues in another invocation', { jobId: job.id });
  return {
    kind: 'continuation',
    summary: 'The time was up before all facts were read; the next invocation reads them again.',
    continuationToken: encodeCheckpoint({ ...checkpoint, idleInvocations }, job.binding),
    percentComplete: 0,
  };
}

/** The failure of a job whose time was up while a request kept failing, which is named; `undefined` when none did. */
async function outOfTimeSince(what: string, { s3 }: JobContext): Promise<SyncError | undefined> {
  const failure = s3.lastFailure();
  if (failure === undefined) return undefined;
  const { requestFailure } = await import('./request-failure.ts');
  const { type, message } = requestFailure(failure);
  return new SyncError(type, `${what}, while this went wrong: ${message}`, { cause: failure });
}
