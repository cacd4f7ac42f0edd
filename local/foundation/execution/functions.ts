// The functions of the foundation, each started when it is first invoked, and the delivery of jobs to them.
import { randomUUID } from 'node:crypto';
import type { Job } from '../../aws/state/code-pipeline/jobs.ts';
import { type Invocable, type JobRun, runJob } from '../../pipeline/job-loop.ts';
import type { Cloud } from './cloud.ts';
import { DeployedFunction } from './deployed-function.ts';
import { StepError } from './steps.ts';

/** What Lambda sees of a function that dies before it can do anything: no process is needed for that. */
const DYING: Invocable = {
  invoke: (_event, requestId = randomUUID()) =>
    Promise.resolve({
      requestId,
      outcome: 'crash',
      errorMessage: 'Runtime exited with SIGKILL',
      startedAt: new Date(),
      durationMs: 0,
      initMs: 0,
      lines: [],
    }),
};

/** One process for each function, warm from one job to the next. */
export class Functions implements AsyncDisposable {
  readonly #cloud: Cloud;
  readonly #started = new Map<string, DeployedFunction>();

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
  }

  /** The function of a name. @throws AccessDenied when Lambda cannot assume its role */
  get(functionName: string): DeployedFunction {
    const known = this.#started.get(functionName);
    if (known !== undefined) return known;
    const started = new DeployedFunction(this.#cloud, functionName);
    this.#started.set(functionName, started);
    return started;
  }

  /**
   * Delivers a job as Lambda does: with the retries and the on-failure destination of the template.
   *
   * @param options.dies whether the function dies each time
   */
  async runJob(functionName: string, job: Job, { dies = false } = {}): Promise<JobRun> {
    const lambda = this.get(functionName);
    const lostJobName = lambda.onFailureArn?.split(':').at(-1);
    return runJob(
      this.#cloud.aws.world,
      dies ? DYING : lambda,
      { job, event: job.event },
      {
        attempts: lambda.attempts,
        ...(lostJobName === undefined
          ? {}
          : { onFailure: { invoke: (payload) => this.#handOver(lambda, lostJobName, payload) } }),
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lambda of this.#started.values()) await lambda[Symbol.asyncDispose]();
  }

  async #handOver(lambda: DeployedFunction, lostJobName: string, payload: unknown) {
    try {
      return await lambda.handOver(this.get(lostJobName), payload);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new StepError(
        'ActionTimeout',
        `Lambda gave up, and could not hand the event to ${lostJobName}: ${message}. The action would time out after 20 minutes.`,
        { cause },
      );
    }
  }
}
