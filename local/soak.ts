// The command `npm run soak`: random jobs with random faults through the built bundle, each checked when it is over.
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { soakJob } from './soak/job.ts';
import { BUNDLE_FOLDER, SoakHarness, type SoakResult } from './soak/soak-harness.ts';
import { Tally } from './soak/tally.ts';

/** A world is replaced after this many jobs, so that cold starts are part of the soak and nothing piles up. */
const JOBS_PER_WORLD = 40;

const { seed, jobs, minutes, bail, verbose } = new Command('npm run soak --')
  .description(
    'Runs random jobs with random faults through the built function, and checks each when it is over. ' +
      'Job number n of a soak has the seed S + n; a failing one is run again with --seed and --jobs 1.',
  )
  .option('--minutes <number>', 'how long (default: 1)', number, 1)
  .option('--jobs <number>', 'how many jobs, instead of how long', number)
  .option('--seed <number>', 'seed of the first job (default: another every time)', number, anySeed())
  .option('--bail', 'end with the first job that breaks a promise', false)
  .option('--verbose', "print each job and the function's log lines", false)
  .configureHelp({ optionDescription: ({ description }) => description })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts();
if (!existsSync(join(BUNDLE_FOLDER, 'handler.mjs'))) {
  process.stderr.write('error: The function is not built yet. Run "npm run build" first.\n');
  process.exit(2);
}
const untilMs = jobs === undefined ? Date.now() + minutes * 60_000 : Number.POSITIVE_INFINITY;

const tally = new Tally();
// A copy, so that a build does not pull the ground from under a long soak.
const bundle = await mkdtemp(join(tmpdir(), 'soak-'));
await cp(BUNDLE_FOLDER, bundle, { recursive: true });
let harness: SoakHarness | undefined;
try {
  for (let index = 0; index < (jobs ?? Number.POSITIVE_INFINITY) && Date.now() < untilMs; index += 1) {
    if (index % JOBS_PER_WORLD === 0) {
      await harness?.[Symbol.asyncDispose]();
      harness = await SoakHarness.open({}, bundle);
    }
    const result = await harness?.run(soakJob(seed + index));
    if (result === undefined) break;
    tally.add(result);
    report(result, verbose);
    if (bail && tally.violations > 0) break;
  }
} finally {
  await harness?.[Symbol.asyncDispose]();
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

function anySeed(): number {
  return Date.now() % 1_000_000_000;
}

function number(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new InvalidArgumentError('Expected a number, 0 or more.');
  return value;
}
