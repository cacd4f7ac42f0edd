// The command `npm run soak`: random jobs with random faults through the built bundle, each checked when it is over.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soakJob } from './soak/job.ts';
import { BUNDLE_FOLDER, SoakHarness, type SoakResult } from './soak/laboratory.ts';
import { Tally } from './soak/tally.ts';

/** A world is thrown away after so many jobs, so that cold starts are part of the soak and nothing piles up. */
const JOBS_PER_WORLD = 40;

const values = readOptions();
if (values.help) {
  process.stdout.write(
    'npm run soak -- [--minutes N | --jobs N] [--seed S] [--bail] [--verbose]\n' +
      'Job number n of a soak has the seed S + n; a failing one is run again with --seed and --jobs 1. --bail ends with the first one.\n',
  );
  process.exit(0);
}
if (!existsSync(join(BUNDLE_FOLDER, 'handler.mjs'))) {
  process.stderr.write('error: the bundle is not built yet: run "npm run build" first\n');
  process.exit(2);
}
const seed = Number(values.seed);
const jobs = values.jobs === undefined ? Number.POSITIVE_INFINITY : Number(values.jobs);
const untilMs =
  values.jobs === undefined ? Date.now() + Number(values.minutes) * 60_000 : Number.POSITIVE_INFINITY;
if (![seed, Number(values.minutes), Number(values.jobs ?? 1)].every((number) => number >= 0)) {
  process.stderr.write('error: --minutes, --jobs and --seed are numbers\n');
  process.exit(2);
}

const tally = new Tally();
// A copy, so that a build does not pull the ground from under a long soak.
const bundle = await mkdtemp(join(tmpdir(), 'soak-'));
await cp(BUNDLE_FOLDER, bundle, { recursive: true });
let laboratory: SoakHarness | undefined;
try {
  for (let index = 0; index < jobs && Date.now() < untilMs; index += 1) {
    if (index % JOBS_PER_WORLD === 0) {
      await laboratory?.[Symbol.asyncDispose]();
      laboratory = await SoakHarness.open({}, bundle);
    }
    const result = await laboratory?.run(soakJob(seed + index));
    if (result === undefined) break;
    tally.add(result);
    report(result, values.verbose);
    if (values.bail && tally.violations > 0) break;
  }
} finally {
  await laboratory?.[Symbol.asyncDispose]();
  await rm(bundle, { recursive: true });
}
process.stdout.write(`\nSeed ${seed}\n${tally.toString()}\n`);
process.exitCode = tally.violations > 0 ? 1 : 0;

function report({ soak, outcome, violations, run, durationMs }: SoakResult, verbose: boolean): void {
  process.stderr.write(
    `${soak.seed} ${outcome} ${Math.round(durationMs)} ms ${JSON.stringify(soak.faults)}\n`,
  );
  if (verbose) {
    const lines = run.invocations.flatMap((invocation) => invocation.lines);
    process.stdout.write(
      `${soak.seed} ${outcome} in ${Math.round(durationMs)} ms, ${run.invocations.length} invocations\n${JSON.stringify(soak)}\n${lines.join('\n')}\n`,
    );
  }
  for (const violation of violations) {
    process.stdout.write(
      `VIOLATION: the job ${violation}\n  again: npm run soak -- --seed ${soak.seed} --jobs 1 --verbose\n`,
    );
  }
}

/** What the command line says; ends the process when it cannot be understood. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        minutes: { type: 'string', default: '1' },
        jobs: { type: 'string' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
        bail: { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  }
}
