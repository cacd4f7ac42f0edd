// The job loop: continuations are new jobs, failed invocations are tried again, and only an answer ends a job.
import { describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import type { Invocation } from '../../../local/lambda/execution-environment.ts';
import { type JobRun, runJob } from '../../../local/pipeline/job-loop.ts';

type Outcome = Invocation['outcome'];
interface JobEvent {
  readonly 'CodePipeline.job': {
    readonly id: string;
    readonly data: { readonly continuationToken?: string; readonly artifactCredentials: object };
  };
}

/** Runs a job with a function that answers each invocation by a step of the script. */
async function run(
  ...script: ((world: World, jobId: string) => Outcome)[]
): Promise<JobRun & { events: JobEvent[]; requestIds: string[] }> {
  const world = new World();
  const job = world.codePipeline.createJob({
    accountId: '111122223333',
    data: {
      actionConfiguration: { configuration: {} },
      inputArtifacts: [],
      outputArtifacts: [],
    },
  });
  const events: JobEvent[] = [];
  const requestIds: string[] = [];
  const invoke = (event: unknown, requestId = ''): Promise<Invocation> => {
    events.push(event as JobEvent);
    requestIds.push(requestId);
    const step = script[events.length - 1];
    if (!step) throw new Error('invoked more often than expected');
    const outcome = step(world, (event as JobEvent)['CodePipeline.job'].id);
    return Promise.resolve({
      requestId,
      outcome,
      startedAt: new Date(0),
      durationMs: 1,
      initMs: 0,
      lines: [],
    });
  };
  return { ...(await runJob(world, { invoke }, { job, event: job.event })), events, requestIds };
}

function succeed(world: World, jobId: string): Outcome {
  world.codePipeline.recordResult(
    { jobId, operation: 'PutJobSuccessResult', input: {}, at: new Date() },
    undefined,
  );
  return 'ok';
}

function goOn(world: World, jobId: string): Outcome {
  world.codePipeline.recordResult(
    { jobId, operation: 'PutJobSuccessResult', input: {}, at: new Date() },
    'token',
  );
  return 'ok';
}

const jobIds = (events: readonly JobEvent[]): string[] => events.map((event) => event['CodePipeline.job'].id);

describe('runJob', () => {
  it('invokes once when the function answers', async () => {
    const { state, events, invocations } = await run(succeed);
    expect(state).toBe('Succeeded');
    expect(events).toHaveLength(1);
    expect(invocations).toMatchObject([{ attempt: 1, jobId: jobIds(events)[0] }]);
  });

  it('answers a continuation token with a new job and fresh credentials', async () => {
    const { state, events } = await run(goOn, goOn, succeed);
    expect(state).toBe('Succeeded');
    expect(new Set(jobIds(events)).size).toBe(3);
    const [first, second] = events.map((event) => event['CodePipeline.job'].data);
    expect(second?.continuationToken).toBe('token');
    expect(second?.artifactCredentials).not.toEqual(first?.artifactCredentials);
  });

  it('tries a failed invocation again with the same event and request id', async () => {
    const { state, events, requestIds, invocations } = await run(() => 'timeout', succeed);
    expect(state).toBe('Succeeded');
    expect(new Set(jobIds(events)).size).toBe(1);
    expect(new Set(requestIds).size).toBe(1);
    expect(invocations.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('gives up after the second attempt, as deployed, and leaves the job open', async () => {
    const fail = (): Outcome => 'error';
    const { state, events } = await run(fail, fail);
    expect(state).toBe('Open');
    expect(events).toHaveLength(2);
  });

  it('does not try again when the function returns without an answer', async () => {
    const { state, events } = await run(() => 'ok');
    expect(state).toBe('Open');
    expect(events).toHaveLength(1);
  });
});
