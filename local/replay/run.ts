// One replay from start to end, on the embedded AWS or the real one: run the job, compare the copies, report.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import type { LoggedRequest } from '../aws/state/request-log.ts';
import { LambdaFunction, type LambdaOptions } from '../lambda/lambda.ts';
import { EventError, type ReplayEvent, readEvent } from '../pipeline/event/event.ts';
import { attemptsFor, runJob } from '../pipeline/job-loop.ts';
import { type Scenario, scenarioOf } from '../pipeline/scenarios.ts';
import { Comparer, type Comparison, changedSources } from './compare/compare.ts';
import { DEBUGGING_ENVIRONMENT, inspectorPort, waitingForDebugger } from './inspector.ts';
import type { ReplayOptions } from './options.ts';
import { type ObservedRun, peakBytes, runReport, verdictOf } from './report.ts';
import type { ReplayReport } from './report-schema.ts';
import { embeddedTarget } from './target/embedded-target.ts';
import { liveTarget, writingQuestion } from './target/live-target.ts';
import type { Target } from './target/target.ts';
import { conclusion } from './terminal/conclusion.ts';
import {
  continuation,
  displayPath,
  header,
  invocationFailure,
  onFailureDestination,
} from './terminal/present.ts';
import { silentTerminal, type Terminal } from './terminal/terminal.ts';
import { compareWithProgress, watchCopies } from './terminal/watch.ts';

/** The bundle that is deployed. */
export const HANDLER_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/handler.mjs', import.meta.url));

/** The handler of the on-failure destination, in the same bundle. */
const LOST_JOB_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/lost-job.mjs', import.meta.url));

/** What a replay is run with. */
export interface Replay {
  readonly options: ReplayOptions;
  readonly event: ReplayEvent;
  readonly scenario: Scenario;
  readonly terminal: Terminal;
}

/** Where and with what a replay runs, if not by itself. */
interface Surroundings {
  /** Asks a question before something is written for real; true to continue. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Compares; one of its own by default. */
  readonly comparer?: Comparer;
}

/** A replay's document and what its page is drawn from. */
export interface Replayed {
  readonly report: ReplayReport;
  /** Of the last run. */
  readonly requests: readonly LoggedRequest[];
}

/** Reads what is to be replayed. @throws EventError for what cannot be */
export async function prepareReplay(options: ReplayOptions, terminal: Terminal): Promise<Replay> {
  const event = await readEvent(options.event, {
    userParameters: options.userParameters,
    variables: options.variable,
    bucketRegions: options.bucketRegion,
    destinationSets:
      options.env.get('SYNC_DESTINATION_SETS') ??
      scenarioOf(options.event).environment?.SYNC_DESTINATION_SETS,
  });
  requireArtifacts(options, event);
  if (!existsSync(HANDLER_FILE))
    throw new EventError('The function is not built yet. Run "npm run build" first.');
  return {
    options,
    event,
    scenario: scenarioOf(options.event),
    terminal: options.json ? silentTerminal() : terminal,
  };
}

