// The command line of the replay: each option once, with what it means and the error for a wrong value.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import {
  FUNCTION_MEMORY_MIB,
  FUNCTION_TIMEOUT_SECONDS,
  MAX_FUNCTION_TIMEOUT_SECONDS,
} from '../../infra/shape/job-time.ts';
import { FAULT_KINDS, type FaultRates, isFaultKind } from '../aws/faults/fault-kinds.ts';
import { type CommandOutput, calledAs, portParser } from '../command-line.ts';
import { SAMPLES_FOLDER } from '../pipeline/scenarios.ts';
import type { ArtifactSource } from '../pipeline/set-up.ts';
import { defaultRate, faultHelp } from './fault-help.ts';
import { DEBUGGING_TIMEOUT_MS, DEFAULT_INSPECTOR_PORT } from './inspector.ts';
import { formatDuration, parseDurationMs, parseSizeBytes } from './quantity.ts';
import { requireKnownVariable } from './target/function-variables.ts';

/** What the user asked for. */
export type ReplayOptions = ReturnType<typeof parseOptions>;

/** Memory that Lambda can be configured with, in MiB (Lambda quotas). */
const MIN_MEMORY_MIB = 128;
const MAX_MEMORY_MIB = 10_240;
const MIN_TIMEOUT_MS = 1_000;
const DEFAULT_TIMEOUT_MS = FUNCTION_TIMEOUT_SECONDS * 1000;

const NAME = calledAs('replay');

const EXAMPLES = `
Examples:
  ${NAME.replace(/ --$/, '')}
  ${NAME} events/relay.json
  ${NAME} --artifact App=build/app.zip --artifact Templates=300KiB
  ${NAME} job.json --user-parameters '{"DestinationBucket":"copies-eu-west-1"}'
  ${NAME} --fault slow-down=0.2 --fault stall=0.1 --seed 7
  ${NAME} --twice
  ${NAME} --wan --report job.html
  ${NAME} events/seven-gib.json --artifact MachineImage=300GiB --wan --timeout 20s

Exit code: 0 when the job succeeded and every copy is right, 1 when not,
2 when there was nothing to replay.
The samples and what they show: events/README.md.
The document of --json: schemas/replay-report.schema.json.
`;

/** Parses the arguments. @throws CommanderError after help (`exitCode` 0) or what is wrong has been printed */
export function parseOptions(argv: readonly string[], output: CommandOutput = {}) {
  const command = new Command(NAME)
    .description(
      'Replays a CodePipeline job on this machine: runs the built function as Lambda does, against an embedded AWS ' +
        'with the buckets, keys and artifacts that the event names, then compares every copy byte for byte.',
    )
    // Commander would show the empty maps and the falses, too.
    .configureHelp({
      optionDescription: ({ description, defaultValueDescription: value }) =>
        value === undefined ? description : `${description} (default: ${value})`,
    })
    .argument('[event]', 'file with a CodePipeline job event (default: events/three-regions.json)')
    .optionsGroup('The job:')
    .option(
      '--artifact <NAME=FILE|SIZE>',
      'bytes of an input artifact: your own file, or a generated one such as 2GiB (repeatable)',
      artifact,
      new Map<string, ArtifactSource>(),
    )
    .option('--user-parameters <JSON>', "UserParameters instead of the event's own", userParameters)
    .option(
      '--variable <NAME=VALUE>',
      'value of a pipeline variable such as codepipeline.PipelineExecutionId (repeatable)',
      pair('a pipeline variable, such as codepipeline.PipelineExecutionId=4f1b6c2e'),
      new Map<string, string>(),
    )
    .option(
      '--bucket-region <BUCKET=REGION>',
      'region of a bucket whose name does not contain it (repeatable)',
      pair('a bucket and its region, such as web-shop-releases=eu-west-1'),
      new Map<string, string>(),
    )
    .option('--unversioned-source', 'the source bucket keeps no versions', false)
    .option('--twice', 'retry the stage afterwards: what is there is not copied again', false)
    .optionsGroup('The function:')
    .addOption(
      new Option('--timeout <DURATION>', 'its timeout, 1s to 15min, such as 20s')
        .argParser(timeout)
        .default(DEFAULT_TIMEOUT_MS, `${formatDuration(DEFAULT_TIMEOUT_MS)}, as deployed`),
    )
    .addOption(
      new Option('--memory <MIB>', `its memory in MiB, ${MIN_MEMORY_MIB} to ${MAX_MEMORY_MIB}`)
        .argParser(memory)
        .default(FUNCTION_MEMORY_MIB, `${FUNCTION_MEMORY_MIB}, as deployed`),
    )
    .option(
      '--env <NAME=VALUE>',
      'an environment variable of it (repeatable)',
      environment,
      new Map<string, string>(),
    )
    .addOption(
      new Option('--inspect [PORT]', 'wait for a debugger of Node.js; the timeout is 12 h, unless given')
        .argParser(portParser(' An event goes before --inspect.'))
        .preset(String(DEFAULT_INSPECTOR_PORT)),
    )
    .optionsGroup('What goes wrong:')
    .option('--fault <KIND[=RATE]>', 'a kind of fault, listed below (repeatable)', fault, {} as FaultRates)
    .addOption(
      new Option('--seed <NUMBER>', 'which requests the faults strike').argParser(seed).default(1, '1'),
    )
    .option('--wan', 'modelled latency: requests take as long as between the regions of AWS', false)
    .optionsGroup('What is done and shown:')
    .option('--dry-run', 'print what would be copied and how, copy nothing', false)
    .option('--live', 'copy on the real AWS with your own credentials; gives no job a result', false)
    .option(
      '--yes',
      'with --live: write without asking (with --dry-run: begin an upload at each destination and abort it)',
      false,
    )
    .option('--json', 'print one JSON document instead of bars and tables', false)
    .option('--report <FILE>', 'write a page that shows every request by copy and time')
    .option('--verbose', "print the function's log lines as they come", false)
    .addHelpText('after', (context) => `\n${faultHelp(context.error ? 80 : helpWidth())}${EXAMPLES}`)
    .configureOutput(output)
    .exitOverride()
    .showHelpAfterError(`(${NAME} --help shows all options)`)
    .parse([...argv], { from: 'user' });
  const options = command.opts();
  for (const { option, mode, reason, ...rule } of RULES) {
    const needs = 'needs' in rule;
    if (isGiven(options[option]) && options[mode] !== needs)
      command.error(
        `error: option '${flag(option)}' ${needs ? 'needs' : 'cannot be used with'} '${flag(mode)}': ${reason}`,
      );
  }
  const isDebugged = options.inspect !== undefined && command.getOptionValueSource('timeout') === 'default';
  return {
    ...options,
    ...(isDebugged ? { timeout: DEBUGGING_TIMEOUT_MS } : {}),
    event: eventFileOf(command.args[0] ?? 'events/three-regions.json'),
  };
}

