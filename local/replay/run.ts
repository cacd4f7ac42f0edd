// One replay from start to end: build the world, run the job, compare the copies, report.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEmbeddedAws } from '../aws/embedded-aws.ts';
import { injectFaults } from '../aws/fault-injector.ts';
import type { FaultHook } from '../aws/faults.ts';
import type { Credentials } from '../aws/identities.ts';
import type { LoggedRequest } from '../aws/request-log.ts';
import { bytesToCompare, compareCopies } from './compare.ts';
import { parseCopyLine } from './copy-log.ts';
import { dying } from './dying.ts';
import { EventError, type ExpectedCopy, type ReplayEvent, readEvent } from './event.ts';
import { type JobRun, runJob } from './job-loop.ts';
import { LambdaFunction, type LambdaOptions } from './lambda.ts';
import type { ReplayOptions } from './options.ts';
import { conclusion, continuation, header, invocationFailure, onFailureDestination } from './present.ts';
import { type Progress, SILENT, startProgress, type Track } from './progress.ts';
import { formatDuration } from './quantity.ts';
import { type Paint, painter, widthOf } from './render.ts';
import { copyId, type ReplayReport, reportOf } from './report.ts';
import { scenarioOf } from './scenarios.ts';
import { type Stage, setUp } from './set-up.ts';

/** The bundle that is deployed. */
export const HANDLER_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/handler.mjs', import.meta.url));

/** The handler of the on-failure destination, in the same bundle. */
const LOST_JOB_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/lost-job.mjs', import.meta.url));

/** Replays an event and prints what happens. Throws an EventError for what cannot be replayed at all. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const event = await readEvent(options.eventFile);
  requireArtifacts(options, event);
  if (!existsSync(HANDLER_FILE))
    throw new EventError('The bundle is not built yet: run "npm run build" first');
  const scenario = scenarioOf(options.eventFile);
  const out = process.stdout;
  const paint = painter(out);
  const say = (text: string): void => void (options.json || out.write(`${text}\n`));

  const faults = injectFaults({ seed: options.seed, rates: options.faults, world: () => world });
  await using aws = await startEmbeddedAws({ faults: whileRunning(faults.hook, () => running) });
  const { world } = aws;
  let running = true;
  const stage = setUp(world, event, scenario, options.artifacts);
  say(header(options, event, scenario, stage.sizesBytes, `embedded AWS at ${aws.endpoint}`, paint));

  const requests: Record<string, number> = {};
  const watch = watchCopies(options, event.copies, stage, paint);
  const unsubscribe = world.onRequest((request) => {
    requests[request.operation] = (requests[request.operation] ?? 0) + 1;
    watch.onRequest(request);
  });
  const configuration = (handlerFile: string, credentials: Credentials): LambdaOptions => ({
    handlerFile,
    region: event.region,
    accountId: event.accountId,
    credentials,
    timeoutMs: options.timeoutMs,
    memoryMb: options.memoryMb,
    environment: {
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
      ...options.environment,
    },
    onLine: watch.onLine,
  });
  await using lambda = new LambdaFunction(configuration(HANDLER_FILE, stage.role));
  await using onFailure = new LambdaFunction(configuration(LOST_JOB_FILE, stage.lostJobRole));
  const { oom: rate = 0 } = options.faults;
  const mortal = rate > 0 ? dying(lambda, world, { seed: options.seed, rate }) : lambda;
  const started = performance.now();
  let run: JobRun;
  try {
    run = await runJob(
      world,
      mortal,
      { job: stage.job, event: event.raw },
      {
        continued: ({ input }) => watch.progress.print(continuation(input, paint)),
        failed: (invocation, retries) =>
          watch.progress.print(invocationFailure({ ...invocation, logs: [] }, retries, paint)),
        lost: () => watch.progress.print(onFailureDestination(paint)),
      },
      onFailure,
    );
  } finally {
    running = false;
    unsubscribe();
    watch.progress.stop();
  }
  const jobMs = performance.now() - started;

  const comparing = performance.now();
  const comparisons =
    run.state === 'Succeeded'
      ? await compareWithProgress(options, paint, stage, event.copies, (onBytes) =>
          compareCopies(aws, stage, event.copies, onBytes),
        )
      : undefined;
  const compareMs = performance.now() - comparing;
  const findings = {
    eventFile: options.eventFile,
    scenario,
    event,
    world,
    run,
    requests,
    struck: faults.struck,
  };
  const report = reportOf({ ...findings, comparisons, jobMs, compareMs });
  say(conclusion(report, options, widthOf(out), paint));
  return report;
}

/** Faults strike the function, not those who look at what it did. */
function whileRunning(hook: FaultHook, running: () => boolean): FaultHook {
  return (point) => (running() ? hook(point) : undefined);
}

