// Retries of single requests: backoff with jitter inside a time budget, and a pace that follows throttling.
import { DefaultRateLimiter } from '@smithy/core/retry';
import type { RetryErrorInfo, RetryStrategyV2, RetryToken } from '@smithy/types';
import { isThrottling, isTransient } from './failure.ts';

const TRANSIENT_DELAY_MS = 50;
const THROTTLING_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;

/** How long requests are retried, and who wants to know of throttling. */
export interface RetryOptions {
  /** From the first attempt of a request, in milliseconds. */
  readonly budgetMs: number;
  /** Called for every answer that asks to slow down. */
  readonly onThrottled: () => void;
  /** Called for every retry. */
  readonly onRetry?: () => void;
}

/**
 * Retries what may succeed a moment later until the time budget of the request is spent. The SDK's own strategies count attempts
 * and share a small quota of retries, which a burst of throttled parts would use up at once.
 */
export class TimedRetryStrategy implements RetryStrategyV2 {
  readonly #options: RetryOptions;
  readonly #pace = new DefaultRateLimiter();

  constructor(options: RetryOptions) {
    this.#options = options;
  }

  async acquireInitialRetryToken(): Promise<RetryToken> {
    await this.#pace.getSendToken();
    return token(0, 0, Date.now());
  }

  async refreshRetryTokenForRetry(previous: TimedToken, info: RetryErrorInfo): Promise<RetryToken> {
    const error =
      info.error instanceof Error ? info.error : new Error('a request failed', { cause: info.error });
    const throttled = isThrottling(error);
    if (throttled) {
      this.#options.onThrottled();
      this.#pace.updateClientSendingRate(info);
    }
    if (!isTransient(error)) throw error;
    const count = previous.getRetryCount();
    const ceilingMs = Math.min(
      MAX_DELAY_MS,
      (throttled ? THROTTLING_DELAY_MS : TRANSIENT_DELAY_MS) * 2 ** Math.min(count, 10),
    );
    const hintMs = info.retryAfterHint === undefined ? 0 : info.retryAfterHint.getTime() - Date.now();
    const delayMs = Math.max(Math.min(hintMs, MAX_DELAY_MS), ceilingMs * (0.5 + Math.random() / 2));
    if (Date.now() + delayMs - previous.startedAtMs > this.#options.budgetMs) throw error;
    this.#options.onRetry?.();
    await this.#pace.getSendToken();
    return token(count + 1, delayMs, previous.startedAtMs);
  }

  recordSuccess(): void {
    this.#pace.updateClientSendingRate({});
  }
}

interface TimedToken extends RetryToken {
  readonly startedAtMs: number;
}

function token(count: number, delayMs: number, startedAtMs: number): TimedToken {
  return { startedAtMs, getRetryCount: () => count, getRetryDelay: () => delayMs };
}
