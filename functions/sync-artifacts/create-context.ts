// Composes the surroundings of one job from what lives as long as a container.
import type { BucketCache } from './aws/bucket-cache.ts';
import { errorCode, isAborted, isAccessDenied, S3RequestError } from './aws/errors.ts';
import type { S3ClientPool } from './aws/s3-clients.ts';
import { RequestSlots } from './context/concurrency.ts';
import type { JobContext } from './context/context.ts';
import { SyncError } from './errors.ts';
import type { JobReporter } from './result/job-reporter.ts';
import type { Settings } from './settings.ts';
import type { TelemetrySink } from './telemetry/telemetry.ts';
import type { Checkpoint, SyncJob } from './types.ts';

/** What lives as long as a container. */
export interface Container {
  readonly settings: Settings;
  readonly telemetry: TelemetrySink;
  readonly clients: S3ClientPool;
  readonly reporter: JobReporter;
  readonly facts: BucketCache;
}

/**
 * The surroundings of one job in a container.
 * @param invocation  what takes part in the job's waiting times, and waits for what the job leaves
 */
export function createContext(
  job: SyncJob,
  deadline: JobContext['deadline'],
  container: Container,
  invocation: Pick<JobContext, 'afterwards' | 'onWaiting'> = { afterwards: [], onWaiting: () => undefined },
  checkpoint?: Pick<Checkpoint, 'openConnections'>,
): JobContext {
  const { settings, telemetry, clients, facts } = container;
  const failure = new AbortController();
  let cause: unknown;
  const s3 = clients.forJob(artifactCredentialsOf(job, container));
  return {
    settings,
    job,
    s3,
    noteFailure: (error) => s3.noteFailure(error),
    facts,
    openConnections: checkpoint?.openConnections ?? clients.openConnections,
    slots: new RequestSlots(settings.maxConcurrency),
    deadline,
    telemetry,
    ...invocation,
    signal: AbortSignal.any([failure.signal, deadline.signal]),
    get failed() {
      return failure.signal.aborted;
    },
    get outOfTime() {
      return deadline.signal.aborted && !failure.signal.aborted;
    },
    fail: (error) => {
      if (failure.signal.aborted) {
        if (error !== cause && !isAborted(error)) warnOfFurther(error, telemetry);
        return;
      }
      cause = error;
      failure.abort(new DOMException('the job has failed', 'AbortError'));
    },
    throwIfFailed: () => {
      if (failure.signal.aborted) throw cause;
    },
  };
}

/** The job fails with its first cause; what went wrong besides, such as a copy that could not be proved, is not lost. */
function warnOfFurther(error: unknown, telemetry: TelemetrySink): void {
  const message = 'Another copy failed besides the one that failed the job';
  if (error instanceof SyncError) telemetry.warn(message, { reason: error.message });
  if (!(error instanceof S3RequestError)) return;
  const { operation, bucket, key, region } = error.target;
  telemetry.warn(message, { operation, bucket, key, region, errorCode: errorCode(error) });
}

/** The job's credentials; the SDK asks again shortly before they expire, and then CodePipeline gives new ones. */
function artifactCredentialsOf(job: SyncJob, { reporter, telemetry }: Container) {
  const given = job.artifactCredentials;
  if (given === undefined) return undefined;
  telemetry.hide([given.accessKeyId, given.secretAccessKey, given.sessionToken]);
  let first = true;
  return async () => {
    const isFirst = first;
    first = false;
    const usable = given.expiration === undefined || given.expiration.getTime() > Date.now() + RENEW_AHEAD_MS;
    if (isFirst && usable) return { ...given };
    try {
      const renewed = await reporter.artifactCredentials(job.id);
      telemetry.hide([renewed.accessKeyId, renewed.secretAccessKey, renewed.sessionToken]);
      return renewed;
    } catch (error) {
      if (isAccessDenied(error)) throw error;
      // S3 knows best whether they have run out: a replayed or handwritten event may be of any time.
      telemetry.warn(
        "The job's artifactCredentials seem to have run out, and CodePipeline gave no new ones",
        { jobId: job.id, errorCode: errorCode(error) },
      );
      const { expiration: _, ...unlimited } = given;
      return unlimited;
    }
  };
}

/** The SDK renews credentials five minutes before they expire. */
const RENEW_AHEAD_MS = 5 * 60_000;
