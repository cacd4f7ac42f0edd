// Retries of single requests: backoff with jitter inside a time budget, at a rate that follows throttling.
import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types';
import { isThrottling, isTransient } from '../errors.ts';
import { RateLimiter, type Ticket } from './rate-limiter.ts';

const TRANSIENT_DELAY_MS = 50;
const THROTTLING_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;
/** A large part may stall for longer than the budget: it is tried this often all the same. */
const MIN_ATTEMPTS = 3;

/** How long requests are retried, and who wants to know of throttling. */
interface RetryOptions {
  /** From the first attempt of a request, in milliseconds; waiting for its turn at a slow pace does not count. */
  readonly budgetMs: number;
  /** Called for every answer that asks to slow down. */
  readonly onThrottled: () => void;
}

/**
 * Retries what may succeed a moment later until the time budget of the request is spent. The SDK's own strategies count attempts
 * and share a small quota of retries, which a burst of throttled parts would use up at once.
 */
export class TimedRetryStrategy implements RetryStrategyV2 {
  readonly #options: RetryOptions;
  readonly #limiter = new RateLimiter();

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    return token(0, 0, await this.#limiter.acquire(), Date.now());
  }

  async refreshRetryTokenForRetry(previous: TimedToken, info: RetryErrorInfo): Promise<RetryToken> {
    const error =
      info.error instanceof Error ? info.error : new Error('a request failed', { cause: info.error });
    const throttled = isThrottling(error);
    if (throttled) {
      this.#options.onThrottled();
      this.#limiter.onThrottled(previous.ticket);
    }
    if (!isTransient(error)) throw error;
    const count = previous.getRetryCount();
    const ceilingMs = Math.min(
      MAX_DELAY_MS,
      (throttled ? THROTTLING_DELAY_MS : TRANSIENT_DELAY_MS) * 2 ** Math.min(count, 10),
    );
    const hintMs = info.retryAfterHint === undefined ? 0 : info.retryAfterHint.getTime() - Date.now();
    const delayMs = Math.max(Math.min(hintMs, MAX_DELAY_MS), ceilingMs * (0.5 + Math.random() / 2));
    const spentMs = Date.now() + delayMs - previous.startedAtMs;
    if (spentMs > this.#options.budgetMs && count + 1 >= MIN_ATTEMPTS) throw error;
    const waitsSinceMs = Date.now();
    const turn = this.#limiter.acquire();
    if (!(turn instanceof Promise)) return token(count + 1, delayMs, turn, previous.startedAtMs);
    const ticket = await turn;
    // Waiting for one's turn is backoff enough, and uses up no more of the budget than the backoff would have.
    const excessMs = Math.max(0, Date.now() - waitsSinceMs - delayMs);
    return token(count + 1, 0, ticket, previous.startedAtMs + excessMs);
  }

  recordSuccess(): void {
    // The pace follows refusals alone.
  }

  /** Lets requests of an earlier job go that still wait for their turn. */
  reset(): void {
    this.#limiter.reset();
  }
}

interface TimedToken extends RetryToken {
  readonly startedAtMs: number;
  readonly ticket: Ticket;
}

function token(count: number, delayMs: number, ticket: Ticket, startedAtMs: number): TimedToken {
  return { startedAtMs, ticket, getRetryCount: () => count, getRetryDelay: () => delayMs };
}