/** Runs the job and prints what happens. */
export async function replay(
  prepared: Replay,
  { comparer, confirm = () => Promise.resolve(true) }: Surroundings = {},
): Promise<Replayed> {
  const { options, event, scenario, terminal } = prepared;
  await using target = options.live
    ? await liveTarget(options, event)
    : await embeddedTarget(options, event, scenario);
  terminal.print(header(prepared, target));
  if (options.live && !(await confirm(writingQuestion(event, target))))
    throw new EventError('Nothing was written.');
  const inspectPort = options.inspect === undefined ? undefined : await inspectorPort(options.inspect);
  await using lambda = new LambdaFunction({
    ...functionOptions(options, event, target),
    onLine: (line) => onLine(line),
    ...omitUndefined({ inspectPort }),
  });
  if (inspectPort !== undefined) {
    const text = waitingForDebugger(inspectPort);
    if (options.json) process.stderr.write(text);
    else terminal.print(text);
  }
  await using lostJob = new LambdaFunction({
    ...functionOptions(options, event, target),
    handlerFile: LOST_JOB_FILE,
    credentials: target.lostJobCredentials,
  });
  let onLine: (line: string) => void = () => undefined;
  const runOnce = async (): Promise<Omit<ObservedRun, 'comparisons'>> => {
    const watch = watchCopies(event.copies, target.built?.stage.sizesBytes, terminal);
    onLine = (line) => {
      if (options.verbose) {
        if (options.json) process.stderr.write(`${line}\n`);
        else watch.print(terminal.paint('dim', line));
      }
      watch.onLine(line);
    };
    const requests: LoggedRequest[] = [];
    const started = performance.now();
    try {
      const run = await target.whileRunning(
        (request) => {
          requests.push(request);
          watch.onRequest(request);
        },
        () =>
          runJob(target.world, target.invocable(lambda), target.nextJob(), {
            listener: {
              continued: ({ input }) => watch.print(continuation(input, terminal.paint)),
              failed: (invocation, retries) =>
                watch.print(invocationFailure(invocation, retries, terminal.paint)),
              lost: () => watch.print(onFailureDestination(terminal.paint)),
            },
            onFailure: lostJob,
            // A second attempt would wait for the debugger again.
            attempts: options.inspect === undefined ? attemptsFor(options.timeout) : 1,
          }),
      );
      return { run, requests, jobMs: performance.now() - started };
    } finally {
      watch.stop();
    }
  };
  const first = options.twice ? await runOnce() : undefined;
  if (first) terminal.print(`\n  Retrying the stage, as "Retry stage" in the console does.\n`);
  const last = await runOnce();
  const comparing = performance.now();
  const comparisons = last.run.state === 'Succeeded' ? await compare(prepared, target, comparer) : undefined;
  const compareMs = Math.round(performance.now() - comparing);
  const { world } = target;
  const lastRun = runReport(event, world, { ...last, comparisons });
  const firstRun = first && runReport(event, world, { ...first, comparisons: undefined });
  const verdict = verdictOf(lastRun, scenario.fails);
  const functionPeakBytes = peakBytes([firstRun, lastRun]);
  const report: ReplayReport = {
    event: displayPath(options.event),
    shows: scenario.shows,
    target: target.kind,
    verdict,
    exitCode: verdict === 'succeeded' ? 0 : 1,
    assumptions: [...event.assumptions],
    ...lastRun,
    changedSources: target.built ? changedSources(target.built.aws, target.built.stage, event.copies) : [],
    faults: Object.fromEntries(target.built?.struck ?? []),
    memoryMib: options.memory,
    timeoutMs: options.timeout,
    ...omitUndefined({
      expectedFailure: scenario.fails,
      firstRun,
      network: target.built?.network(),
      functionPeakBytes,
    }),
    compareMs: comparisons ? compareMs : 0,
    comparedBytes: comparisons?.reduce((sum, { bytesRead }) => sum + bytesRead, 0) ?? 0,
  };
  terminal.print(conclusion(report, terminal.width(), terminal.paint));
  return { report, requests: last.requests };
}

/** The deployed function, as the options have it. */
export function functionOptions(options: ReplayOptions, event: ReplayEvent, target: Target): LambdaOptions {
  return {
    handlerFile: HANDLER_FILE,
    accountId: event.accountId,
    timeoutMs: options.timeout,
    memoryMb: options.memory,
    ...target.functionSettings,
    environment: {
      ...(options.inspect === undefined ? {} : DEBUGGING_ENVIRONMENT),
      ...target.functionSettings.environment,
    },
  };
}

/** Compares what was written; a destination that is the source itself was not. */
async function compare(
  { event, terminal }: Replay,
  { built }: Target,
  shared: Comparer | undefined,
): Promise<readonly Comparison[] | undefined> {
  if (!built) return undefined;
  const { aws, stage } = built;
  const copies = event.copies.filter(({ isSource }) => !isSource);
  const comparer = shared ?? new Comparer();
  try {
    return await compareWithProgress(terminal, stage, copies, (onBytes) =>
      comparer.compare(aws, stage, copies, onBytes),
    );
  } finally {
    if (!shared) await comparer[Symbol.asyncDispose]();
  }
}

/** @throws EventError if `--artifact` names one that the event does not have */
function requireArtifacts({ artifact }: ReplayOptions, event: ReplayEvent): void {
  const names = event.inputs.map(({ name }) => name);
  for (const name of artifact.keys()) {
    if (!names.includes(name)) {
      throw new EventError(
        `--artifact names "${name}", but the event has no such input artifact. It has ${names.join(', ') || 'none'}.`,
      );
    }
  }
}
