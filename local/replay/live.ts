// A replay on the real AWS with the user's own credentials; only CodePipeline is a local one, so that no job gets a result.
import { existsSync } from 'node:fs';
import { S3Client } from '@aws-sdk/client-s3';
import { formatBytes } from '../../functions/sync-artifacts/result/summary.ts';
import { startEmbeddedAws } from '../aws/embedded-aws.ts';
import { LambdaFunction, type RoleCredentials } from '../lambda/lambda.ts';
import { EventError, type ReplayEvent, readEvent } from '../pipeline/event.ts';
import { runJob } from '../pipeline/job-loop.ts';
import { parseCopyLine } from './copy-log.ts';
import type { ReplayOptions } from './options.ts';
import { formatDuration } from './quantity.ts';
import { type ReplayReport, reportOf } from './report.ts';
import { HANDLER_FILE } from './run.ts';
import { conclusion, continuation, header, invocationFailure } from './terminal/present.ts';
import { painter, widthOf } from './terminal/render.ts';

/** Variables of the user's shell that say where S3 is; everything else comes from the credentials chain. */
const ENDPOINT_VARIABLES = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_S3'];

/** Copies for real, reading and writing with the user's identity, and prints what happens. */
export async function replayLive(options: ReplayOptions): Promise<ReplayReport> {
  const event = await readEvent(options.eventFile, options.environment);
  if (!existsSync(HANDLER_FILE))
    throw new EventError('The bundle is not built yet: run "npm run build" first');
  const out = process.stdout;
  const paint = painter(out);
  const say = (text: string): void => void (options.json || out.write(`${text}\n`));
  const { credentials, region } = await ownIdentity(event);
  const scenario = {
    shows: paint('yellow', 'Live: copies are made on the real AWS, with your own credentials.'),
  };
  say(
    header(
      options,
      event,
      scenario,
      undefined,
      { place: 'AWS, job results stay here', width: widthOf(process.stdout) },
      paint,
    ),
  );

  await using recorder = await startEmbeddedAws();
  const { world } = recorder;
  world.addIdentity({
    principalArn: `arn:aws:iam::${event.accountId}:user/live`,
    accountId: event.accountId,
    credentials,
    may: [{ actions: ['codepipeline:*'], resources: ['*'] }],
  });
  const { jobId, accountId, data } = event;
  const job = world.codePipeline.createJob({
    jobId,
    accountId,
    data: { ...data, artifactCredentials: null },
  });
  await using lambda = new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region,
    accountId: event.accountId,
    credentials,
    timeoutMs: options.timeoutMs,
    memoryMb: options.memoryMb,
    environment: {
      ...ownEndpoints(),
      AWS_ENDPOINT_URL_CODEPIPELINE: recorder.endpoint,
      ...options.environment,
    },
    onLine(line) {
      if (options.verbose) (options.json ? process.stderr : out).write(`${paint('dim', line)}\n`);
      const copy = parseCopyLine(line);
      if (copy)
        say(
          `  ${copy.artifact} → ${copy.region}: ${formatBytes(copy.sizeBytes)}, ${copy.strategy}${copy.durationMs === undefined ? '' : ` in ${formatDuration(copy.durationMs)}`}`,
        );
    },
  });
  const started = performance.now();
  const invoke: LambdaFunction['invoke'] = (next, requestId) =>
    lambda.invoke(withCredentials(next, credentials), requestId);
  const run = await runJob(
    world,
    { invoke },
    { job, event: job.event },
    {
      continued: ({ input }) => say(continuation(input, paint)),
      failed: (invocation, retries) => say(invocationFailure({ ...invocation, logs: [] }, retries, paint)),
    },
  );
  const jobMs = performance.now() - started;
  const findings = { eventFile: options.eventFile, scenario: { shows: 'live' }, event, world, run };
  const report = reportOf({
    ...findings,
    requests: {},
    struck: new Map(),
    comparisons: undefined,
    jobMs,
    compareMs: 0,
  });
  const live = { ...report, passed: report.result.status === 'Succeeded' };
  say(conclusion(live, options, widthOf(out), paint));
  return live;
}

/** The event with the user's credentials as the job's: those of a sample, or of a job long past, open nothing. */
export function withCredentials(event: unknown, artifactCredentials: RoleCredentials): unknown {
  const { 'CodePipeline.job': job } = event as { 'CodePipeline.job': { readonly data: object } };
  return { 'CodePipeline.job': { ...job, data: { ...job.data, artifactCredentials } } };
}

/** Where the user's shell says that S3 is, for S3 servers that are not AWS. */
export function ownEndpoints(): Record<string, string> {
  const given = ENDPOINT_VARIABLES.map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(given.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** What the SDK finds in environment, profile, SSO or instance role, as every AWS tool does. */
export async function ownIdentity(
  event: ReplayEvent,
): Promise<{ credentials: RoleCredentials; region: string }> {
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? event.region;
  const client = new S3Client({ region });
  try {
    const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
    return {
      region,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    };
  } catch (cause) {
    throw new EventError(
      '--live needs AWS credentials: set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
      {
        cause,
      },
    );
  } finally {
    client.destroy();
  }
}
