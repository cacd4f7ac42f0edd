// Where the processor time of a warm job goes: `npm run bench:profile -- --case 7gib-x3`.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { NODE_OPTIONS } from '../functions/sync-artifacts/bundle/node-options.ts';
import { endpointVariables } from './contenders/functions.ts';
import { HOME_REGION } from './job/cases.ts';
import type { BenchJob } from './job/job.ts';
import { BenchServer } from './server/bench-server.ts';
import { caseOf, caseOption } from './server/options.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTPUT_DIRECTORY = `${ROOT}dist/profile`;
const WARM_UPS = 3;
const ROWS = 25;

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}
interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}
interface Answer {
  readonly elapsedMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly profile?: Profile;
}

const options = new Command('npm run bench:profile --')
  .description('Shows where the processor time of a warm job goes.')
  .addOption(caseOption('7gib-x3'))
  .option('--entry <file>', 'function to profile', 'functions/sync-artifacts/handler.ts')
  .parse()
  .opts<{ case: string; entry: string }>();

const bundle = `${OUTPUT_DIRECTORY}/bundle`;
const build = ['esbuild.config.mjs', '--entry', options.entry, '--outdir', bundle, '--no-minify'];
execFileSync(process.execPath, build, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });

await using server = BenchServer.start();
const job = await server.prepare(caseOf(options));
const child = fork(`${ROOT}bench/measure/profile-worker.mjs`, [`${bundle}/handler.mjs`], {
  env: lambdaEnvironment(job),
  stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
});
if (job.core !== undefined)
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(job.core), String(child.pid)]);
await once(child, 'message');
for (let run = -WARM_UPS; run <= 1; run++) {
  const event = await server.begin();
  const answered = once(child, 'message');
  // The last but one runs without the profiler, whose own work would count.
  child.send({ event, profiled: run === 1 });
  const [answer] = (await answered) as [Answer];
  const { requests, refusals, problems } = await server.report();
  const copies = (requests['s3 UploadPartCopy'] ?? 0) + (requests['s3 CopyObject'] ?? 0);
  const cpuMs = answer.userMs + answer.systemMs;
  console.log(
    `${run === 1 ? 'profiled' : 'warm'}: ${Math.round(answer.elapsedMs)} ms, CPU ${Math.round(answer.userMs)} user + ${Math.round(answer.systemMs)} system, ${copies} copy requests, ${(cpuMs / copies).toFixed(2)} ms of CPU each`,
    JSON.stringify(refusals),
    problems.join('; '),
  );
  if (answer.profile) {
    mkdirSync(OUTPUT_DIRECTORY, { recursive: true });
    writeFileSync(`${OUTPUT_DIRECTORY}/${options.case}.cpuprofile`, JSON.stringify(answer.profile));
    const times = selfTimes(answer.profile);
    console.table(top(times, ({ module }) => module));
    console.table(top(times, ({ module, functionName }) => `${functionName} (${module})`));
  }
}
child.disconnect();

interface SelfTime {
  readonly module: string;
  readonly functionName: string;
  readonly ms: number;
}

/** Time in each function itself, without what it calls. */
function selfTimes({ nodes, samples, timeDeltas }: Profile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const moduleLines = new Map<string, { line: number; module: string }[]>();
  return samples.flatMap((id, index) => {
    const frame = frames.get(id);
    const ms = (timeDeltas[index] ?? 0) / 1000;
    return frame === undefined || frame.functionName === '(idle)'
      ? []
      : [{ module: moduleOf(frame, moduleLines), functionName: frame.functionName || '(anonymous)', ms }];
  });
}

/** The source module of a frame: esbuild writes each module's path above its code. */
function moduleOf(
  { url, lineNumber }: CallFrame,
  known: Map<string, { line: number; module: string }[]>,
): string {
  if (!url.startsWith('file:')) {
    return url === '' ? '(native)' : url;
  }
  let modules = known.get(url);
  if (modules === undefined) {
    modules = readFileSync(fileURLToPath(url), 'utf8')
      .split('\n')
      .flatMap((text, line) =>
        /^ *\/\/ (node_modules|functions|bench)\//.test(text) ? [{ line, module: text.trim() }] : [],
      );
    known.set(url, modules);
  }
  const found = modules.findLast(({ line }) => line <= lineNumber)?.module ?? url;
  return found.replace(/^\/\/ (node_modules\/)?/, '');
}

function top(
  times: readonly SelfTime[],
  groupOf: (time: SelfTime) => string,
): Record<string, { ms: number; share: string }> {
  const sumOf = (some: readonly SelfTime[]): number => some.reduce((sum, { ms }) => sum + ms, 0);
  const total = sumOf(times);
  return Object.fromEntries(
    [...Map.groupBy(times, groupOf)]
      .map(([group, some]) => [group, sumOf(some)] as const)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, ROWS)
      .map(([group, ms]) => [
        group,
        { ms: Math.round(ms * 10) / 10, share: `${((100 * ms) / total).toFixed(1)} %` },
      ]),
  );
}

function lambdaEnvironment(job: BenchJob): Record<string, string> {
  const { credentials } = job;
  return {
    NODE_OPTIONS,
    AWS_REGION: HOME_REGION,
    AWS_LAMBDA_FUNCTION_NAME: 'profiled',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    ...endpointVariables(job),
  };
}
