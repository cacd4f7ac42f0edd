// Wakes many waiters at precise moments with one timer: to the nearest half millisecond, without spinning.

/**
 * How much earlier than the deadline the timer is set, in milliseconds. Node's timers count whole milliseconds and fire
 * on average half of one late; aiming this much ahead centres the error on zero (`npm run wan -- --self-test` shows it).
 */
const TIMER_ADVANCE_MS = 0.6;

/** A waiter is woken when its deadline is at most this far away, in milliseconds: nearer than the next tick would be. */
const TICK_HALF_MS = 0.5;

interface Waiter {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A queue of deadlines on the clock of `performance.now()`. */
export class Deadlines {
  /** Earliest deadline first; most come in about that order. */
  readonly #queue: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** Resolves at `atMs` (on the clock of `performance.now()`), or at once when that has passed. */
  reached(atMs: number): Promise<void> {
    if (atMs <= performance.now() + TICK_HALF_MS) return Promise.resolve();
    return new Promise((wake) => {
      const before = this.#queue.findLastIndex((waiter) => waiter.atMs <= atMs);
      this.#queue.splice(before + 1, 0, { atMs, wake });
      this.#arm();
    });
  }

  #arm(): void {
    const [first] = this.#queue;
    if (first === undefined || first.atMs >= this.#armedForMs) return;
    clearTimeout(this.#timer);
    this.#armedForMs = first.atMs;
    const delayMs = Math.round(first.atMs - performance.now() - TIMER_ADVANCE_MS);
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, delayMs));
  }

  #fire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const dueMs = performance.now() + TICK_HALF_MS;
    const later = this.#queue.findIndex(({ atMs }) => atMs > dueMs);
    const due = this.#queue.splice(0, later === -1 ? this.#queue.length : later);
    for (const { wake } of due) wake();
    this.#arm();
  }
}
