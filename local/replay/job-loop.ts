// Plays CodePipeline and Lambda's asynchronous invocation: retries what crashed, goes on where a token says so.
import { randomUUID } from 'node:crypto';
import type { Job, JobResult, JobState } from '../aws/code-pipeline-jobs.ts';
import type { World } from '../aws/world.ts';
import type { Invocation } from './execution-environment.ts';
import type { LambdaFunction } from './lambda.ts';

/** Lambda tries an asynchronous invocation at most this often (Lambda guide, invocation-async). */
export const MAX_ATTEMPTS = 3;

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
  /** Every result that CodePipeline accepted, in order. */
  readonly results: readonly JobResult[];
}

/** What is told while an action runs. */
export interface JobListener {
  /** A continuation: the pipeline starts the next job. */
  continued?(result: JobResult): void;
  /** An invocation that Lambda counts as failed, and whether it tries again. */
  failed?(invocation: JobInvocation, retries: boolean): void;
}

/**
 * Invokes the function for a job until CodePipeline has a final result or Lambda gives up.
 * The first event goes to the function as it was read; a continuation is a new job with fresh credentials.
 */
export async function runJob(
  world: World,
  lambda: Pick<LambdaFunction, 'invoke'>,
  first: { readonly job: Job; readonly event: unknown },
  listener: JobListener = {},
): Promise<JobRun> {
  const invocations: JobInvocation[] = [];
  const next: Job[] = [];
  const unsubscribe = world.codePipeline.onJob((job) => next.push(job));
  try {
    let job: Job | undefined = first.job;
    let event = first.event;
    while (job) {
      const { id } = job;
      await invokeAsynchronously(lambda, id, event, invocations, listener);
      const state = world.codePipeline.state(id) ?? 'Open';
      const { results } = world.codePipeline;
      job = next.shift();
      if (state !== 'Continued' || !job) return { invocations, state, results };
      event = job.event;
      const last = results.at(-1);
      if (last) listener.continued?.(last);
    }
    throw new Error('A job was continued without a next job');
  } finally {
    unsubscribe();
  }
}

/** Retries carry the same event and the same request id. Lambda waits a minute or two between them; a replay need not. */
async function invokeAsynchronously(
  lambda: Pick<LambdaFunction, 'invoke'>,
  jobId: string,
  event: unknown,
  invocations: JobInvocation[],
  listener: JobListener,
): Promise<void> {
  const requestId = randomUUID();
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const invocation = { ...(await lambda.invoke(event, requestId)), jobId, attempt };
    invocations.push(invocation);
    if (invocation.outcome === 'ok') return;
    listener.failed?.(invocation, attempt < MAX_ATTEMPTS);
  }
}
