// Runs jobs of the built bundle with the role of the table, and records every request that the role signed.
import { checksumOf, DEFAULT_ALGORITHM } from '../../../local/aws/content/checksum.ts';
import { generated } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import type { ObjectVersion } from '../../../local/aws/state/buckets.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import type { LoggedRequest } from '../../../local/aws/state/request-log.ts';
import { FUNCTION_NAME, LambdaFunction } from '../../../local/lambda/lambda.ts';
import { readEvent } from '../../../local/pipeline/event/event.ts';
import { roleSessionArn } from '../../../local/pipeline/identities.ts';
import { type JobRun, runJob } from '../../../local/pipeline/job-loop.ts';
import { LocalPipeline } from '../../../local/pipeline/local-pipeline.ts';
import { scenarioOf } from '../../../local/pipeline/scenarios.ts';
import { setUp } from '../../../local/pipeline/set-up.ts';
import { HANDLER_FILE } from '../../../local/replay/run.ts';

const ACCOUNT = '111122223333';
const HOME = 'eu-west-1';
const SOURCE = 'recorded-artifacts-eu-west-1';
const DESTINATIONS: Readonly<Record<string, string>> = {
  'recorded-artifacts-us-east-1': 'us-east-1',
  'recorded-artifacts-sa-east-1': 'sa-east-1',
};
const RELAYED = { sizeBytes: 24 * 2 ** 20 };
const OBJECT_KEY = 'pipeline/App/a1b2c3.zip';

/** The session that Lambda makes of the role. */
export const ROLE_SESSION = roleSessionArn(ACCOUNT, FUNCTION_NAME);

/** A job to record; everything left out is as in a sound world. */
export interface JobCase {
  readonly name: string;
  readonly ends: JobRun['state'];
  readonly sizeBytes: number;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly put?: PutOptions;
  /** The artifact is no longer in its bucket. */
  readonly gone?: boolean;
  readonly unversioned?: boolean;
  /** Only the job's own credentials may read the source. */
  readonly roleMayNotReadSource?: boolean;
  readonly credentialsExpireInMs?: number;
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly faults?: FaultHook;
  /** S3 copies other bytes than those that the function has looked at, as only the proof can notice. */
  readonly copiesOtherBytes?: boolean;
  /** How many times the same action runs, one after the other. */
  readonly runs?: number;
}

/** What came of a job. */
export interface Recording {
  readonly name: string;
  readonly state: JobRun['state'];
  readonly continuations: number;
  /** Requests that the role signed; those of artifactCredentials are not among them. */
  readonly requests: readonly LoggedRequest[];
  readonly sourceBuckets: readonly string[];
  /** Lines that the function printed. */
  readonly lines: readonly string[];
}

/** Which keys the buckets of the recorded cases have, to tell what an IAM question was about. */
export interface RecordedKeys {
  readonly source: string;
  readonly destinations: readonly string[];
}

