// The server's side of the benchmark, in a process of its own: the embedded AWS behind the modelled network.

import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { compareContent, generated } from '../../local/aws/content/content.ts';
import { startEmbeddedAws } from '../../local/aws/embedded-aws.ts';
import { latest } from '../../local/aws/state/buckets.ts';
import type { LoggedRequest } from '../../local/aws/state/request-log.ts';
import { FUNCTION_NAME } from '../../local/lambda/lambda.ts';
import { addRole, LocalPipeline } from '../../local/pipeline/local-pipeline.ts';
import { Wan } from '../../local/wan/network.ts';
import { type BenchCase, HOME_REGION } from '../job/cases.ts';
import type { BenchJob } from '../job/job.ts';
import { makeCertificates } from './certificates.ts';
import {
  type BenchServerOptions,
  type RunReport,
  type ServerAnswer,
  type ServerRequest,
  WAN_PROFILES,
} from './server-messages.ts';

const ACCOUNT_ID = '111122223333';
const PREFIX = 'bench-pipeline/Artifacts/';

/** Processor cores: one for the contenders, and one for this server where there are two. */
const CONTENDERS_CORE = 0;
const SERVER_CORE = 1;

const options = JSON.parse(process.argv[2] ?? '') as BenchServerOptions;
const oneCore = options.oneCore && process.platform === 'linux' && availableParallelism() > 1;
if (oneCore)
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(SERVER_CORE), String(process.pid)]);
const wan = new Wan(WAN_PROFILES[options.profile]);
const tls = options.tls ? await makeCertificates() : undefined;
const aws = await startEmbeddedAws({ network: wan, ...(tls && { tls: tls.certificate }) });
// Peers need more than the function's role may do.
const { credentials } = addRole(aws.world, ACCOUNT_ID, 'bench', [
  { Effect: 'Allow', Action: '*', Resource: '*' },
]);
const pipeline = new LocalPipeline(aws.world, { accountId: ACCOUNT_ID, region: HOME_REGION });

let prepared: BenchJob | undefined;
let cases = 0;
let current: Run | undefined;

/** What counts for the run under way. */
interface Run {
  readonly jobId: string;
  readonly firstRequest: number;
  readonly startedAt: number;
  readonly cpu: NodeJS.CpuUsage;
}

