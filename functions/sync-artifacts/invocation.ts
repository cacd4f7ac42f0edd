// One invocation: from the event to exactly one result for CodePipeline.

import type { BucketCache } from './aws/bucket-cache.ts';
import { errorCode, isAccessDenied } from './aws/errors.ts';
import type { S3ClientPool } from './aws/s3-clients.ts';
import { RequestSlots } from './concurrency.ts';
import type { JobContext } from './context.ts';
import { deadlineOf } from './deadline.ts';
import { jobIdOf, parseJob } from './job/parse-job.ts';
import { continueFromStart, continueJob, readCheckpoint } from './result/continuation.ts';
import { SyncError, toJobFailure } from './result/failure.ts';
import type { JobReporter, JobResult, LambdaContext } from './result/job-reporter.ts';
import { outputVariables, summarise } from './result/summary.ts';
import { assertValidSettings, type Settings } from './settings.ts';
import { syncArtifacts } from './sync.ts';
import type { TelemetrySink } from './telemetry/telemetry.ts';
import type { CopyReport, SyncJob } from './types.ts';

/** What lives as long as a container. */
export interface Container {
  readonly settings: Settings;
  readonly telemetry: TelemetrySink;
  readonly clients: S3ClientPool;
  readonly reporter: JobReporter;
  readonly facts: BucketCache;
  /** Called when AWS asks to slow down. */
  onThrottled: () => void;
}

/**
 * Runs one invocation and reports its result.
 * @throws when the event has no job id, or CodePipeline could not be told: Lambda then retries the event
 */
export async function runInvocation(
  event: unknown,
  lambda: LambdaContext,
  container: Container,
): Promise<void> {
  const { telemetry, reporter } = container;
  telemetry.begin({ requestId: lambda.awsRequestId });
  try {
    const jobId = jobIdOf(event);
    if (jobId === undefined) {
      telemetry.error(
        'The event is not a CodePipeline job: it has no usable "CodePipeline.job".id, so no result can be reported',
      );
      throw new Error('the event is not a CodePipeline job');
    }
    telemetry.correlate(jobId);
    const result = runJob(event, jobId, lambda, container);
    // Loaded while the first S3 requests are on their way; a failure to load shows when the result is reported.
    Promise.all([reporter.warmUp(), telemetry.warmUp()]).catch(() => undefined);
    await reporter.report(jobId, lambda, await result, telemetry);
  } finally {
    await telemetry.flush();
  }
}

async function runJob(
  event: unknown,
  jobId: string,
  lambda: LambdaContext,
  container: Container,
): Promise<JobResult> {
  const { telemetry, settings, facts } = container;
  const begunAtMs = Date.now();
  const deadline = deadlineOf(() => lambda.getRemainingTimeInMillis(), settings.deadlineMarginMs);
  let startedAtMs = begunAtMs;
  let context: JobContext | undefined;
  try {
    assertValidSettings(settings);
    const job = parseJob(event);
    const checkpoint = readCheckpoint(job, begunAtMs, telemetry);
    startedAtMs = checkpoint?.startedAtMs ?? begunAtMs;
    telemetry.correlate(checkpoint?.firstJobId ?? jobId);
    context = createContext(job, deadline, container);
    const current = context;
    const outcome = await syncArtifacts(job, context, checkpoint).catch((error: unknown) => {
      if (!isOutOfTime(current)) throw error;
      return undefined;
    });
    if (outcome === undefined) return await continueFromStart(job, checkpoint, context);
    const reports = outcome.reports.filter((report): report is CopyReport => report !== undefined);
    if (reports.length < outcome.planned.length)
      return await continueJob(job, outcome, checkpoint, startedAtMs, context);
    if (job.outputArtifacts.length > 0) {
      const { manifestOf, writeManifest } = await import('./result/manifest.ts');
      const manifest = manifestOf(job, checkpoint?.firstJobId ?? jobId, reports);
      try {
        for (const output of job.outputArtifacts) await writeManifest(job, output, manifest, context);
      } catch (error) {
        if (!isOutOfTime(context)) throw error;
        return await continueJob(job, outcome, checkpoint, startedAtMs, context);
      }
    }
    const durationMs = Date.now() - startedAtMs;
    telemetry.count('JobsSucceeded');
    telemetry.record('JobLatency', durationMs);
    const summary = summarise(reports, durationMs);
    telemetry.info('Job succeeded', { jobId, durationMs, summary });
    return { kind: 'success', summary, outputVariables: outputVariables(reports, durationMs) };
  } catch (error) {
    // What a warm container remembers of buckets may be why it failed.
    facts.clear();
    const failure = toJobFailure(error);
    telemetry.count('JobsFailed', { FailureType: failure.type });
    telemetry.record('JobLatency', Date.now() - startedAtMs);
    telemetry.error('Job failed', {
      jobId,
      failureType: failure.type,
      reason: failure.message,
      stack: stackOf(error),
    });
    return { kind: 'failure', failure };
  } finally {
    deadline.clear();
    // What nobody waits for any more must not go on in the next invocation of this process.
    context?.fail(new DOMException('the job is over', 'AbortError'));
  }
}

/** Was a step cut short by the deadline, rather than by what went wrong? */
function isOutOfTime({ deadline, failed }: JobContext): boolean {
  return deadline.signal.aborted && !failed;
}

/** The surroundings of one job in a container. */
export function createContext(
  job: SyncJob,
  deadline: JobContext['deadline'],
  container: Container,
): JobContext {
  const { settings, telemetry, clients, facts } = container;
  const failure = new AbortController();
  const budget = new RequestSlots(settings.maxConcurrency);
  container.onThrottled = () => {
    telemetry.count('ThrottledRequests');
    budget.throttled();
  };
  let cause: unknown;
  return {
    settings,
    s3: clients.forJob(artifactCredentialsOf(job, container)),
    facts,
    budget,
    deadline,
    telemetry,
    signal: AbortSignal.any([failure.signal, deadline.signal]),
    get failed() {
      return failure.signal.aborted;
    },
    fail: (error) => {
      if (failure.signal.aborted) return;
      cause = error;
      failure.abort(new DOMException('the job has failed', 'AbortError'));
    },
    throwIfFailed: () => {
      if (failure.signal.aborted) throw cause;
    },
  };
}

/** The job's credentials; the SDK asks again shortly before they expire, and then CodePipeline gives new ones. */
function artifactCredentialsOf(job: SyncJob, { reporter, telemetry }: Container) {
  const given = job.artifactCredentials;
  if (given === undefined) return undefined;
  let first = true;
  return async () => {
    const usable = given.expiration === undefined || given.expiration.getTime() > Date.now() + RENEW_AHEAD_MS;
    if (first && usable) {
      first = false;
      return { ...given };
    }
    first = false;
    try {
      return await reporter.artifactCredentials(job.id);
    } catch (error) {
      if (isAccessDenied(error)) throw error;
      // S3 knows best whether they have run out: a replayed or handwritten event may be of any time.
      telemetry.warn(
        "The job's artifactCredentials seem to have run out, and CodePipeline gave no new ones",
        {
          jobId: job.id,
          errorCode: errorCode(error),
        },
      );
      const { expiration: _, ...unlimited } = given;
      return unlimited;
    }
  };
}

/** The SDK renews credentials five minutes before they expire. */
const RENEW_AHEAD_MS = 5 * 60_000;

/** Where an unexpected error came from: frames only, since its text may quote anything. */
function stackOf(error: unknown): string | undefined {
  if (error instanceof SyncError || !(error instanceof Error)) return undefined;
  return error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