/** A file as given; a sample event is found from other folders, too, as `events/NAME.json`. */
function eventFileOf(given: string): string {
  const [, sample] = /^(?:\.\/)?events\/([^/]+\.json)$/.exec(given) ?? [];
  if (sample === undefined || existsSync(given)) return given;
  const file = join(SAMPLES_FOLDER, sample);
  return existsSync(file) ? file : given;
}

/** Options that mean nothing, or something other than they seem to, in a mode; or that need one. */
const RULES = [
  { option: 'fault', mode: 'live', reason: 'AWS has faults of its own' },
  { option: 'artifact', mode: 'live', reason: 'the real artifacts are copied' },
  { option: 'wan', mode: 'live', reason: 'the real network has its own latency' },
  { option: 'unversionedSource', mode: 'live', reason: 'the real bucket is as it is' },
  { option: 'bucketRegion', mode: 'live', reason: 'the real buckets are where they are' },
  { option: 'report', mode: 'live', reason: 'requests to the real AWS are not recorded' },
  { option: 'fault', mode: 'dryRun', reason: 'faults strike copies, and nothing is copied' },
  { option: 'wan', mode: 'dryRun', reason: 'latency slows copies, and nothing is copied' },
  { option: 'twice', mode: 'dryRun', reason: 'nothing is copied once' },
  { option: 'report', mode: 'dryRun', reason: 'nothing happens that could be drawn' },
  { option: 'inspect', mode: 'dryRun', reason: 'the function itself does not run' },
  { option: 'yes', mode: 'live', reason: 'only there is a question asked', needs: true },
] as const satisfies readonly {
  readonly option: string;
  readonly mode: string;
  readonly reason: string;
  readonly needs?: boolean;
}[];

function isGiven(value: unknown): boolean {
  if (value instanceof Map) return value.size > 0;
  if (typeof value === 'number') return true;
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

function flag(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function helpWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : 80;
}

function artifact(
  value: string,
  previous: ReadonlyMap<string, ArtifactSource>,
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

function userParameters(value: string): string {
  try {
    JSON.parse(value);
    return value;
  } catch (error) {
    throw new InvalidArgumentError(
      `Expected JSON, such as '{"DestinationBucket":"copies-eu-west-1"}': ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/** A repeatable NAME=VALUE. */
function pair(expected: string, pattern = /^([^=]+)=(.+)$/s) {
  return (value: string, previous: ReadonlyMap<string, string>): ReadonlyMap<string, string> => {
    const [, name, content] = pattern.exec(value) ?? [];
    if (name === undefined || content === undefined) throw new InvalidArgumentError(`Expected ${expected}.`);
    return new Map(previous).set(name, content);
  };
}

const variable = pair('NAME=VALUE, such as POWERTOOLS_LOG_LEVEL=DEBUG', /^([A-Za-z_]\w*)=(.*)$/s);

function timeout(value: string): number {
  const durationMs = parseDurationMs(value);
  const isWithin = (ms: number): boolean => ms >= MIN_TIMEOUT_MS && ms <= MAX_FUNCTION_TIMEOUT_SECONDS * 1000;
  if (durationMs === undefined || !isWithin(durationMs))
    throw new InvalidArgumentError('Expected a duration from 1s to 15min, such as 20s, 1.5min or 15min.');
  return durationMs;
}

function memory(value: string): number {
  const mebibytes = Number(value);
  if (!Number.isInteger(mebibytes) || mebibytes < MIN_MEMORY_MIB || mebibytes > MAX_MEMORY_MIB) {
    throw new InvalidArgumentError(
      `Expected a whole number of MiB from ${MIN_MEMORY_MIB} to ${MAX_MEMORY_MIB}.`,
    );
  }
  return mebibytes;
}

function environment(value: string, previous: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const variables = variable(value, previous);
  for (const name of variables.keys()) requireKnownVariable(name);
  return variables;
}

function fault(value: string, previous: FaultRates): FaultRates {
  const [kind = '', text] = value.split('=');
  if (!isFaultKind(kind)) {
    throw new InvalidArgumentError(
      `There is no fault "${kind}". Expected one of ${Object.keys(FAULT_KINDS).join(', ')}.`,
    );
  }
  const rate = text === undefined ? defaultRate(kind) : Number(text);
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
