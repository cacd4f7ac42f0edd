// Counts write requests per prefix over the last second, and says when there are too many.

const WINDOW_MS = 1000;

/** A sliding window of one second for every prefix. */
export class WriteRate {
  readonly #limit: number;
  /** The moments of the last `limit` admitted writes per prefix, as a ring. */
  readonly #rings = new Map<string, { readonly atMs: Float64Array; next: number }>();

  constructor(limitPerSecond: number) {
    this.#limit = limitPerSecond;
  }

  /** Whether one more write at `nowMs` stays within the limit; counts it if so. */
  admits(prefix: string, nowMs: number): boolean {
    let ring = this.#rings.get(prefix);
    if (ring === undefined) {
      ring = { atMs: new Float64Array(this.#limit).fill(Number.NEGATIVE_INFINITY), next: 0 };
      this.#rings.set(prefix, ring);
    }
    const oldestMs = ring.atMs[ring.next] ?? Number.NEGATIVE_INFINITY;
    if (nowMs - oldestMs < WINDOW_MS) return false;
    ring.atMs[ring.next] = nowMs;
    ring.next = (ring.next + 1) % this.#limit;
    return true;
  }
}
