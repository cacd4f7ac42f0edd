// A server that allows a number of requests per second: the job is slowed down, not failed, and hardly asks more than it must.
import { describe, expect, it } from 'vitest';
import type { FaultHook } from '../../local/aws/faults/faults.ts';
import { MIB, TestPipeline } from '../functions/harness/test-pipeline.ts';

/** `npm run test:throttling` sets the acceptance figures; the default keeps the suite short. */
const { THROTTLE_PER_SECOND } = process.env;
const RATES = (THROTTLE_PER_SECOND ?? '100').split(',').map(Number);
/** How much longer than ideal a job may take; a machine that is busy with the whole suite slows jobs down by itself. */
const MAX_TIMES_IDEAL = THROTTLE_PER_SECOND === undefined ? 2 : 1.1;
const BURST = 50;
const ARTIFACTS = 5;
const DESTINATIONS = THROTTLE_PER_SECOND === undefined ? 40 : 75;
const LEAST_REQUESTS = THROTTLE_PER_SECOND === undefined ? 1200 : 2000;
/** How much of the job shows how fast the machine is without a limit. */
const FREE_SHARE = THROTTLE_PER_SECOND === undefined ? 5 : 1;
const REGIONS = Number(process.env.THROTTLE_REGIONS ?? 1);

/** Answers SlowDown beyond a rate, as a bucket of tokens that refills. */
function tokenBucket(perSecond: number, burst: number): { hook: FaultHook; refused(): number } {
  let tokens = burst;
  let refused = 0;
  let lastMs = performance.now();
  return {
    refused: () => refused,
    hook: ({ phase, service }) => {
      if (phase !== 'before' || service !== 's3') return undefined;
      const nowMs = performance.now();
      tokens = Math.min(burst, tokens + ((nowMs - lastMs) / 1000) * perSecond);
      lastMs = nowMs;
      if (tokens >= 1) {
        tokens -= 1;
        return undefined;
      }
      refused += 1;
      return { kind: 'error', status: 503, code: 'SlowDown' };
    },
  };
}

/** Syncs the artifacts to this many buckets. */
async function measure(destinations: number, faults?: FaultHook) {
  await using pipeline = await TestPipeline.start();
  for (let index = 0; index < ARTIFACTS; index += 1) pipeline.addArtifact(`A${index}`, (160 + index) * MIB);
  const names = Array.from({ length: destinations }, (_, index) => `to-${index}`);
  const regions = ['eu-west-1', 'us-west-2', 'sa-east-1'].slice(0, REGIONS);
  for (const [index, name] of names.entries()) {
    pipeline.addDestination(name, { region: regions[index % regions.length] ?? 'eu-west-1' });
  }
  pipeline.faults = faults;
  const started = performance.now();
  const endMs = started + 600_000;
  const { results, requests } = await pipeline.invoke(
    { DestinationBuckets: names },
    { settings: { retryBudgetMs: 60_000 }, remainingMs: () => endMs - performance.now() },
  );
  const seconds = (performance.now() - started) / 1000;
  return { results, seconds, sent: requests.filter(({ service }) => service === 's3').length };
}

describe('a server that throttles', () => {
  it.each(RATES)(
    `of more than %i requests a second is asked at most 1.3 times as often as needed, and a job takes at most ${MAX_TIMES_IDEAL} times the ideal time`,
    async (perSecond) => {
      // A busy machine may be slower than the limit: no job is faster than the machine.
      const free = await measure(DESTINATIONS / FREE_SHARE);
      const limit = tokenBucket(perSecond, BURST);
      const { results, sent, seconds } = await measure(DESTINATIONS, limit.hook);
      const needed = sent - limit.refused();
      const idealSeconds = Math.max((needed - BURST) / perSecond, (needed / free.sent) * free.seconds);
      const figures = {
        perSecond,
        needed,
        sent,
        ratio: sent / needed,
        idealSeconds,
        seconds,
        slower: seconds / idealSeconds,
      };
      if (THROTTLE_PER_SECOND !== undefined) console.info(JSON.stringify(figures));
      expect(results).toMatchObject([{ operation: 'PutJobSuccessResult' }]);
      expect(needed).toBeGreaterThanOrEqual(LEAST_REQUESTS);
      expect(figures.ratio).toBeLessThanOrEqual(1.3);
      expect(figures.slower).toBeLessThanOrEqual(MAX_TIMES_IDEAL);
    },
    300_000,
  );
});
