// The benchmark's cases.
import { describe, expect, it } from 'vitest';
import { BENCH_CASES, copiesOf, totalBytes } from '../../bench/job/cases.ts';

describe('the cases', () => {
  it('have names of their own and move what their titles say', () => {
    expect(new Set(BENCH_CASES.map(({ name }) => name)).size).toBe(BENCH_CASES.length);
    const bytes = Object.fromEntries(BENCH_CASES.map((benchCase) => [benchCase.name, totalBytes(benchCase)]));
    expect(bytes['5x1mib-x3']).toBe(15 * 1024 ** 2);
    expect(bytes['7gib-x3']).toBe(21 * 1024 ** 3);
    expect(bytes['50gib-x1']).toBe(50 * 1024 ** 3);
  });

  it('copy every artifact to every region', () => {
    for (const benchCase of BENCH_CASES) {
      const bytes = copiesOf(benchCase).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      expect(bytes).toBe(totalBytes(benchCase));
      expect(new Set(copiesOf(benchCase).map(({ region }) => region))).toEqual(new Set(benchCase.regions));
    }
  });
});
