// Relays (bytes through the function) against a plain pipe of GetObject into lib-storage's Upload: `npm run bench:relay`.
import { Command } from 'commander';
import { functionContender, THIS_FUNCTION } from './contenders/functions.ts';
import type { BenchCase } from './job/cases.ts';
import { buildBundles } from './measure/bundles.ts';
import { measureCase } from './measure/measure.ts';
import { resultOf } from './measure/results.ts';
import { BenchServer } from './server/bench-server.ts';

const MIB = 1024 ** 2;
const PLAIN_PIPE = 'plain pipe';
/** Several reads and several uploads at a time must beat the pipe's one read, or they are not worth their code. */
const MIN_TIMES_THE_PIPE = 1.2;

const CASES: readonly BenchCase[] = [
  relayCase('relay-64mib-x1', '64 MiB × 1 region, relayed', 64 * MIB, ['eu-west-1']),
  relayCase('relay-512mib-x1', '512 MiB × 1 region, relayed', 512 * MIB, ['eu-west-1']),
  relayCase('relay-256mib-x3', '256 MiB × 3 regions, relayed', 256 * MIB, [
    'us-west-2',
    'eu-west-1',
    'ap-southeast-2',
  ]),
];

const { runs } = new Command('npm run bench:relay --')
  .description(
    "Measures relays, bytes through the function, against a plain pipe of GetObject into lib-storage's Upload.",
  )
  .option('--runs <number>', 'runs of each contender', Number, 3)
  .parse()
  .opts<{ runs: number }>();

buildBundles();
await using server = BenchServer.start();
const rows: Record<string, Record<string, string>> = {};
const judgements: string[] = [];
for (const benchCase of CASES) {
  const measured = await measureCase(
    server,
    benchCase,
    [
      functionContender(THIS_FUNCTION, 'sync-artifacts', 'warm'),
      functionContender(PLAIN_PIPE, 'bench/plain-pipe', 'warm'),
    ],
    { runs, patienceMs: 60_000, onProgress: (text) => process.stderr.write(`${text}\n`) },
  );
  const { results, bytes } = measured;
  for (const { name, elapsedMs, cpuMs = 0, peakResidentBytes = 0 } of results) {
    rows[`${benchCase.title}: ${name}`] = {
      seconds: (elapsedMs.median / 1000).toFixed(2),
      'MB/s': (bytes / elapsedMs.median / 1000).toFixed(0),
      'CPU seconds': (cpuMs / 1000).toFixed(2),
      'peak MB': (peakResidentBytes / 1e6).toFixed(0),
    };
  }
  const relayMs = resultOf(measured, THIS_FUNCTION, 'warm')?.elapsedMs.median;
  const pipeMs = resultOf(measured, PLAIN_PIPE, 'warm')?.elapsedMs.median;
  if (relayMs !== undefined && pipeMs !== undefined) {
    const found = pipeMs / relayMs;
    const verdict = found >= MIN_TIMES_THE_PIPE ? 'holds' : 'FAILS';
    judgements.push(
      `${verdict}  ${benchCase.title} at least ${MIN_TIMES_THE_PIPE} x as fast as the plain pipe: ${found.toFixed(2)} x`,
    );
  }
}
console.table(rows);
console.log(judgements.join('\n'));

function relayCase(name: string, title: string, sizeBytes: number, regions: readonly string[]): BenchCase {
  return { name, title, artifacts: [{ name: 'Artifact1', sizeBytes }], regions, mode: 'relay' };
}
