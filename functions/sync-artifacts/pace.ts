// The pace of requests to one region: none until AWS asks to slow down, then as fast as it lets us.

/** After a request to slow down, this share of the rate that worked. */
const SLOWER = 0.75;
/** How fast the rate climbs back to where it was refused, and then beyond (the cubic growth of RFC 9438, per second cubed). */
const GROWTH = 0.4;
/** Throttled requests less than this long apart were on their way together, and slow the pace down once. */
const SAME_EVENT_MS = 250;
/** The rate that worked is measured over this time. */
const WINDOW_MS = 1_000;
const BUCKETS = 10;
const BUCKET_MS = WINDOW_MS / BUCKETS;
/** One refusal among few requests says little about the rate: the pace begins no slower than this. */
const FIRST_PER_SECOND = 25;
/** Even a service that refuses everything is asked this often, per second. */
const SLOWEST_PER_SECOND = 2;
/** So long without being asked to slow down, and the pace is free again. */
const FORGET_MS = 30_000;
/** Timers are no finer than this; at high rates several requests leave together. */
const TICK_MS = 4;

/**
 * A pace that all requests of one region share. While nobody asks to slow down it costs one comparison a request. The concurrency of
 * copies (budget.ts) bounds what is in flight; this bounds how many are sent per second, which is what S3 counts.
 */
export class Pace {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  readonly #succeeded: number[] = Array.from({ length: BUCKETS }, () => 0);
  #bucket = 0;
  /** Requests per second; undefined while nothing holds them back. */
  #rate: number | undefined;
  /** The rate at which AWS asked to slow down. */
  #refusedRate = 0;
  #slowedAtMs = 0;
  #throttledAtMs = Number.NEGATIVE_INFINITY;
  /** Requests that may leave now; a fraction is on its way to one. */
  #tokens = 0;
  #countedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Requests per second that are sent at the most; undefined while nothing holds them back. */
  get perSecond(): number | undefined {
    return this.#rate;
  }

  /** Resolves when the next request may leave; `undefined` when it may at once. */
  turn(): Promise<void> | undefined {
    if (this.#rate === undefined) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#release();
    });
  }

  /** Notes that a request succeeded. */
  succeeded(): void {
    const now = this.#now();
    this.#advance(now);
    const slot = this.#bucket % BUCKETS;
    this.#succeeded[slot] = (this.#succeeded[slot] ?? 0) + 1;
    if (this.#rate !== undefined) this.#grow(now);
  }

  /** Notes that AWS asked to slow down. */
  throttled(): void {
    const now = this.#now();
    const sameEvent = now - this.#throttledAtMs < SAME_EVENT_MS;
    this.#throttledAtMs = now;
    if (sameEvent && this.#rate !== undefined) return;
    this.#advance(now);
    const worked = this.#succeeded.reduce((sum, count) => sum + count, 0) * (1000 / WINDOW_MS);
    this.#refusedRate =
      this.#rate === undefined
        ? Math.max(FIRST_PER_SECOND, worked)
        : Math.max(SLOWEST_PER_SECOND, Math.min(worked, this.#rate));
    this.#rate = Math.max(SLOWEST_PER_SECOND, this.#refusedRate * SLOWER);
    this.#slowedAtMs = now;
    this.#tokens = Math.min(this.#tokens, 0);
    this.#countedAtMs = now;
  }

  /** Lets everybody go who still waits, since the job that they belong to is over. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const go of this.#waiting.splice(0)) go();
  }

  #grow(now: number): void {
    if (now - this.#throttledAtMs > FORGET_MS) {
      this.#rate = undefined;
      this.reset();
      return;
    }
    const seconds = (now - this.#slowedAtMs) / 1000;
    const plateauSeconds = Math.cbrt((this.#refusedRate * (1 - SLOWER)) / GROWTH);
    this.#rate = Math.max(SLOWEST_PER_SECOND, this.#refusedRate + GROWTH * (seconds - plateauSeconds) ** 3);
  }

  readonly #release = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const rate = this.#rate ?? Number.POSITIVE_INFINITY;
    const now = this.#now();
    // Never a burst: what was not used is not saved up.
    this.#tokens = Math.min(
      Math.max(1, (rate * TICK_MS) / 1000),
      this.#tokens + ((now - this.#countedAtMs) * rate) / 1000,
    );
    this.#countedAtMs = now;
    while (this.#tokens >= 1 && this.#waiting.length > 0) {
      this.#tokens -= 1;
      this.#waiting.shift()?.();
    }
    if (this.#waiting.length === 0) return;
    this.#timer = setTimeout(this.#release, Math.max(TICK_MS, ((1 - this.#tokens) / rate) * 1000));
  };

  /** Empties the buckets of the window that time has left behind. */
  #advance(now: number): void {
    const bucket = Math.floor(now / BUCKET_MS);
    const passed = bucket - this.#bucket;
    if (passed <= 0) return;
    this.#bucket = bucket;
    for (let i = 0; i < Math.min(passed, BUCKETS); i++) this.#succeeded[(bucket - i) % BUCKETS] = 0;
  }
}
