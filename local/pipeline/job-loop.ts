// Plays CodePipeline and Lambda's asynchronous invocation: retries what crashed, starts the next job where a token says so.
import { randomUUID } from 'node:crypto';
import { asyncInvocationFor, FUNCTION_TIMEOUT_SECONDS } from '../../infra/shape/job-time.ts';
import type { Job, JobResult, JobState } from '../aws/state/code-pipeline/jobs.ts';
import type { World } from '../aws/state/world.ts';
import type { Invocation } from '../lambda/execution-environment.ts';
import type { LambdaFunction } from '../lambda/lambda.ts';

/** How often Lambda tries an asynchronous invocation of a function that is deployed with this timeout. */
export function attemptsFor(timeoutMs: number): number {
  return 1 + asyncInvocationFor(timeoutMs / 1000).retryAttempts;
}

/** One invocation of the function for one job. */
export interface JobInvocation extends Invocation {
  readonly jobId: string;
  /** 1 for the first try of a job's event. */
  readonly attempt: number;
}

/** How an action went, through all of its jobs. */
export interface JobRun {
  readonly invocations: readonly JobInvocation[];
  /** State of the last job; `Open` if the function never answered. */
  readonly state: JobState;
  /** Every result of this action that CodePipeline accepted, in order. */
  readonly results: readonly JobResult[];
  /** The invocation of the on-failure destination, when Lambda gave up. */
  readonly lost?: Invocation;
}

/** What can be invoked: the function, or something that stands before it. */
export type Invocable = Pick<LambdaFunction, 'invoke'>;

/** Is called while an action runs. */
interface JobListener {
  /** A continuation: the pipeline starts the next job. */
  continued?(result: JobResult): void;
  /** An invocation that Lambda counts as failed, and whether it tries again. */
  failed?(invocation: JobInvocation, retries: boolean): void;
  /** Lambda has given up and hands the event to its on-failure destination. */
  lost?(): void;
}

/** How Lambda delivers a job, and who watches. */
interface Delivery {
  readonly listener?: JobListener;
  /** The on-failure destination of asynchronous invocations. */
  readonly onFailure?: Invocable;
  /** How often Lambda tries each invocation. @default as often as with the deployed timeout */
  readonly attempts?: number;
}

/**
 * Invokes the function for a job until CodePipeline has a final result or Lambda gives up.
 * The first event goes to the function as it was read; a continuation is a new job with fresh credentials.
 */
export async function runJob(
  world: World,
  lambda: Invocable,
  first: { readonly job: Job; readonly event: unknown },
  delivery: Delivery = {},
): Promise<JobRun> {
  const { listener = {}, onFailure } = delivery;
  const invocations: JobInvocation[] = [];
  const ids = new Set<string>();
  const next: Job[] = [];
  const unsubscribe = world.codePipeline.onJob((job) => next.push(job));
  try {
    let job: Job | undefined = first.job;
    let event = first.event;
    while (job) {
      const { id } = job;
      ids.add(id);
      const answered = await invokeAsynchronously(lambda, id, event, invocations, delivery);
      const last = invocations.at(-1);
      if (!answered) listener.lost?.();
      const lost = answered || !last ? undefined : await onFailure?.invoke(recordOf(event, last));
      const state = world.codePipeline.state(id) ?? 'Open';
      const results = world.codePipeline.results.filter(({ jobId }) => ids.has(jobId));
      job = next.shift();
      if (state !== 'Continued' || !job) return { invocations, state, results, ...(lost ? { lost } : {}) };
      event = job.event;
      const result = results.at(-1);
      if (result) listener.continued?.(result);
    }
    throw new Error('A job was continued without a next job');
  } finally {
    unsubscribe();
  }
}

/** Retries carry the same event and the same request id. Lambda waits a minute or two between them; a replay need not. */
async function invokeAsynchronously(
  lambda: Invocable,
  jobId: string,
  event: unknown,
  invocations: JobInvocation[],
  { listener = {}, attempts = attemptsFor(FUNCTION_TIMEOUT_SECONDS * 1000) }: Delivery,
): Promise<boolean> {
  const requestId = randomUUID();
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const invocation = { ...(await lambda.invoke(event, requestId)), jobId, attempt };
    invocations.push(invocation);
    if (invocation.outcome === 'ok') return true;
    listener.failed?.(invocation, attempt < attempts);
  }
  return false;
}

/** What Lambda sends to an on-failure destination (Lambda developer guide, invocation-async-retain-records). */
function recordOf(event: unknown, { requestId, errorMessage = '', attempt }: JobInvocation): unknown {
  const killed = /SIGKILL|SIGABRT|signal: killed/.test(errorMessage);
  return {
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: { requestId, condition: 'RetriesExhausted', approximateInvokeCount: attempt },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: killed
      ? {
          errorType: 'Runtime.ExitError',
          errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`,
        }
      : { errorMessage },
  };
}
