// Faults that pass: whatever kind strikes, the jobs succeed with identical bytes. FAULT_JOBS=200 is the acceptance figure.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultRates, PASSING_FAULT_KINDS } from '../../local/aws/fault-kinds.ts';
import { soakJob } from '../../local/soak/job.ts';
import { Laboratory, type SoakResult } from '../../local/soak/laboratory.ts';

const JOBS = Number(process.env.FAULT_JOBS ?? 1);
const TOGETHER_JOBS = Number(process.env.FAULT_JOBS ?? 2);

describe('a fault that passes', () => {
  let doubting: Laboratory;
  /** Believes a denial at once, which saves seconds where nothing is denied for a while only. */
  let believing: Laboratory;
  beforeAll(async () => {
    doubting = await Laboratory.open();
    believing = await Laboratory.open({ SYNC_ACCESS_DENIED_RETRY_MS: '0' });
  });
  afterAll(async () => {
    await doubting[Symbol.asyncDispose]();
    await believing[Symbol.asyncDispose]();
  });

  const series = async (first: number, count: number, faults: FaultRates): Promise<SoakResult[]> => {
    const results: SoakResult[] = [];
    for (let seed = first; seed < first + count; seed += 1) {
      const job = soakJob(seed, { faults, timeoutMs: 60_000 });
      const small = job.artifacts.map((artifact) => ({
        ...artifact,
        sizeBytes: artifact.sizeBytes % MAX_BYTES,
      }));
      const laboratory = faults['access-denied'] ? doubting : believing;
      results.push(await laboratory.run({ ...job, artifacts: small }));
    }
    return results;
  };

  it.each(PASSING_FAULT_KINDS)(
    '%s at 20 % of all requests is survived',
    async (kind) => {
      // Seeds of its own for each kind: a warm function remembers the buckets of earlier jobs.
      const first = 1000 * (1 + PASSING_FAULT_KINDS.indexOf(kind));
      const results = await series(first, JOBS, { [kind]: 0.2 });
      const hasStruck = (): boolean => results.some(({ struck }) => struck.has(kind));
      for (let seed = first + JOBS; !hasStruck(); seed += 1) {
        results.push(...(await series(seed, 1, { [kind]: 0.2 })));
      }
      expect(results.flatMap(({ violations }) => violations)).toEqual([]);
      expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'Succeeded'));
      for (const { struck } of results) for (const name of struck.keys()) expect(name).toBe(kind);
    },
    TIMEOUT_MS,
  );

  it(
    'of every kind together, at 5 % each, is survived',
    async () => {
      const rates = Object.fromEntries(PASSING_FAULT_KINDS.map((kind) => [kind, 0.05]));
      const results = await series(100_000, TOGETHER_JOBS, rates);
      expect(results.some(({ struck }) => struck.size > 2)).toBe(true);
      expect(results.flatMap(({ violations }) => violations)).toEqual([]);
      expect(results.map(({ outcome }) => outcome)).toEqual(results.map(() => 'Succeeded'));
    },
    TIMEOUT_MS,
  );
});

const TIMEOUT_MS = 3_600_000;
/** Finding out that a part stalled takes as long as the part is large. */
const MAX_BYTES = 12 * 2 ** 20;
