// Shows what a job would do, with the facts that S3 gives now: every copy, its strategy and its parts. Copies nothing.
import { fileURLToPath } from 'node:url';
import type { JobFailure } from '../../functions/sync-artifacts/errors.ts';
import { formatBytes } from '../../functions/sync-artifacts/result/summary.ts';
import { startEmbeddedAws } from '../aws/embedded-aws.ts';
import { LambdaFunction, type RoleCredentials } from '../lambda/lambda.ts';
import { type ReplayEvent, readEvent } from '../pipeline/event.ts';
import { scenarioOf } from '../pipeline/scenarios.ts';
import { setUp } from '../pipeline/set-up.ts';
import { parseLogLine } from './copy-log.ts';
import { ownEndpoints, ownIdentity, withCredentials } from './live.ts';
import type { ReplayOptions } from './options.ts';
import type { PlanAnswer, PlanLine } from './plan-handler.ts';
import { requireArtifacts } from './run.ts';
import { header } from './terminal/present.ts';
import { box, type Paint, painter, shorten, table, widthOf } from './terminal/render.ts';

/** What `--dry-run --json` prints. */
export interface PlanReport {
  readonly event: string;
  readonly plan: readonly PlanLine[];
  /** How the job would fail before it copies anything. */
  readonly failure?: JobFailure;
}

const PLAN_HANDLER = fileURLToPath(new URL('./plan-handler.ts', import.meta.url));

/** Plans a job against the embedded AWS, or with `--live` against the real one, and prints the plan. */
export async function dryRun(options: ReplayOptions): Promise<PlanReport> {
  const event = await readEvent(options.eventFile, options.environment);
  requireArtifacts(options, event);
  const paint = painter(process.stdout);
  const say = (text: string): void => void (options.json || process.stdout.write(`${text}\n`));
  const answer = options.live
    ? await planLive(options, event, say, paint)
    : await planEmbedded(options, event, say, paint);
  const width = widthOf(process.stdout);
  if ('failure' in answer) {
    const { type, message } = answer.failure;
    say(
      box(
        'What the pipeline would show',
        [paint('red', `Failed: ${type}`), '', message],
        width,
        'red',
        paint,
      ),
    );
    return { event: options.eventFile, plan: [], failure: answer.failure };
  }
  say(planTable(answer.plan, width, paint));
  say(`\n  ${paint('dim', 'Nothing was copied.')}\n`);
  return { event: options.eventFile, plan: answer.plan };
}

type Say = (text: string) => void;

async function planEmbedded(
  options: ReplayOptions,
  event: ReplayEvent,
  say: Say,
  paint: Paint,
): Promise<PlanAnswer> {
  await using aws = await startEmbeddedAws();
  const scenario = scenarioOf(options.eventFile);
  const stage = setUp(aws.world, event, scenario, options.artifacts);
  say(
    header(
      options,
      event,
      scenario,
      stage.sizesBytes,
      { place: 'embedded AWS, plan only', width: widthOf(process.stdout) },
      paint,
    ),
  );
  const endpoints = { AWS_ENDPOINT_URL_S3: aws.endpoint, AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint };
  return await plan(options, event, event.raw, { credentials: stage.role, region: event.region }, endpoints);
}

async function planLive(
  options: ReplayOptions,
  event: ReplayEvent,
  say: Say,
  paint: Paint,
): Promise<PlanAnswer> {
  const identity = await ownIdentity(event);
  const scenario = { shows: 'Live: facts are read on the real AWS, with your own credentials.' };
  say(
    header(
      options,
      event,
      scenario,
      undefined,
      { place: 'AWS, plan only', width: widthOf(process.stdout) },
      paint,
    ),
  );
  return await plan(
    options,
    event,
    withCredentials(event.raw, identity.credentials),
    identity,
    ownEndpoints(),
  );
}

async function plan(
  options: ReplayOptions,
  event: ReplayEvent,
  raw: unknown,
  { credentials, region }: { readonly credentials: RoleCredentials; readonly region: string },
  endpoints: Readonly<Record<string, string>>,
): Promise<PlanAnswer> {
  await using lambda = new LambdaFunction({
    handlerFile: PLAN_HANDLER,
    region,
    accountId: event.accountId,
    credentials,
    timeoutMs: options.timeoutMs,
    memoryMb: options.memoryMb,
    environment: { ...endpoints, ...options.environment },
  });
  const { lines, errorMessage } = await lambda.invoke(raw);
  const answer = lines.map(parseLogLine).findLast((line) => line && ('plan' in line || 'failure' in line));
  if (!answer) throw new Error(`The plan could not be made: ${errorMessage ?? lines.join('\n')}`);
  return answer as unknown as PlanAnswer;
}

function planTable(lines: readonly PlanLine[], width: number, paint: Paint): string {
  const bucketWidth = Math.max(16, width - 78);
  return table(
    ['Artifact', 'Destination', 'Region', 'Size', 'Strategy', 'Parts', 'of'],
    lines.map(({ artifact, bucket, region, sizeBytes, strategy, parts }) => [
      shorten(artifact, 24),
      shorten(bucket, bucketWidth),
      region,
      formatBytes(sizeBytes),
      strategy,
      parts ? String(parts.count) : '',
      parts ? formatBytes(parts.sizeBytes) : '',
    ]),
    ['Size', 'Parts', 'of'],
    paint,
  );
}
