// Records everything that the README shows into bench/results/, and says how long each step took: `npm run bench:record`.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { positive } from './server/options.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** The cold jobs that are drawn request by request. */
const WATERFALLS = ['1mib-x1', '1gib-x1'];

const { runs, patience, peersUpTo } = new Command('npm run bench:record --')
  .description(
    'Records both profiles of S3, and the waterfalls of two cold jobs, into bench/results/. For a machine that does nothing else.',
  )
  .option('--runs <number>', 'runs of each contender', positive, 5)
  .option(
    '--patience <seconds>',
    'after this long other contenders get no further run of a case',
    positive,
    12,
  )
  .option('--peers-up-to <GiB>', 'give the peers no case that moves more', positive, 25)
  .parse()
  .opts<{ runs: number; patience: number; peersUpTo: number }>();

const howOften = ['--runs', String(runs), '--patience', String(patience)];
const steps: readonly (readonly string[])[] = [
  ['bench/bench.ts', ...howOften, '--peers-up-to', String(peersUpTo), '--write'],
  ...WATERFALLS.map((name) => [
    'bench/timeline.ts',
    ...['--case', name, '--cold', '--svg', `bench/results/waterfall-${name}.svg`],
  ]),
  // Peers wait for a slower S3 as everybody does: what it shows is what becomes of this function.
  ['bench/bench.ts', ...[...howOften, '--profile', 'pessimistic', '--only', 'this function', '--write']],
];
let failed = 0;
for (const step of steps) {
  const startMs = performance.now();
  process.stderr.write(`node ${step.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, step, { cwd: ROOT, stdio: 'inherit' });
  const seconds = Math.round((performance.now() - startMs) / 1000);
  process.stderr.write(`${status === 0 ? 'done' : 'FAILED'} after ${seconds} s\n`);
  failed += status === 0 ? 0 : 1;
}
process.exitCode = failed;
