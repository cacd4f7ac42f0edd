// Runs series of seeded jobs for the tests of faults.
import type { FaultRates } from '../../local/aws/fault-kinds.ts';
import { type SoakWishes, soakJob } from '../../local/soak/job.ts';
import { Laboratory, type SoakResult } from '../../local/soak/laboratory.ts';

/** Runs the jobs of seeds `first` to `first + count - 1`, several of them at the same time in worlds of their own. */
export async function series(
  first: number,
  count: number,
  wishes: SoakWishes & { readonly faults: FaultRates },
): Promise<SoakResult[]> {
  await using laboratory = await Laboratory.open();
  const results: SoakResult[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    results.push(await laboratory.run(soakJob(seed, wishes)));
  }
  return results;
}

/** Every promise that was broken, with the seed that shows it. */
export function broken(results: readonly SoakResult[]): string[] {
  return results.flatMap(({ soak, violations }) =>
    violations.map((violation) => `seed ${soak.seed}: ${violation}`),
  );
}

/** Faults that were injected in a series. */
export function faultCount(results: readonly SoakResult[]): number {
  return results.reduce(
    (sum, { struck }) => sum + [...struck.values()].reduce((all, count) => all + count, 0),
    0,
  );
}
