// One replay from start to end: build the world, run the job, compare the copies, report.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startEmbeddedAws } from '../aws/embedded-aws.ts';
import { injectFaults } from '../aws/faults/fault-injector.ts';
import type { FaultHook } from '../aws/faults/faults.ts';
import type { Credentials } from '../aws/state/identities.ts';
import { LambdaFunction, type LambdaOptions } from '../lambda/lambda.ts';
import { EventError, type ReplayEvent, readEvent } from '../pipeline/event.ts';
import { type JobRun, runJob } from '../pipeline/job-loop.ts';
import { killing } from '../pipeline/killing.ts';
import { scenarioOf } from '../pipeline/scenarios.ts';
import { setUp } from '../pipeline/set-up.ts';
import { compareCopies } from './compare/compare.ts';
import { modelNetwork } from './modelled-network.ts';
import type { ReplayOptions } from './options.ts';
import { type ReplayReport, reportOf } from './report.ts';
import {
  conclusion,
  continuation,
  header,
  invocationFailure,
  onFailureDestination,
} from './terminal/present.ts';
import { painter, widthOf } from './terminal/render.ts';
import { compareWithProgress, watchCopies } from './terminal/watch.ts';

/** The bundle that is deployed. */
export const HANDLER_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/handler.mjs', import.meta.url));

/** The handler of the on-failure destination, in the same bundle. */
const LOST_JOB_FILE = fileURLToPath(new URL('../../dist/sync-artifacts/lost-job.mjs', import.meta.url));

/** Replays an event and prints what happens. Throws an EventError for what cannot be replayed at all. */
export async function replay(options: ReplayOptions): Promise<ReplayReport> {
  const event = await readEvent(options.eventFile, options.environment);
  requireArtifacts(options, event);
  if (!existsSync(HANDLER_FILE))
    throw new EventError('The bundle is not built yet: run "npm run build" first');
  const scenario = scenarioOf(options.eventFile);
  const out = process.stdout;
  const paint = painter(out);
  const say = (text: string): void => void (options.json || out.write(`${text}\n`));

  const faults = injectFaults({ seed: options.seed, rates: options.faults, world: () => world });
  const network = options.wan ? modelNetwork(event, () => running) : undefined;
  await using aws = await startEmbeddedAws({
    faults: whileRunning(faults.hook, () => running),
    ...(network && { network }),
  });
  const { world } = aws;
  let running = true;
  const stage = setUp(world, event, scenario, options.artifacts);
  const { sizesBytes } = stage;
  const where = {
    place: `embedded AWS at ${aws.endpoint}`,
    network: network?.describe(sizesBytes),
    width: widthOf(out),
  };
  say(header(options, event, scenario, sizesBytes, where, paint));

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
  const killable = rate > 0 ? killing(lambda, world, { seed: options.seed, rate }) : lambda;
  const started = performance.now();
  let run: JobRun;
  try {
    run = await runJob(
      world,
      killable,
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
    network: network?.report(sizesBytes),
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
