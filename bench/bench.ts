// The benchmark's command line: `npm run bench`, `npm run bench -- --case 1gib-x1 --json`.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { Command, Option } from 'commander';
import { functionContenders } from './contenders/functions.ts';
import { peerContenders } from './contenders/peers.ts';
import { BENCH_CASES, type BenchCase, totalBytes } from './job/cases.ts';
import type { Contender } from './job/job.ts';
import { buildBundles } from './measure/bundles.ts';
import { measureCase } from './measure/measure.ts';
import type { BenchResult, CaseResult } from './measure/results.ts';
import { judge } from './measure/targets.ts';
import { renderChart } from './render/chart.ts';
import { renderMarkdown } from './render/markdown.ts';
import { BenchServer } from './server/bench-server.ts';
import { conditionsOf, positive, type ServerOptions, serverOptions } from './server/options.ts';

const RESULTS = new URL('./results/', import.meta.url);

const command = new Command('npm run bench --')
  .description('Measures copies on a modelled wide-area network: this function, its limit, and its peers.')
  .addOption(new Option('--case <name...>', 'only these cases').choices(BENCH_CASES.map(({ name }) => name)))
  .option('--runs <number>', 'runs of each contender', positive, 5)
  .option(
    '--patience <seconds>',
    'after this long other contenders get no further run of a case',
    positive,
    60,
  )
  .option('--only <text...>', 'only contenders whose name contains one of these')
  .option(
    '--peers-up-to <GiB>',
    'give the peers no case that moves more: 50 GiB take rclone 11 minutes',
    notNegative,
  )
  .addOption(serverOptions.profile)
  .addOption(serverOptions.noTls)
  .addOption(serverOptions.allCores)
  .option('--json', 'print the results as JSON')
  .option('--write', 'write results.json, results.md and chart.svg into bench/results/')
  .parse();
const options = command.opts<
  ServerOptions & {
    case?: string[];
    runs: number;
    patience: number;
    only?: string[];
    peersUpTo?: number;
    json?: boolean;
    write?: boolean;
  }
>();

buildBundles();
const peersUpToBytes = (options.peersUpTo ?? Number.POSITIVE_INFINITY) * 1024 ** 3;
const contendersOf = (benchCase: BenchCase): Contender[] =>
  [...functionContenders(), ...(totalBytes(benchCase) <= peersUpToBytes ? peerContenders() : [])].filter(
    ({ name }) => options.only?.some((text) => name.includes(text)) ?? true,
  );
const names = [...new Set([...functionContenders(), ...peerContenders()].map(({ name }) => name))];
for (const text of options.only ?? []) {
  if (!names.some((name) => name.includes(text)))
    command.error(`error: no contender's name contains "${text}"; expected one of ${names.join(', ')}`);
}
const cases: CaseResult[] = [];
const conditions = conditionsOf(options);
{
  await using server = BenchServer.start(conditions);
  for (const benchCase of BENCH_CASES) {
    if (options.case === undefined || options.case.includes(benchCase.name)) {
      cases.push(
        await measureCase(server, benchCase, contendersOf(benchCase), {
          runs: options.runs,
          patienceMs: options.patience * 1000,
          onProgress: (text) => process.stderr.write(`${text}\n`),
        }),
      );
    }
  }
}

const [cpu] = cpus();
const result: BenchResult = {
  date: new Date().toISOString().slice(0, 10),
  machine: { cores: cpus().length, model: cpu?.model ?? 'unknown', node: process.version },
  conditions,
  cases,
};
if (options.json) {
  console.log(JSON.stringify(result, undefined, 2));
} else {
  console.log(renderMarkdown(result));
  for (const { what, holds, found } of judge(result)) {
    console.log(`${holds ? 'holds' : 'FAILS'}  ${what}: ${found}`);
  }
}
if (options.write) {
  await mkdir(RESULTS, { recursive: true });
  // The typical profile is what the README shows; others get files of their own.
  const suffix = conditions.profile === 'typical' ? '' : `-${conditions.profile}`;
  await writeFile(new URL(`results${suffix}.json`, RESULTS), `${JSON.stringify(result, undefined, 2)}\n`);
  await writeFile(new URL(`results${suffix}.md`, RESULTS), renderMarkdown(result));
  await writeFile(new URL(`chart${suffix}.svg`, RESULTS), renderChart(result));
}

function notNegative(text: string): number {
  return text === '0' ? 0 : positive(text);
}
