// Faults that pass: whatever kind strikes, the jobs succeed with identical bytes. FAULT_JOBS=200 is the acceptance figure.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultRates, PASSING_FAULT_KINDS } from '../../local/aws/faults/fault-kinds.ts';
import { soakJob } from '../../local/soak/job.ts';
import { SoakHarness, type SoakResult } from '../../local/soak/soak-harness.ts';
import { Tally } from '../../local/soak/tally.ts';

const JOBS = Number(process.env.FAULT_JOBS ?? 1);
const TOGETHER_JOBS = Number(process.env.FAULT_JOBS ?? 2);

describe('a fault that passes', () => {
  const doubting: SoakHarness[] = [];
  /** Believe a denial at once, which saves seconds where nothing is denied for a while only. A HEAD at a wrong time is a denial, too. */
  const believing: SoakHarness[] = [];
  beforeAll(async () => {
    const count = Math.min(LABORATORIES, Math.max(JOBS, TOGETHER_JOBS));
    for (let index = 0; index < count; index += 1) {
      doubting.push(await SoakHarness.open());
      believing.push(await SoakHarness.open({ SYNC_ACCESS_DENIED_RETRY_MS: '0' }));
    }
  });
  afterAll(async () => {
    for (const laboratory of [...doubting, ...believing]) await laboratory[Symbol.asyncDispose]();
  });

  const run = (laboratory: SoakHarness, seed: number, faults: FaultRates): Promise<SoakResult> => {
    const job = soakJob(seed, { faults, timeoutMs: 60_000 });
    const small = job.artifacts.map((artifact) => ({
      ...artifact,
      sizeBytes: artifact.sizeBytes % MAX_BYTES,
    }));
    return laboratory.run({ ...job, artifacts: small });
  };

  /** A job waits far more than it works, so each laboratory takes the next seed as soon as it is free. */
  const series = async (first: number, count: number, faults: FaultRates): Promise<SoakResult[]> => {
    const results: SoakResult[] = [];
    let next = first;
    await Promise.all(
      (faults['access-denied'] || faults['clock-skew'] ? doubting : believing).map(async (laboratory) => {
        while (next < first + count) results.push(await run(laboratory, next++, faults));
      }),
    );
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
      tell(kind, results);
      expect(broken(results)).toEqual([]);
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
      tell('together', results);
      expect(broken(results)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

/** The jobs that did not succeed, or broke another promise, with the seeds that they have in `soakJob`. */
function broken(results: readonly SoakResult[]): string[] {
  return results
    .filter(({ outcome, violations }) => outcome !== 'Succeeded' || violations.length > 0)
    .map(({ soak, outcome, violations }) => [`${soak.seed} ${outcome}`, ...violations].join(': '));
}

/** The figures of a long series; a short one says nothing. */
function tell(name: string, results: readonly SoakResult[]): void {
  if (process.env.FAULT_JOBS === undefined) return;
  const tally = new Tally();
  for (const result of results) tally.add(result);
  process.stdout.write(`\n${name}\n${[tally.toString(), ...broken(results)].join('\n')}\n`);
}

/** Each has an embedded AWS and a process of the function: as many as two cores have time for. */
const LABORATORIES = 4;
const TIMEOUT_MS = 3_600_000;
/** Finding out that a part stalled takes as long as the part is large. */
const MAX_BYTES = 12 * 2 ** 20;
