// One invocation: from the event to exactly one result for CodePipeline.

import type { JobContext } from './context/context.ts';
import { type Deadline, deadlineOf } from './context/deadline.ts';
import { type Container, createContext } from './create-context.ts';
import { SyncError } from './errors.ts';
import { jobIdOf, parseJob } from './job/parse-job.ts';
import { continueFromStart, continueJob, readCheckpoint } from './result/continuation.ts';
import type { JobResult, LambdaContext, Reported } from './result/job-reporter.ts';
import { outputVariables, summarise } from './result/summary.ts';
import { assertValidSettings } from './settings.ts';
import { syncArtifacts } from './sync.ts';
import type { TelemetrySink } from './telemetry/telemetry.ts';
import type { CopyReport, SyncJob } from './types.ts';
import { omitUndefined } from './util.ts';

/**
 * Runs one invocation and reports its result.
 * @throws when the event has no job id, or the result could not be reported to CodePipeline: Lambda then retries the event
 */
export async function runInvocation(
  event: unknown,
  lambda: LambdaContext,
  container: Container,
): Promise<void> {
  const { telemetry, reporter } = container;
  const over = new AbortController();
  const afterwards: Promise<void>[] = [];
  telemetry.begin({ requestId: lambda.awsRequestId });
  try {
    const jobId = jobIdOf(event);
    if (jobId === undefined) {
      telemetry.error(
        'The event is not a CodePipeline job: it has no usable "CodePipeline.job".id, so no result can be reported',
      );
      throw new Error('the event is not a CodePipeline job');
    }
    telemetry.hold();
    telemetry.correlate(jobId);
    const prepareReport = (): void => {
      // A failure to load shows when the result is reported.
      Promise.all([reporter.warmUp(), telemetry.warmUp()]).catch(() => undefined);
      void reporter
        .origin(jobId, over.signal)
        .then((origin) => over.signal.aborted || telemetry.identify(origin));
    };
    const invocation = { afterwards, onWaiting: once(prepareReport) };
    const ended = await runJob(event, jobId, lambda, container, invocation);
    recordEnd(jobId, ended, await reporter.report(jobId, lambda, ended, telemetry), telemetry);
  } finally {
    over.abort();
    await Promise.all(afterwards);
    await telemetry.flush();
  }
}

async function runJob(
  event: unknown,
  jobId: string,
  lambda: LambdaContext,
  container: Container,
  invocation: Parameters<typeof createContext>[3],
): Promise<JobResult> {
  const { telemetry, settings, facts } = container;
  const receivedAtMs = Date.now();
  const deadline = deadlineOf(() => lambda.getRemainingTimeInMillis(), settings.deadlineMarginMs);
  let startedAtMs = receivedAtMs;
  let context: JobContext | undefined;
  let abandon: (() => Promise<void>) | undefined;
  try {
    assertValidSettings(settings);
    const job = parseJob(event, settings.destinationSets);
    const checkpoint = readCheckpoint(job, receivedAtMs, telemetry);
    startedAtMs = checkpoint?.startedAtMs ?? receivedAtMs;
    telemetry.correlate(checkpoint?.firstJobId ?? jobId);
    telemetry.info(checkpoint === undefined ? 'Job begins' : 'Job resumes', describeJob(job, deadline));
    context = createContext(job, deadline, container, invocation, checkpoint);
    const current = context;
    if (checkpoint !== undefined) {
      abandon = async () => (await import('./abandon-uploads.ts')).abandonUploads(job, current);
    }
    const outcome = await syncArtifacts(job, context, checkpoint).catch((error: unknown) => {
      if (!current.outOfTime) throw error;
      return undefined;
    });
    if (outcome === undefined) return await continueFromStart(job, checkpoint, context);
    const reports = outcome.reports.filter((report): report is CopyReport => report !== undefined);
    const resumeLater = () => continueJob(job, outcome, checkpoint, startedAtMs, current);
    if (reports.length < outcome.planned.length) return await resumeLater();
    if (job.outputArtifacts.length > 0) {
      const { manifestOf, writeManifest } = await import('./result/manifest.ts');
      const manifest = manifestOf(job, checkpoint?.firstJobId ?? jobId, reports);
      try {
        for (const output of job.outputArtifacts) await writeManifest(job, output, manifest, context);
      } catch (error) {
        if (!context.outOfTime) throw error;
        return await resumeLater();
      }
    }
    const durationMs = Date.now() - startedAtMs;
    const summary = summarise(reports, durationMs, job.mode);
    return { kind: 'success', summary, outputVariables: outputVariables(reports, durationMs), durationMs };
  } catch (error) {
    // First, so that nothing is copied while the uploads of earlier invocations are aborted.
    context?.fail(error);
    await abandon?.();
    // What a warm container remembers of buckets may be why it failed.
    facts.clear();
    const { toJobFailure } = await import('./result/failure.ts');
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
    // What nobody waits for any more must not continue in the next invocation of this process.
    context?.fail(new DOMException('the job is over', 'AbortError'));
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) work();
    done = true;
  };
}

/** What a job is going to do, for its first log line. */
function describeJob(
  { id, artifacts, destinations, mode, minimumProof, executionId }: SyncJob,
  deadline: Deadline,
) {
  return {
    jobId: id,
    artifacts: artifacts.map(({ name, bucket, key }) => `${name}: s3://${bucket}/${key}`),
    destinations: destinations.map(({ bucket, keyTemplate }) => `s3://${bucket}/${keyTemplate}`),
    mode,
    minimumProof,
    ...omitUndefined({ executionId }),
    limitMs: deadline.limitMs,
  };
}

/** A success counts once CodePipeline has taken it; one that it cannot take leaves the action without an answer. */
function recordEnd(jobId: string, result: JobResult, reported: Reported, telemetry: TelemetrySink): void {
  if (result.kind === 'success' && reported === 'taken') {
    const { durationMs, summary } = result;
    telemetry.count('JobsSucceeded');
    telemetry.record('JobLatency', durationMs);
    telemetry.info('Job succeeded', { jobId, durationMs, summary });
  }
  if (result.kind !== 'failure' && reported === 'no such job') {
    telemetry.count('JobsFailed', { FailureType: 'ConfigurationError' });
  }
}

/** Where an unexpected error came from: frames only, since its text may quote anything. */
function stackOf(error: unknown): string | undefined {
  if (error instanceof SyncError || !(error instanceof Error)) return undefined;
  return error.stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
