// One budget of copy requests in flight for a whole job; it shrinks under throttling and recovers.
import pLimit, { type LimitFunction } from 'p-limit';

/** Throttling within this time is one event: the requests were on their way together. */
const SHRINK_INTERVAL_MS = 500;
const SHRINK_FACTOR = 0.7;
const MINIMUM = 2;

/** Shares request slots between all copies of a job. */
export class RequestSlots {
  readonly #maximum: number;
  readonly #limit: LimitFunction;
  #size: number;
  #successes = 0;
  #shrunkAtMs = 0;

  constructor(maximum: number) {
    this.#maximum = maximum;
    this.#size = maximum;
    this.#limit = pLimit(maximum);
  }

  /** Request slots there are now. */
  get size(): number {
    return this.#size;
  }

  /**
   * Waits for a slot, then runs the work in it. Resolves when the work has *begun*, with a promise of its end: a copy that asks for one
   * slot at a time leaves the others their turn.
   */
  begin<T>(work: () => Promise<T>): Promise<{ readonly done: Promise<T> }> {
    return new Promise((resolve, reject) => {
      const done = this.#limit(async () => {
        resolve({ done });
        const result = await work();
        this.#grow();
        return result;
      });
      done.catch(reject);
    });
  }

  /** Tells the budget that AWS asked to slow down. */
  throttled(): void {
    const now = Date.now();
    if (now - this.#shrunkAtMs < SHRINK_INTERVAL_MS) return;
    this.#shrunkAtMs = now;
    this.#resize(Math.max(Math.min(MINIMUM, this.#maximum), Math.floor(this.#size * SHRINK_FACTOR)));
  }

  /** One slot more after as many successes as there are slots. */
  #grow(): void {
    if (this.#size >= this.#maximum || ++this.#successes < this.#size) return;
    this.#resize(this.#size + 1);
  }

  #resize(size: number): void {
    this.#successes = 0;
    this.#size = size;
    this.#limit.concurrency = size;
  }
}
