// The command line of the replay: what can be said, what it means, and what is told about a wrong value.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ALL_FAULT_KINDS, FAULT_KINDS, type FaultRates, isFaultKind } from '../aws/faults/fault-kinds.ts';
import { MAX_TIMEOUT_MS } from '../lambda/lambda.ts';
import { SAMPLES_FOLDER, scenarioOf } from '../pipeline/scenarios.ts';
import { parseDurationMs, parseSizeBytes } from './quantity.ts';

/** The bytes of an artifact: a file of the user's, or generated. */
export type ArtifactSource = { readonly file: string } | { readonly sizeBytes: number };

/** What the user asked for. */
export interface ReplayOptions {
  readonly eventFile: string;
  readonly artifacts: ReadonlyMap<string, ArtifactSource>;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  /** Environment variables of the function. */
  readonly environment: Readonly<Record<string, string>>;
  /** How often what goes wrong. */
  readonly faults: FaultRates;
  readonly seed: number;
  /** Whether requests take as long as between AWS regions. */
  readonly wan: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly live: boolean;
}

/** Memory that Lambda can be configured with, in MB (Lambda quotas). */
const MIN_MEMORY_MB = 128;
const MAX_MEMORY_MB = 10_240;
const MIN_TIMEOUT_MS = 1_000;

interface Parsed {
  readonly artifact?: ReadonlyMap<string, ArtifactSource>;
  readonly timeout: number;
  readonly memory: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly fault?: FaultRates;
  readonly seed: number;
  readonly wan?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly live?: boolean;
}

/** Options that say nothing, or something else than they seem to, in a mode. */
const CONTRADICTIONS: readonly ['fault' | 'artifact' | 'wan', 'live' | 'dryRun', reason: string][] = [
  ['fault', 'live', 'AWS has faults of its own'],
  ['artifact', 'live', 'the real artifacts are copied'],
  ['wan', 'live', 'the real network has its own latency'],
  ['fault', 'dryRun', 'faults strike copies, and nothing is copied'],
  ['wan', 'dryRun', 'latency slows copies, and nothing is copied'],
];

/** Parses the arguments. Commander prints help and errors and ends the process (`--help`: 0, a bad value: 2). */
export function parseOptions(argv: readonly string[]): ReplayOptions {
  const command = new Command('npm run replay --')
    .description(
      'Replays a CodePipeline job on this machine: runs the built function as Lambda does, against an embedded AWS ' +
        'with the buckets, keys and artifacts that the event names, then compares every copy byte for byte.',
    )
    .argument('[event]', 'file with a CodePipeline job event (default: events/three-regions.json)')
    .option(
      '--artifact <NAME=FILE|SIZE>',
      'bytes of an input artifact: your own file, or a generated one such as 2GiB (repeatable)',
      artifact,
    )
    .addOption(
      new Option('--timeout <DURATION>', "the function's timeout, 1s to 15min, such as 20s")
        .argParser(timeout)
        .default(MAX_TIMEOUT_MS, '15min'),
    )
    .option('--memory <MB>', `the function's memory, ${MIN_MEMORY_MB} to ${MAX_MEMORY_MB}`, memory, 512)
    .option('--env <NAME=VALUE>', 'environment variable of the function (repeatable)', environment)
    .option(
      '--fault <KIND[=RATE]>',
      `what goes wrong, and how often from 0 to 1 (repeatable): ${ALL_FAULT_KINDS.join(', ')}`,
      fault,
    )
    .option('--seed <NUMBER>', 'which requests the faults strike', seed, 1)
    .option('--wan', 'modelled latency: requests take as long as between the regions of AWS')
    .option('--dry-run', 'print what would be copied and how, copy nothing')
    .option('--json', 'print one JSON document instead of bars and tables')
    .option('--verbose', "print the function's log lines as they come")
    .option('--live', 'copy on the real AWS with your own credentials; reports no job result')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  npm run replay\n' +
        '  npm run replay -- events/relay.json\n' +
        '  npm run replay -- --artifact App=build/app.zip --artifact Templates=300KiB\n' +
        '  npm run replay -- --fault slow-down=0.2 --fault stall=0.1 --seed 7\n' +
        '  npm run replay -- --fault oom\n' +
        '  npm run replay -- --wan\n' +
        '  npm run replay -- events/seven-gib.json --artifact MachineImage=300GiB --wan --timeout 20s\n',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .showHelpAfterError('(npm run replay -- --help shows all options)');
  command.parse([...argv], { from: 'user' });
  const options = command.opts<Parsed>();
  for (const [option, mode, reason] of CONTRADICTIONS) {
    if (options[option] && options[mode]) {
      command.error(
        `error: option '--${option}' cannot be used with '${mode === 'live' ? '--live' : '--dry-run'}': ${reason}`,
      );
    }
  }
  const eventFile = command.args[0] ?? join(SAMPLES_FOLDER, 'three-regions.json');
  return {
    eventFile,
    artifacts: options.artifact ?? new Map(),
    timeoutMs: options.timeout,
    memoryMb: options.memory,
    environment: { ...scenarioOf(eventFile).environment, ...options.env },
    faults: options.fault ?? {},
    seed: options.seed,
    wan: options.wan ?? false,
    dryRun: options.dryRun ?? false,
    json: options.json ?? false,
    verbose: options.verbose ?? false,
    live: options.live ?? false,
  };
}

