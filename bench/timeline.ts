// Which requests a job waits for, in the order of their arrival: `npm run bench:timeline -- --case 64mib-x1`.
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { functionContender, THIS_FUNCTION } from './contenders/functions.ts';
import { buildBundles } from './measure/bundles.ts';
import { phasesOf } from './measure/phases.ts';
import { renderWaterfall } from './render/waterfall.ts';
import { BenchServer } from './server/bench-server.ts';
import { caseOf, caseOption, conditionsOf, type ServerOptions, serverOptions } from './server/options.ts';
import type { TimelineEntry } from './server/server-messages.ts';

const options = new Command('npm run bench:timeline --')
  .description('Shows which requests a job waits for, and writes them as a picture if asked to.')
  .addOption(caseOption('64mib-x1'))
  .option('--bundle <name>', 'directory under dist/', 'sync-artifacts')
  .option('--cold', 'a fresh process instead of a warm one')
  .option('--svg <file>', 'write a waterfall of all requests; with --cold only')
  .addOption(serverOptions.profile)
  .addOption(serverOptions.noTls)
  .addOption(serverOptions.allCores)
  .parse()
  .opts<ServerOptions & { case: string; bundle: string; cold?: boolean; svg?: string }>();

buildBundles();
await using server = BenchServer.start(conditionsOf(options));
const benchCase = caseOf(options);
const job = await server.prepare(benchCase);
const temperature = options.cold ? 'cold' : 'warm';
await using contest = await functionContender(THIS_FUNCTION, options.bundle, temperature).open(job);
for (let run = -contest.warmUps; run <= 0; run++) {
  const event = await server.begin(contest.userParameters);
  const [sample] = await contest.run(event);
  if (run === 0) {
    const report = await server.report();
    const { timeline, beganAtMs } = report;
    const elapsedMs = sample?.elapsedMs ?? 0;
    console.log(`${benchCase.title}: ${Math.round(elapsedMs)} ms`);
    console.table(waves(timeline));
    const phases = sample && phasesOf(sample, report);
    if (phases !== undefined) console.table(phases);
    if (options.svg !== undefined && phases !== undefined) {
      const beforeMs = (sample?.startedAtMs ?? beganAtMs) - beganAtMs;
      const moved = timeline.map((entry) => ({
        ...entry,
        startMs: entry.startMs - beforeMs,
        endMs: entry.endMs - beforeMs,
      }));
      const title = `${benchCase.title}, cold: ${Math.round(elapsedMs)} ms from the start of the process`;
      writeFileSync(options.svg, renderWaterfall({ title, elapsedMs, phases, timeline: moved }));
    }
  }
}

interface Wave {
  readonly operation: string;
  readonly region: string;
  readonly first: number;
  count: number;
  last: number;
  end: number;
}

/** Requests of one kind and region that arrive within a few milliseconds are one wave. */
function waves(timeline: readonly TimelineEntry[]): Record<string, string | number>[] {
  const gapMs = 10;
  const open = new Map<string, Wave>();
  const all: Wave[] = [];
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
