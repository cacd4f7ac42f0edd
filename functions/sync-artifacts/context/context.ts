// What every step of a job is given besides its data.

import type { BucketCache } from '../aws/bucket-cache.ts';
import type { S3Clients } from '../aws/s3-clients.ts';
import type { RequestContext } from '../aws/s3-request.ts';
import type { Settings } from '../settings.ts';
import { CLEAN_UP_MS } from '../speeds.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { SyncJob } from '../types.ts';
import type { RequestSlots } from './concurrency.ts';
import type { Deadline } from './deadline.ts';

/** The surroundings of one invocation of a job. */
export interface JobContext extends RequestContext {
  readonly settings: Settings;
  /** What holds for all copies of the job. */
  readonly job: Pick<SyncJob, 'overwrite' | 'annotations' | 'minimumProof'>;
  readonly s3: S3Clients;
  readonly facts: BucketCache;
  /** Connections that earlier jobs had left open when this one began, in its first invocation. */
  readonly openConnections: number;
  /** Copy requests in flight at once. */
  readonly slots: RequestSlots;
  readonly deadline: Deadline;
  readonly telemetry: Telemetry;
  /** Aborts when the job has failed or the deadline is near. */
  readonly signal: AbortSignal;
  /** To be called when nothing is left to do but to wait for S3: what is needed later is loaded then. */
  onWaiting(): void;
  /** What the job's result does not wait for, but the end of the invocation does; none of it fails. */
  readonly afterwards: Promise<void>[];
  /** Ends the job: the first cause counts, and everything in flight is aborted. */
  fail(cause: unknown): void;
  readonly failed: boolean;
  /** Was what is being done cut short by the deadline, rather than by what went wrong? */
  readonly outOfTime: boolean;
  /** @throws the first cause */
  throwIfFailed(): void;
}

/** The context of requests that clean up after a failure, whatever became of the job. */
export function forCleanUp(context: JobContext): JobContext {
  return { ...context, signal: context.deadline.cleanUp(CLEAN_UP_MS) };
}

/**
 * The context of requests that go on for some milliseconds after the job has failed or the deadline is near, though not for longer than
 * leaves time for the answer.
 */
export function withGracePeriod(
  { settings, s3, signal, deadline, noteFailure }: JobContext,
  limitMs: number,
): RequestContext {
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal.reason);
  const abort = (): void => {
    deadline.cleanUp(limitMs).addEventListener('abort', giveUp, { once: true });
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { settings, s3, signal: controller.signal, ...(noteFailure === undefined ? {} : { noteFailure }) };
}