/** Throws an EventError if `--artifact` names one that the event does not have. */
export function requireArtifacts({ artifacts }: ReplayOptions, event: ReplayEvent): void {
  const names = event.inputs.map(({ name }) => name);
  for (const name of artifacts.keys()) {
    if (!names.includes(name)) {
      throw new EventError(
        `--artifact names "${name}", but the event has no such input artifact; it has ${names.join(', ') || 'none'}`,
      );
    }
  }
}

interface CopyWatch {
  readonly progress: Progress;
  onRequest(request: LoggedRequest): void;
  onLine(line: string): void;
}

const WRITES: ReadonlySet<string> = new Set(['CopyObject', 'UploadPartCopy', 'PutObject', 'UploadPart']);

/** Turns requests and log lines into progress: bytes from requests, the end of a copy from the function's own word. */
function watchCopies(
  options: ReplayOptions,
  copies: readonly ExpectedCopy[],
  stage: Stage,
  paint: Paint,
): CopyWatch {
  const tracks = copies
    .filter(({ artifact }) => stage.recipes.has(artifact.name))
    .map(({ artifact, destination, key }) => ({
      id: copyId({ bucket: destination.bucket, key }),
      label: `${artifact.name} → ${destination.region}`,
      totalBytes: stage.sizesBytes.get(artifact.name) ?? 0,
    }));
  const progress = options.json ? SILENT : startProgress('Copying', tracks, process.stdout, paint);
  const doneBytes = new Map<string, number>();
  const finished = new Set<string>();
  return {
    progress,
    onRequest({ operation, bucket, key, status, errorCode, bytes }) {
      if (!WRITES.has(operation) || status >= 300 || errorCode || !bucket || !key) return;
      const id = copyId({ bucket, key });
      const done = (doneBytes.get(id) ?? 0) + bytes;
      doneBytes.set(id, done);
      progress.update(id, done);
    },
    onLine(line) {
      if (options.verbose) {
        if (options.json) process.stderr.write(`${line}\n`);
        else progress.print(paint('dim', line));
      }
      const copy = parseCopyLine(line);
      // A continued job tells of finished copies again.
      if (!copy || finished.has(copyId(copy))) return;
      finished.add(copyId(copy));
      const track = tracks.find(({ id }) => id === copyId(copy));
      const time = copy.durationMs === undefined ? '' : ` in ${formatDuration(copy.durationMs)}`;
      progress.update(copyId(copy), track?.totalBytes ?? copy.sizeBytes, `${copy.strategy}${time}`);
    },
  };
}

async function compareWithProgress<T>(
  options: ReplayOptions,
  paint: Paint,
  stage: Stage,
  copies: readonly ExpectedCopy[],
  compare: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const track: Track = { id: 'compare', label: 'Comparing', totalBytes: bytesToCompare(stage, copies) };
  const progress = options.json ? SILENT : startProgress('Comparing', [track], process.stdout, paint);
  let done = 0;
  try {
    return await compare((bytes) => {
      done += bytes;
      progress.update(track.id, done);
    });
  } finally {
    progress.stop();
  }
}
