// Looks at destinations while they are written to: a stage that is run again finds its copies there, and waits for no second round trip.
import { setImmediate } from 'node:timers/promises';
import { type JobContext, withGracePeriod } from '../context/context.ts';
import { isElsewhere, lookAt } from '../facts/resolve.ts';
import { GRACE_MS } from '../speeds.ts';
import type { CopyTask } from '../types.ts';

/** The looks at the `unseen` copies of a job. */
export class EarlyLooks {
  readonly #context: JobContext;
  /** The task as it was seen; `undefined` where nothing was found, or the look failed. */
  readonly #looks = new Map<CopyTask, Promise<CopyTask | undefined>>();

  constructor(context: JobContext) {
    this.#context = context;
  }

  /** Begins looks when all copies are on their way: on connections that have nothing to do, so that they are answered before the copies. */
  async begin(tasks: readonly CopyTask[]): Promise<void> {
    for (const task of tasks) {
      // Requests take their connections when the event loop turns.
      await setImmediate();
      const { bucket, region } = task.destination;
      if (this.#context.s3.idleConnections(bucket, region) === 0) continue;
      const look = this.#begin(task);
      this.#looks.set(task, look);
      // None goes on in the next invocation of the process, and none has its connection closed by its end.
      this.#context.afterwards.push(look.then(() => undefined));
    }
  }

  /** The task as a look shows it, which is another one where the early look has found nothing. @throws what `lookAt` throws */
  async see(task: CopyTask): Promise<CopyTask> {
    return (await this.#looks.get(task)) ?? (await lookAt(task, this.#context));
  }

  async #begin(task: CopyTask): Promise<CopyTask | undefined> {
    // What is wrong shows in the copy: a look that nobody waits for has failed nothing, and doubts no denial.
    const { noteFailure: _, ...context } = this.#context;
    const settings = { ...context.settings, accessDeniedRetryMs: 0 };
    const { signal } = withGracePeriod(this.#context, GRACE_MS);
    const seen = await lookAt(task, { ...context, settings, signal }).catch(() => undefined);
    return seen?.existing !== undefined || isElsewhere(seen, task) ? seen : undefined;
  }
}
