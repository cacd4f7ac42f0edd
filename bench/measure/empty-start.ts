// How long a process takes to start and to import an empty bundle: the part of a cold start that no function can avoid.
import { coldContest } from '../contenders/functions.ts';
import type { BenchJob } from '../job/job.ts';
import { spread } from './statistics.ts';

const RUNS = 9;

/** Median in milliseconds, on the core that contenders have. */
export async function measureEmptyStart(job: BenchJob): Promise<number> {
  await using contest = coldContest('bench/empty', job);
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [sample] = await contest.run({});
    times.push(sample?.elapsedMs ?? 0);
  }
  return spread(times).median;
}
