// The request slots that all copies of a job share.
import pLimit, { type LimitFunction } from 'p-limit';

/** A fixed number of slots; how many requests leave per second is another matter (aws/rate-limiter.ts). */
export class RequestSlots {
  readonly #limit: LimitFunction;

  constructor(size: number) {
    this.#limit = pLimit(size);
  }

  /**
   * Waits for a slot, then runs the work in it. Resolves when the work has *started*, with a promise of its end: a copy that asks for one
   * slot at a time leaves the others their turn.
   */
  start<T>(work: () => Promise<T>): Promise<{ readonly done: Promise<T> }> {
    return new Promise((resolve, reject) => {
      const done = this.#limit(() => {
        resolve({ done });
        return work();
      });
      done.catch(reject);
    });
  }
}
