// Limits the rate of requests to one region: unlimited until AWS asks to slow down, then as fast as AWS accepts.

/** After a request to slow down, this share of the rate that worked. */
const SLOWER = 0.75;
/** The rate is back where it was refused after so long; then it stays there for a while, and climbs beyond (as RFC 9438 does, per share). */
const PLATEAU_SECONDS = 2;
/** The first refusal tells little about the rate that is allowed: until the second, the rate doubles in this time. */
const DOUBLING_SECONDS = 1;
/** What is refused so soon after the pace was slowed down was on its way before. */
const SAME_EVENT_MS = 300;
/** The rate that worked is measured over this time. */
const WINDOW_MS = 1_000;
const BUCKETS = 10;
const BUCKET_MS = WINDOW_MS / BUCKETS;
/** The first refusal comes after a burst and says little about the rate: the pace begins near this, and soon finds out. */
const FIRST_PER_SECOND = 50;
/** Even a service that refuses everything is asked this often, per second: S3's own limits are in the thousands. */
const SLOWEST_PER_SECOND = 10;
/** So long without being asked to slow down, and the pace is free again. */
const FORGET_MS = 30_000;
/** Timers are no finer than this; at high rates several requests leave together. */
const TICK_MS = 4;

/**
 * A limit that all requests of one region share. While nobody asks to slow down it costs one comparison a request. Request slots
 * (concurrency.ts) bound what is in flight; this bounds how many are sent per second, which is what S3 counts.
 */
export class RateLimiter {
  readonly #now: () => number;
  readonly #waiting: (() => void)[] = [];
  readonly #answered: number[] = Array.from({ length: BUCKETS }, () => 0);
  #bucket = 0;
  /** Requests per second; undefined while nothing holds them back. */
  #rate: number | undefined;
  /** The rate at which AWS asked to slow down. */
  #refusedRate = 0;
  /** Asked to slow down for the first time since the pace was free. */
  #first = true;
  #slowedAtMs = 0;
  #throttledAtMs = Number.NEGATIVE_INFINITY;
  /** Answers are counted from here on. */
  #countedSinceMs = 0;
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
  acquire(): Promise<void> | undefined {
    if (this.#rate === undefined) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#release();
    });
  }

  /** Notes that a request was answered with anything but a plea to slow down. */
  onAnswer(): void {
    const now = this.#now();
    this.#advance(now);
    const slot = this.#bucket % BUCKETS;
    this.#answered[slot] = (this.#answered[slot] ?? 0) + 1;
    if (this.#rate !== undefined) this.#grow(now);
  }

  /** Notes that AWS asked to slow down. */
  onThrottled(): void {
    const now = this.#now();
    this.#throttledAtMs = now;
    if (this.#rate !== undefined && now - this.#slowedAtMs < SAME_EVENT_MS) return;
    this.#advance(now);
    this.#first = this.#rate === undefined;
    if (this.#first) {
      // What was answered so far was a burst, which says nothing about the rate.
      this.#answered.fill(0);
      this.#countedSinceMs = now;
    }
    this.#refusedRate = this.#first ? FIRST_PER_SECOND : this.#worked(now);
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

  /** Answers per second recently. */
  #worked(now: number): number {
    const windowMs = Math.min(WINDOW_MS, Math.max(BUCKET_MS, now - this.#countedSinceMs));
    return (this.#answered.reduce((sum, count) => sum + count, 0) / windowMs) * 1000;
  }

  #grow(now: number): void {
    if (now - this.#throttledAtMs > FORGET_MS) {
      this.#rate = undefined;
      this.reset();
      return;
    }
    const seconds = (now - this.#slowedAtMs) / 1000;
    const share = this.#first
      ? SLOWER * 2 ** (seconds / DOUBLING_SECONDS)
      : 1 + (1 - SLOWER) * (seconds / PLATEAU_SECONDS - 1) ** 3;
    this.#rate = Math.max(SLOWEST_PER_SECOND, this.#refusedRate * share);
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
    for (let i = 0; i < Math.min(passed, BUCKETS); i++) this.#answered[(bucket - i) % BUCKETS] = 0;
  }
}