process.on('message', (message: ServerRequest) => {
  let answer: ServerAnswer;
  try {
    answer = answerTo(message);
  } catch (error) {
    answer = {
      answer: 'error',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());

function answerTo(request: ServerRequest): ServerAnswer {
  switch (request.ask) {
    case 'prepare':
      prepared = prepare(request.benchCase);
      return { answer: 'prepare', job: prepared };
    case 'begin':
      return { answer: 'begin', event: begin(expectPrepared(), request.userParameters) };
    case 'report':
      return { answer: 'report', report: report(expectPrepared()) };
  }
}

function expectPrepared(): BenchJob {
  if (prepared === undefined) {
    throw new Error('expected "prepare" first');
  }
  return prepared;
}

/** Each case gets buckets of its own, each region a key. */
function prepare({ artifacts, regions, mode }: BenchCase): BenchJob {
  cases += 1;
  const options = { versioning: 'Unversioned', role: 'nothing' } as const;
  const sourceBucket = pipeline.addSource(`bench-${cases}-source-${HOME_REGION}`, options).name;
  return {
    endpoint: aws.endpoint,
    ...(tls && { authorityFile: tls.authorityFile }),
    ...(oneCore && { core: CONTENDERS_CORE }),
    credentials,
    accountId: ACCOUNT_ID,
    sourceBucket,
    prefix: PREFIX,
    artifacts: artifacts.map(({ name, sizeBytes }, index) => {
      const key = `${PREFIX}${name}.zip`;
      aws.world.putObject(sourceBucket, key, generated(sizeBytes, cases * 100 + index), {
        contentType: 'application/zip',
      });
      return { name, sizeBytes, key };
    }),
    ...(mode && { mode }),
    destinations: regions.map((region) => {
      const name = `bench-${cases}-artifacts-${region}`;
      const { encryption } = pipeline.addDestination(name, { ...options, region });
      return { bucket: name, region, keyArn: encryption?.keyId ?? '' };
    }),
  };
}

function begin(
  job: BenchJob,
  userParameters: Readonly<Record<string, unknown>> = {
    DestinationBuckets: job.destinations.map(({ bucket }) => bucket),
    ...(job.mode && { Mode: job.mode }),
  },
): unknown {
  for (const { bucket } of job.destinations) {
    const { objects, uploads } = aws.world.bucket(bucket);
    objects.clear();
    uploads.clear();
  }
  const { id, event } = pipeline.createJob({
    actionConfiguration: {
      configuration: { FunctionName: FUNCTION_NAME, UserParameters: JSON.stringify(userParameters) },
    },
    inputArtifacts: job.artifacts.map(({ name, key }) => ({
      name,
      revision: null,
      location: { type: 'S3', s3Location: { bucketName: job.sourceBucket, objectKey: key } },
    })),
    outputArtifacts: [],
  });
  wan.latenessMs.clear();
  current = {
    jobId: id,
    firstRequest: aws.world.requests.length,
    startedAt: Date.now(),
    cpu: process.cpuUsage(),
  };
  return event;
}

function report(job: BenchJob): RunReport {
  if (current === undefined) {
    throw new Error('expected "begin" first');
  }
  const { startedAt } = current;
  const { user, system } = process.cpuUsage(current.cpu);
  const requests = aws.world.requests.slice(current.firstRequest);
  return {
    problems: problemsWith(job),
    jobState: aws.world.codePipeline.state(current.jobId) ?? 'unknown',
    requests: counted(requests, ({ service, operation }) => `${service} ${operation}`),
    refusals: counted(
      requests.filter(({ status }) => status >= 400 || status === 0),
      ({ operation, status, errorCode }) => `${operation} ${status} ${errorCode ?? ''}`.trim(),
    ),
    timeline: requests
      .map(({ operation, region, status, startedAt: arrivedAt, durationMs, connectMs = 0 }) => {
        const startMs = arrivedAt.getTime() - startedAt;
        return { operation, region, status, startMs, endMs: Math.round(startMs + durationMs), connectMs };
      })
      .toSorted((a, b) => a.startMs - b.startMs),
    beganAtMs: startedAt,
    latenessP50Ms: wan.latenessMs.quantile(0.5),
    latenessP99Ms: wan.latenessMs.quantile(0.99),
    serverCpuMs: (user + system) / 1000,
  };
}

/** Compares every destination with its source by content, and looks at the key that encrypts it. */
function problemsWith(job: BenchJob): string[] {
  const problems: string[] = [];
  for (const { key } of job.artifacts) {
    const source = latest(aws.world.bucket(job.sourceBucket), key);
    for (const { bucket: name } of job.destinations) {
      const bucket = aws.world.bucket(name);
      const copy = latest(bucket, key);
      if (source === undefined || copy === undefined) {
        problems.push(`${name}/${key} is missing`);
      } else if (!compareContent(source.content, copy.content)) {
        problems.push(`${name}/${key} differs from its source`);
      } else if (copy.encryption.keyArn !== bucket.encryption?.keyId) {
        problems.push(`${name}/${key} is encrypted with ${copy.encryption.keyArn ?? 'no KMS key'}`);
      }
      if (bucket.uploads.size > 0) {
        problems.push(`${name} has ${bucket.uploads.size} unfinished uploads`);
      }
    }
  }
  return problems;
}

function counted(
  requests: readonly LoggedRequest[],
  kindOf: (request: LoggedRequest) => string,
): Record<string, number> {
  const groups = Map.groupBy(requests, kindOf);
  return Object.fromEntries([...groups].map(([kind, some]) => [kind, some.length]));
}
