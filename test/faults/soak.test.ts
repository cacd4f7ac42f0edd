// A short run of the soak: random jobs with random faults keep every promise.
import { expect, it } from 'vitest';
import { soakJob } from '../../local/soak/job.ts';
import { SoakHarness } from '../../local/soak/soak-harness.ts';
import { Tally } from '../../local/soak/tally.ts';

/** Short enough for the suite on two busy cores; `npm run soak` runs long. */
const SOAK_MS = 6_000;
/** On a machine that is too busy to get so far in that time, too. */
const LEAST_JOBS = 5;

it('random jobs with random faults end with one right result, and leave nothing behind', async () => {
  await using laboratory = await SoakHarness.open();
  const tally = new Tally();
  const broken: string[] = [];
  const untilMs = Date.now() + SOAK_MS;
  for (let seed = 1; seed <= LEAST_JOBS || Date.now() < untilMs; seed += 1) {
    const result = await laboratory.run(soakJob(seed));
    tally.add(result);
    broken.push(
      ...result.violations.map(
        (violation) => `npm run soak -- --seed ${seed} --jobs 1: the job ${violation}`,
      ),
    );
  }
  expect(broken).toEqual([]);
  expect(tally.faults).toBeGreaterThan(0);
}, 120_000);
