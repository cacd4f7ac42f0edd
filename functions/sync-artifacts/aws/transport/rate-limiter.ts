// Limits the rate of requests to one region: unlimited until AWS asks to slow down, then as fast as AWS accepts.

/** After the first refusal, this share of the rate at which requests left before it; what is accepted is not known yet. */
const FIRST_SHARE = 0.5;
/** At least this many per second, since the few requests of a job's beginning say nothing. */
const FIRST_PER_SECOND = 50;
/** Until the next refusal the rate doubles in this time. */
const DOUBLING_SECONDS = 0.25;
/** After all others, this share of the rate that was accepted. */
const SLOWER = 0.95;
/** By how much the rate grows in a second then, while nobody asks to slow down. */
const GROWTH_PER_SECOND = 1.4;
/** The rate that is accepted is measured for as long, in milliseconds, and over as many requests. */
const MEASURED_MS = 200;
const MEASURED_REQUESTS = 20;
/** Even a service that refuses everything is asked this often, per second: S3's own limits are in the thousands. */
const SLOWEST_PER_SECOND = 10;
/** So long without being asked to slow down, and the pace is free again. */
const FORGET_MS = 30_000;
/** While the pace is free, the rate is measured over at most this time, in milliseconds. */
const FREE_WINDOW_MS = 1_000;
/** Timers are no finer than this; at high rates several requests leave together. */
const TICK_MS = 4;

/** Leave to send a request. */
export interface Ticket {
  readonly sentAtMs: number;
  /** How many had left at the same pace before it, and which pace that was. */
  readonly index: number;
  readonly pace: number;
}

/**
 * A limit that all requests of one region share. While nobody asks to slow down it costs next to nothing. Request slots (concurrency.ts)
 * bound what is in flight; this bounds how many are sent per second, which is what S3 counts. What it accepts shows in what it refuses,
 * which comes one round trip after a request was sent: other answers come when the bytes have moved.
 */
export class RateLimiter {
  readonly #waiting: ((ticket: Ticket) => void)[] = [];
  /** Requests per second when the pace last changed; undefined while nothing holds them back. */
  #base: number | undefined;
  /** AWS asked to slow down for the first time since the pace was free. */
  #first = true;
  #throttledAtMs = Number.NEGATIVE_INFINITY;
  /** Counts the changes of the pace. */
  #pace = 0;
  #changedAtMs = 0;
  /** Requests that left since then, and how many of them were refused. */
  #sent = 0;
  #refused = 0;
  /** Requests that may leave now; a fraction is on its way to one. */
  #tokens = 0;
  #countedAtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** The ticket of the next request, when it may leave. */
  acquire(): Promise<Ticket> | Ticket {
    if (this.#base === undefined) {
      // The rate of a burst is measured from its own beginning.
      const now = performance.now();
      if (now - this.#changedAtMs > FREE_WINDOW_MS) this.#change(undefined, now);
      return this.#ticket(now);
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#release();
    });
  }

  /** Notes that AWS answered a request with a plea to slow down. */
  onThrottled({ sentAtMs, index, pace }: Ticket): void {
    const now = performance.now();
    this.#throttledAtMs = now;
    // It left before the pace changed, which made up for it.
    if (pace !== this.#pace) return;
    if (this.#base === undefined) {
      const seconds = Math.max(MEASURED_MS, now - this.#changedAtMs) / 1000;
      this.#first = true;
      this.#change(Math.max(FIRST_PER_SECOND, (FIRST_SHARE * this.#sent) / seconds), now);
      return;
    }
    this.#refused += 1;
    const measuredMs = sentAtMs - this.#changedAtMs;
    if (measuredMs < MEASURED_MS || index < MEASURED_REQUESTS) return;
    this.#first = false;
    this.#change(SLOWER * ((index + 1 - this.#refused) / measuredMs) * 1000, now);
  }

  /** Lets everybody go who still waits, since the job that they belong to is over. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    for (const go of this.#waiting.splice(0)) go(this.#ticket(now));
  }

  #ticket(sentAtMs: number): Ticket {
    return { sentAtMs, index: this.#sent++, pace: this.#pace };
  }

  #change(perSecond: number | undefined, now: number): void {
    this.#base = perSecond === undefined ? undefined : Math.max(SLOWEST_PER_SECOND, perSecond);
    this.#pace += 1;
    this.#changedAtMs = now;
    this.#sent = 0;
    this.#refused = 0;
    this.#tokens = Math.min(this.#tokens, 0);
    this.#countedAtMs = now;
  }

  /** Requests per second by now. */
  #rate(base: number, now: number): number {
    const seconds = (now - this.#changedAtMs) / 1000;
    return base * (this.#first ? 2 ** (seconds / DOUBLING_SECONDS) : GROWTH_PER_SECOND ** seconds);
  }

  readonly #release = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const now = performance.now();
    if (this.#base === undefined || now - this.#throttledAtMs > FORGET_MS) {
      this.#change(undefined, now);
      this.reset();
      return;
    }
    const rate = this.#rate(this.#base, now);
    // Never a burst: what was not used is not saved up.
    this.#tokens = Math.min(
      Math.max(1, (rate * TICK_MS) / 1000),
      this.#tokens + ((now - this.#countedAtMs) * rate) / 1000,
    );
    this.#countedAtMs = now;
    while (this.#tokens >= 1 && this.#waiting.length > 0) {
      this.#tokens -= 1;
      this.#waiting.shift()?.(this.#ticket(now));
    }
    if (this.#waiting.length === 0) return;
    this.#timer = setTimeout(this.#release, Math.max(TICK_MS, ((1 - this.#tokens) / rate) * 1000));
  };
}