/** Runs a case. `onKeys` is given the keys before the job begins. */
export async function record(
  job: JobCase,
  onKeys: (keys: RecordedKeys) => void = () => {},
): Promise<Recording> {
  let read: ObjectVersion | undefined;
  const faults: FaultHook = (point) => {
    if (job.copiesOtherBytes && read && point.phase === 'before' && point.operation === 'CopyObject') {
      const content = generated(job.sizeBytes, 77);
      const checksum = { ...read.checksum, value: checksumOf(content, DEFAULT_ALGORITHM) };
      Object.assign(read, { content, checksum });
    }
    return job.faults?.(point);
  };
  await using aws = await startEmbeddedAws({ faults });
  const { world } = aws;
  const versioning = job.unversioned ? 'Unversioned' : 'Enabled';
  const pipeline = new LocalPipeline(world, { accountId: ACCOUNT, region: HOME });
  const { role } = pipeline;
  const source = world.createKey({ region: HOME });
  pipeline.addSource(SOURCE, {
    key: source,
    versioning,
    ...(job.roleMayNotReadSource ? { role: 'nothing' } : {}),
  });
  const destinations = Object.entries(DESTINATIONS).map(([name, region]) => {
    const key = world.createKey({ region });
    pipeline.addDestination(name, { region, key, versioning });
    return key.arn;
  });
  onKeys({ source: source.arn, destinations });
  if (!job.gone) {
    read = world.putObject(SOURCE, OBJECT_KEY, generated(job.sizeBytes, 1), {
      tags: { team: 'web' },
      ...job.put,
    });
  }

  await using lambda = lambdaFor(aws, role.credentials, job);
  const requests: LoggedRequest[] = [];
  world.onRequest((request) => {
    if (request.accessKeyId === role.credentials.accessKeyId) requests.push(request);
  });
  let run: JobRun | undefined;
  for (let each = 0; each < (job.runs ?? 1); each++) {
    const created = pipeline.createJob({
      actionConfiguration: {
        configuration: {
          FunctionName: FUNCTION_NAME,
          UserParameters: JSON.stringify({
            DestinationBuckets: Object.keys(DESTINATIONS),
            ...job.parameters,
          }),
        },
      },
      inputArtifacts: [
        {
          name: 'App',
          location: { type: 'S3', s3Location: { bucketName: SOURCE, objectKey: OBJECT_KEY } },
        },
      ],
      outputArtifacts: [],
      encryptionKey: { id: source.arn, type: 'KMS' },
    });
    run = await runJob(world, lambda, {
      job: created,
      event: expiring(created.event, job.credentialsExpireInMs),
    });
  }
  return recordingOf(job.name, run, requests, [SOURCE]);
}

/** Runs a sample event of `events/` as the replay does. */
export async function recordSample(file: string): Promise<Recording> {
  await using aws = await startEmbeddedAws();
  const scenario = scenarioOf(file);
  const event = await readEvent(file, {
    destinationSets: scenario.environment?.SYNC_DESTINATION_SETS,
  });
  // Relayed bytes all go through two processes of this machine; fewer of them show the same.
  const smaller = scenario.roleMayNotReadSource
    ? event.inputs.map(({ name }) => [name, RELAYED] as const)
    : [];
  const stage = setUp(aws.world, event, scenario, new Map(smaller));
  const { environment = {} } = scenario;
  await using lambda = lambdaFor(aws, stage.role, { environment });
  const run = await runJob(aws.world, lambda, { job: stage.job, event: event.raw });
  const requests = aws.world.requests.filter(({ accessKeyId }) => accessKeyId === stage.role.accessKeyId);
  return recordingOf(
    file,
    run,
    requests,
    event.inputs.map(({ bucket }) => bucket),
  );
}

function lambdaFor(
  aws: EmbeddedAws,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
  { timeoutMs, environment }: Pick<JobCase, 'timeoutMs' | 'environment'>,
): LambdaFunction {
  return new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region: HOME,
    accountId: ACCOUNT,
    credentials,
    timeoutMs: timeoutMs ?? 120_000,
    memoryMb: 512,
    environment: {
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
      // Grants do not change here, so a denial is believed at once.
      SYNC_ACCESS_DENIED_RETRY_MS: '0',
      ...environment,
    },
  });
}

function recordingOf(
  name: string,
  run: JobRun | undefined,
  requests: readonly LoggedRequest[],
  sourceBuckets: readonly string[],
): Recording {
  if (!run) throw new Error(`${name} did not run`);
  return {
    name,
    state: run.state,
    continuations: new Set(run.invocations.map(({ jobId }) => jobId)).size - 1,
    requests,
    sourceBuckets,
    lines: run.invocations.flatMap(({ lines }) => lines),
  };
}

type JobEvent = Awaited<ReturnType<typeof readEvent>>['raw'];

/** The event with credentials that say that they end sooner. */
function expiring(event: object, inMs: number | undefined): JobEvent {
  const copy = structuredClone(event) as {
    'CodePipeline.job': { data: { artifactCredentials: { expirationTime: number } } };
  };
  if (inMs !== undefined)
    copy['CodePipeline.job'].data.artifactCredentials.expirationTime = Date.now() + inMs;
  return copy;
}
