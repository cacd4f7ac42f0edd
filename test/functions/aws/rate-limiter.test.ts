// The pace under a limit of requests per second, by a clock of its own: hardly any request in vain, hardly any time lost.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimiter } from '../../../functions/sync-artifacts/aws/transport/rate-limiter.ts';
import { TimedRetryStrategy } from '../../../functions/sync-artifacts/aws/transport/retry.ts';

/** A service that refuses what exceeds a rate, as a bucket of tokens that refills, and a job that has so many requests for it. */
interface Service {
  readonly perSecond: number;
  readonly roundTripMs: number;
  /** How long what is accepted takes, besides the round trip. */
  readonly serviceMs: number;
  readonly requests: number;
  /** What the client takes to make a request. */
  readonly cpuMs: number;
}

const BURST = 50;
const SLOTS = 704;
const SLOW_DOWN = Object.assign(new Error('slow down'), { name: 'SlowDown' });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  return () => vi.useRealTimers();
});
afterEach(() => vi.restoreAllMocks());

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How often the service was asked, and how long it took, as multiples of what is needed. */
async function run({ perSecond, roundTripMs, serviceMs, requests, cpuMs }: Service) {
  const strategy = new TimedRetryStrategy({ budgetMs: 60_000, onThrottled: () => undefined });
  const startedAtMs = performance.now();
  let [tokens, filledAtMs, cpuFreeAtMs] = [BURST, startedAtMs, startedAtMs];
  let [sent, begun, ended] = [0, 0, 0];
  const accepts = (): boolean => {
    const now = performance.now();
    tokens = Math.min(BURST, tokens + ((now - filledAtMs) / 1000) * perSecond);
    filledAtMs = now;
    if (tokens < 1) return false;
    tokens -= 1;
    return true;
  };
  const send = async (): Promise<void> => {
    cpuFreeAtMs = Math.max(cpuFreeAtMs, performance.now()) + cpuMs;
    await wait(cpuFreeAtMs - performance.now());
    let token = await strategy.acquireInitialRetryToken();
    for (;;) {
      sent += 1;
      await wait(roundTripMs / 2);
      const isAccepted = accepts();
      await wait((isAccepted ? serviceMs : 0) + roundTripMs / 2);
      if (isAccepted) return strategy.recordSuccess();
      const info = { error: SLOW_DOWN, errorType: 'THROTTLING' } as const;
      token = await strategy.refreshRetryTokenForRetry(token as never, info as never);
      await wait(token.getRetryDelay());
    }
  };
  const slot = async (): Promise<void> => {
    while (begun < requests) {
      begun += 1;
      await send();
      ended += 1;
    }
  };
  for (let index = 0; index < SLOTS; index += 1) void slot();
  while (ended < requests) await vi.advanceTimersByTimeAsync(10);
  const idealMs =
    Math.max(((requests - BURST) / perSecond) * 1000, requests * cpuMs) + serviceMs + roundTripMs;
  return { timesAsked: sent / requests, timesIdeal: (performance.now() - startedAtMs) / idealMs };
}

describe('under a limit of requests per second', () => {
  it.each([
    { perSecond: 50, roundTripMs: 2, serviceMs: 0, requests: 2000, cpuMs: 0.6 },
    { perSecond: 50, roundTripMs: 75, serviceMs: 300, requests: 2000, cpuMs: 0.6 },
    { perSecond: 500, roundTripMs: 2, serviceMs: 0, requests: 2000, cpuMs: 0.6 },
    { perSecond: 500, roundTripMs: 75, serviceMs: 300, requests: 2000, cpuMs: 0.6 },
    { perSecond: 500, roundTripMs: 200, serviceMs: 1000, requests: 4000, cpuMs: 0.6 },
    { perSecond: 3500, roundTripMs: 75, serviceMs: 0, requests: 20_000, cpuMs: 0.2 },
  ])(
    'of $perSecond, $roundTripMs ms away, a job asks at most 1.3 times as often as it must, and takes at most 1.1 times as long',
    async (service) => {
      const { timesAsked, timesIdeal } = await run(service);
      expect(timesAsked).toBeLessThanOrEqual(1.3);
      expect(timesIdeal).toBeLessThanOrEqual(1.1);
    },
  );
});

describe('a service that refuses everything', () => {
  it('is asked ten times a second all the same', async () => {
    const limiter = new RateLimiter();
    let asked = 0;
    const insist = async (): Promise<never> => {
      for (;;) {
        const ticket = await limiter.acquire();
        asked += 1;
        await wait(50);
        limiter.onThrottled(ticket);
      }
    };
    for (let index = 0; index < 100; index += 1) void insist();
    await vi.advanceTimersByTimeAsync(5_000);
    asked = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toBeGreaterThanOrEqual(99);
    expect(asked).toBeLessThan(200);
  });
});
