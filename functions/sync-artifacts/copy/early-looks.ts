// Looks at destinations while they are written to: a stage that is run again finds its copies there, and waits for no second round trip.
import { setImmediate } from 'node:timers/promises';
import type { JobContext } from '../context/context.ts';
import { lookAt } from '../facts/resolve.ts';
import type { CopyTask } from '../types.ts';

/** Looks of a job that may open a connection: 2 ms of CPU each, which a small job has while it waits for its copies (`npm run bench`). */
const MAX_OPENED = 16;

interface EarlyLook {
  readonly stop: AbortController;
  /** The task as it was seen; `undefined` where nothing was found, or the look failed. */
  readonly seen: Promise<CopyTask | undefined>;
  /** It left on a connection that was open, so that its answer is not farther away than that of any other. */
  readonly isPrompt: boolean;
}

/** The looks at the `unseen` copies of a job. */
export class EarlyLooks {
  readonly #context: JobContext;
  readonly #looks = new Map<CopyTask, EarlyLook>();
  readonly #ended = new Set<CopyTask>();

  constructor(context: JobContext) {
    this.#context = context;
  }

  /** Begins looks, when all copies are on their way: as many as cost next to nothing. */
  async begin(tasks: readonly CopyTask[]): Promise<void> {
    let opened = 0;
    for (const task of tasks) {
      // Requests take their connections when the event loop turns.
      await setImmediate();
      if (this.#ended.has(task)) continue;
      const { bucket, region } = task.destination;
      const isPrompt = this.#context.s3.idleConnections(bucket, region) > 0;
      if (!isPrompt && ++opened > MAX_OPENED) continue;
      this.#looks.set(task, this.#begin(task, isPrompt));
    }
  }

  /** The task as a look shows it, which is another one where the early look has found nothing. @throws what `lookAt` throws */
  async see(task: CopyTask): Promise<CopyTask> {
    const early = this.#looks.get(task);
    if (early?.isPrompt) return (await early.seen) ?? (await lookAt(task, this.#context));
    const look = lookAt(task, this.#context);
    // The connection of the refused copy is free by now, while that of the early look may still be opening.
    return early === undefined
      ? await look
      : await Promise.race([look, early.seen.then((seen) => seen ?? look)]);
  }

  /** Nobody needs the look at a task any more. */
  end(task: CopyTask): void {
    this.#ended.add(task);
    this.#looks.get(task)?.stop.abort();
  }

  #begin(task: CopyTask, isPrompt: boolean): EarlyLook {
    const stop = new AbortController();
    // What is wrong shows in the copy: a look that nobody waits for has failed nothing.
    const { noteFailure: _, ...context } = this.#context;
    const signal = AbortSignal.any([context.signal, stop.signal]);
    const seen = lookAt(task, { ...context, signal }).then(
      (found) => {
        const isElsewhere = found.destination.region !== task.destination.region;
        return found.existing !== undefined || isElsewhere ? found : undefined;
      },
      () => undefined,
    );
    return { stop, seen, isPrompt };
  }
}