function artifact(
  value: string,
  previous: ReadonlyMap<string, ArtifactSource> = new Map(),
): ReadonlyMap<string, ArtifactSource> {
  const separator = value.indexOf('=');
  const name = value.slice(0, Math.max(separator, 0));
  const source = value.slice(separator + 1);
  if (!name || !source)
    throw new InvalidArgumentError('Expected NAME=FILE or NAME=SIZE, such as App=app.zip or App=2GiB.');
  const isFile = statSync(source, { throwIfNoEntry: false })?.isFile() === true;
  const sizeBytes = parseSizeBytes(source);
  if (isFile) return new Map(previous).set(name, { file: source });
  if (sizeBytes !== undefined) return new Map(previous).set(name, { sizeBytes });
  throw new InvalidArgumentError(
    `"${source}" is neither a file nor a size. Sizes are numbers with an optional unit: 4096, 300KiB, 10MB, 2GiB.`,
  );
}

function timeout(value: string): number {
  const durationMs = parseDurationMs(value);
  if (durationMs === undefined || durationMs < MIN_TIMEOUT_MS || durationMs > MAX_TIMEOUT_MS) {
    throw new InvalidArgumentError('Expected a duration from 1s to 15min, such as 20s, 1.5min or 15min.');
  }
  return durationMs;
}

function memory(value: string): number {
  const megabytes = Number(value);
  if (!Number.isInteger(megabytes) || megabytes < MIN_MEMORY_MB || megabytes > MAX_MEMORY_MB) {
    throw new InvalidArgumentError(
      `Expected a whole number of MB from ${MIN_MEMORY_MB} to ${MAX_MEMORY_MB}.`,
    );
  }
  return megabytes;
}

function environment(
  value: string,
  previous: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, content] = /^([A-Za-z_]\w*)=(.*)$/s.exec(value) ?? [];
  if (name === undefined || content === undefined) {
    throw new InvalidArgumentError('Expected NAME=VALUE, such as POWERTOOLS_LOG_LEVEL=DEBUG.');
  }
  return { ...previous, [name]: content };
}

function fault(value: string, previous: FaultRates = {}): FaultRates {
  const [kind = '', text] = value.split('=');
  if (!isFaultKind(kind)) {
    throw new InvalidArgumentError(`There is no fault "${kind}". There are ${ALL_FAULT_KINDS.join(', ')}.`);
  }
  // What passes must leave something through; what lasts, or kills, happens for sure.
  const rate = text === undefined ? (FAULT_KINDS[kind].nature === 'passing' ? 0.2 : 1) : Number(text);
  if (text === '' || !(rate >= 0 && rate <= 1)) {
    throw new InvalidArgumentError('Expected KIND=RATE with a rate from 0 to 1, such as slow-down=0.2.');
  }
  return { ...previous, [kind]: rate };
}

function seed(value: string): number {
  const number = Number(value);
  if (value === '' || !Number.isSafeInteger(number))
    throw new InvalidArgumentError('Expected a whole number.');
  return number;
}
