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
  /** Binary heap, earliest deadline first. */
  readonly #heap: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** Resolves at `atMs` (on the clock of `performance.now()`), or at once when that has passed. */
  reached(atMs: number): Promise<void> {
    if (atMs <= performance.now() + TICK_HALF_MS) {
      return Promise.resolve();
    }
    return new Promise((wake) => {
      this.#push({ atMs, wake });
      this.#arm();
    });
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.atMs >= this.#armedForMs) {
      return;
    }
    clearTimeout(this.#timer);
    this.#armedForMs = first.atMs;
    const delayMs = Math.round(first.atMs - performance.now() - TIMER_ADVANCE_MS);
    this.#timer = setTimeout(() => this.#fire(), Math.max(1, delayMs));
  }

  #fire(): void {
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const dueMs = performance.now() + TICK_HALF_MS;
    for (let first = this.#heap[0]; first !== undefined && first.atMs <= dueMs; first = this.#heap[0]) {
      this.#pop();
      first.wake();
    }
    this.#arm();
  }

  #push(waiter: Waiter): void {
    const heap = this.#heap;
    let index = heap.push(waiter) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.atMs <= waiter.atMs) {
        break;
      }
      heap[index] = above;
      index = parent;
    }
    heap[index] = waiter;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) {
      return;
    }
    let index = 0;
    for (;;) {
      const leftIndex = 2 * index + 1;
      const left = heap[leftIndex];
      const right = heap[leftIndex + 1];
      const childIndex =
        right !== undefined && left !== undefined && right.atMs < left.atMs ? leftIndex + 1 : leftIndex;
      const child = heap[childIndex];
      if (child === undefined || child.atMs >= last.atMs) {
        break;
      }
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = last;
  }
}
