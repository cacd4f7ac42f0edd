// Which requests a job waits for, in the order of their arrival: `npm run bench:timeline -- --case 64mib-x1`.
import { Command, Option } from 'commander';
import { functionContender, THIS_FUNCTION } from './contenders/functions.ts';
import { BENCH_CASES } from './job/cases.ts';
import { buildBundles } from './measure/bundles.ts';
import { BenchServer } from './server/bench-server.ts';
import type { TimelineEntry } from './server/server-messages.ts';

const options = new Command('timeline')
  .addOption(new Option('--case <name>').choices(BENCH_CASES.map(({ name }) => name)).default('64mib-x1'))
  .option('--bundle <name>', 'directory under dist/', 'sync-artifacts')
  .option('--cold', 'a fresh process instead of a warm one')
  .parse()
  .opts<{ case: string; bundle: string; cold?: boolean }>();

buildBundles();
await using server = BenchServer.start();
const benchCase = BENCH_CASES.find(({ name }) => name === options.case);
if (benchCase === undefined) {
  throw new Error(`there is no case ${options.case}`);
}
const job = await server.prepare(benchCase);
await using contest = await functionContender(
  THIS_FUNCTION,
  options.bundle,
  options.cold ? 'cold' : 'warm',
).open(job);
for (let run = -contest.warmUps; run <= 0; run++) {
  const event = await server.begin();
  const [sample] = await contest.run(event);
  if (run === 0) {
    const { timeline } = await server.report();
    console.log(`${benchCase.title}: ${Math.round(sample?.elapsedMs ?? 0)} ms`);
    console.table(waves(timeline));
  }
}

/** Requests of one kind and region that arrive within a few milliseconds are one wave. */
function waves(timeline: readonly TimelineEntry[]): Record<string, string | number>[] {
  const gapMs = 10;
  const open = new Map<
    string,
    { operation: string; region: string; count: number; first: number; last: number; end: number }
  >();
  const all: (typeof open extends Map<string, infer Wave> ? Wave : never)[] = [];
  for (const { operation, region, status, startMs, endMs } of timeline) {
    const kind = `${operation} ${status}`;
    const key = `${kind} ${region}`;
    const known = open.get(key);
    if (known !== undefined && startMs - known.last <= gapMs) {
      known.count += 1;
      known.last = startMs;
      known.end = Math.max(known.end, endMs);
    } else {
      const wave = { operation: kind, region, count: 1, first: startMs, last: startMs, end: endMs };
      open.set(key, wave);
      all.push(wave);
    }
  }
  return all.map(({ operation, region, count, first, last, end }) => ({
    operation,
    region,
    count,
    'arrived ms': first === last ? `${first}` : `${first} to ${last}`,
    'last answered ms': end,
  }));
}
