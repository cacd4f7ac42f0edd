// How long a warm job takes over part size and concurrency, and where the function's own choice lies: `npm run bench:sweep`.
import { Command } from 'commander';
import { functionContender, THIS_FUNCTION } from './contenders/functions.ts';
import { totalBytes } from './job/cases.ts';
import type { Contender } from './job/job.ts';
import { buildBundles } from './measure/bundles.ts';
import { measureCase } from './measure/measure.ts';
import type { ContenderResult } from './measure/results.ts';
import { BenchServer } from './server/bench-server.ts';
import { caseOf, caseOption } from './server/options.ts';

const PART_MIB = [5, 8, 16, 32, 64, 96, 128, 256];
const CONCURRENCY = [64, 128, 256, 512];

const options = new Command('npm run bench:sweep --')
  .description(
    "Measures a warm job over part size and concurrency, and where the function's own choice lies.",
  )
  .addOption(caseOption('7gib-x3'))
  .option('--runs <number>', 'runs of each point', Number, 3)
  .option('--part-mib <size...>', 'part sizes in MiB')
  .option('--concurrency <number...>', 'requests in flight')
  .parse()
  .opts<{ case: string; runs: number; partMib?: string[]; concurrency?: string[] }>();

const partSizes = options.partMib?.map(Number) ?? PART_MIB;
const concurrencies = options.concurrency?.map(Number) ?? CONCURRENCY;

buildBundles();
await using server = BenchServer.start();
const benchCase = caseOf(options);

const table: Record<string, Record<string, string>> = {};
let limit = 0;
for (const concurrency of concurrencies) {
  const row: Record<string, string> = {};
  for (const partMib of partSizes) {
    const result = await measured(
      functionContender('bare loop', 'bench/bare-loop', 'warm', {
        environment: () => ({ BENCH_PART_MIB: String(partMib), BENCH_CONCURRENCY: String(concurrency) }),
      }),
    );
    row[`${partMib} MiB`] = describe(result);
  }
  table[`${concurrency} at once`] = row;
}
console.log(
  `${benchCase.title}: milliseconds (and CPU) of a bare loop of part copies; limit ${Math.round(limit)} ms`,
);
console.table(table);
for (const concurrency of concurrencies) {
  const environment = () => ({ SYNC_MAX_CONCURRENCY: String(concurrency) });
  const own = await measured(functionContender(THIS_FUNCTION, 'sync-artifacts', 'warm', { environment }));
  const parts = own?.requests['s3 UploadPartCopy'] ?? 0;
  const partMib = parts === 0 ? 'no' : (totalBytes(benchCase) / parts / 1024 ** 2).toFixed(1);
  console.log(`this function, ${concurrency} at once: ${partMib} MiB parts, ${describe(own)}`);
}

async function measured(contender: Contender): Promise<ContenderResult | undefined> {
  const { results, limitMs } = await measureCase(server, benchCase, [contender], {
    runs: options.runs,
    patienceMs: 30_000,
    onProgress: () => undefined,
  });
  limit = limitMs;
  return results[0];
}

function describe(result: ContenderResult | undefined): string {
  return result === undefined
    ? ''
    : `${Math.round(result.elapsedMs.median)} (${Math.round(result.cpuMs ?? 0)})`;
}
