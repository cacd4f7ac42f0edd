// Runs jobs with the role of the table, and records every request that the role signed.
import { randomUUID } from 'node:crypto';
import { runInvocation } from '../../../functions/sync-artifacts/invocation.ts';
import { readSettings } from '../../../functions/sync-artifacts/settings.ts';
import { checksumOf, DEFAULT_ALGORITHM } from '../../../local/aws/content/checksum.ts';
import { generated } from '../../../local/aws/content/content.ts';
import { startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import type { ObjectVersion } from '../../../local/aws/state/buckets.ts';
import type { Credentials } from '../../../local/aws/state/identities.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import type { LoggedRequest } from '../../../local/aws/state/request-log.ts';
import { FUNCTION_NAME, LambdaFunction } from '../../../local/lambda/lambda.ts';
import { readEvent } from '../../../local/pipeline/event/event.ts';
import { roleSessionArn } from '../../../local/pipeline/identities.ts';
import { type Invocable, type JobRun, runJob } from '../../../local/pipeline/job-loop.ts';
import { addRole, LocalPipeline } from '../../../local/pipeline/local-pipeline.ts';
import { scenarioOf } from '../../../local/pipeline/scenarios.ts';
import { setUp } from '../../../local/pipeline/set-up.ts';
import { HANDLER_FILE } from '../../../local/replay/run.ts';
import { Recording as Container, recordingContainer } from '../../functions/harness/recording-container.ts';

const ACCOUNT = '111122223333';
const HOME = 'eu-west-1';
const DESTINATION_REGIONS = ['us-east-1', 'sa-east-1'];
const RELAYED = { sizeBytes: 24 * 2 ** 20 };
const OBJECT_KEY = 'pipeline/App/a1b2c3.zip';
/** Grants do not change here, so a denial is believed at once. */
const BELIEVED = { SYNC_ACCESS_DENIED_RETRY_MS: '0' };

/** The session that Lambda makes of the role. */
export const ROLE_SESSION = roleSessionArn(ACCOUNT, FUNCTION_NAME);

/** A job to record; everything left out is as in a sound world. */
export interface JobCase {
  readonly name: string;
  readonly ends: JobRun['state'];
  readonly sizeBytes: number;
  readonly put?: PutOptions;
  /** The artifact is no longer in its bucket. */
  readonly gone?: boolean;
  readonly unversioned?: boolean;
  /** Only the job's own credentials may read the source. */
  readonly roleMayNotReadSource?: boolean;
  readonly credentialsExpireInMs?: number;
  readonly faults?: FaultHook;
  /** S3 copies other bytes than those that the function has looked at, as only the proof can notice. */
  readonly copiesOtherBytes?: boolean;
  /** How many times the same action runs, one after the other. */
  readonly runs?: number;
}

/** How the function is deployed that runs the jobs. */
export interface RecorderOptions {
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What came of a job. */
export interface Recording {
  readonly state: JobRun['state'];
  readonly continuations: number;
  /** Requests that the role signed; those of artifactCredentials are not among them. */
  readonly requests: readonly LoggedRequest[];
  readonly sourceBuckets: readonly string[];
  /** ARNs of keys, to tell what an IAM question was about. */
  readonly sourceKeys: readonly string[];
  readonly destinationKeys: readonly string[];
  /** Lines that the function printed. */
  readonly lines: readonly string[];
}

/** The built bundle, warm, with its role in an embedded AWS: it runs one job after the other, each with buckets of its own. */
interface Recorder extends AsyncDisposable {
  record(job: JobCase): Promise<Recording>;
}

/** Starts a recorder; the process of the function starts with its first job. */
export async function startRecorder({
  timeoutMs = 120_000,
  environment,
}: RecorderOptions = {}): Promise<Recorder> {
  let faults: FaultHook | undefined;
  const aws = await startEmbeddedAws({ faults: (point) => faults?.(point) });
  const { world } = aws;
  const role = addRole(world, ACCOUNT, FUNCTION_NAME);
  const { credentials } = role;
  const lambda = new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region: HOME,
    accountId: ACCOUNT,
    credentials,
    timeoutMs,
    memoryMb: 512,
    environment: { ...endpoints(aws.endpoint), ...BELIEVED, ...environment },
  });
  let jobs = 0;

  const record = async (job: JobCase): Promise<Recording> => {
    jobs += 1;
    const bucketName = `source-${jobs}`;
    const versioning = job.unversioned ? 'Unversioned' : 'Enabled';
    // The role may do what this job needs, and nothing that an earlier one needed.
    const pipeline = new LocalPipeline(world, { accountId: ACCOUNT, region: HOME }, role);
    const sourceKey = world.createKey({ region: HOME });
    const access = job.roleMayNotReadSource ? { role: 'nothing' as const } : {};
    pipeline.addSource(bucketName, { key: sourceKey, versioning, ...access });
    const destinations = DESTINATION_REGIONS.map((region) => {
      const key = world.createKey({ region });
      return {
        key,
        bucket: pipeline.addDestination(`copies-${jobs}-${region}`, { region, key, versioning }),
      };
    });
    const read = job.gone
      ? undefined
      : world.putObject(bucketName, OBJECT_KEY, generated(job.sizeBytes, 1), {
          tags: { team: 'web' },
          ...job.put,
        });
    faults = job.copiesOtherBytes ? copyingOtherBytes(read) : job.faults;

    const before = world.requests.length;
    const UserParameters = JSON.stringify({
      DestinationBuckets: destinations.map(({ bucket }) => bucket.name),
    });
    let run: JobRun | undefined;
    for (let each = 0; each < (job.runs ?? 1); each++) {
      const created = pipeline.createJob({
        actionConfiguration: { configuration: { FunctionName: FUNCTION_NAME, UserParameters } },
        inputArtifacts: [
          { name: 'App', location: { type: 'S3', s3Location: { bucketName, objectKey: OBJECT_KEY } } },
        ],
        outputArtifacts: [],
        encryptionKey: { id: sourceKey.arn, type: 'KMS' },
      });
      run = await runJob(world, lambda, {
        job: created,
        event: expiring(created.event, job.credentialsExpireInMs),
      });
    }
    return {
      ...resultOf(run, world.requests.slice(before), credentials),
      sourceBuckets: [bucketName],
      sourceKeys: [sourceKey.arn],
      destinationKeys: destinations.map(({ key }) => key.arn),
    };
  };
  return {
    record,
    [Symbol.asyncDispose]: async () => {
      await lambda[Symbol.asyncDispose]();
      await aws.close();
    },
  };
}

function copyingOtherBytes(read: ObjectVersion | undefined): FaultHook {
  return ({ phase, operation }) => {
    if (read === undefined || phase !== 'before' || operation !== 'CopyObject') return undefined;
    const content = generated(read.sizeBytes, 77);
    const checksum = { ...read.checksum, value: checksumOf(content, DEFAULT_ALGORITHM) };
    Object.assign(read, { content, checksum });
    return undefined;
  };
}

/** Runs a sample event of `events/` on the function's code in this process, in the world that the replay makes of it. */
export async function recordSample(file: string): Promise<Recording> {
  await using aws = await startEmbeddedAws();
  const scenario = scenarioOf(file);
  const { environment = {} } = scenario;
  const event = await readEvent(file, { destinationSets: environment.SYNC_DESTINATION_SETS });
  // Relayed bytes all go through this process; fewer of them show the same.
  const smaller = scenario.roleMayNotReadSource
    ? event.inputs.map(({ name }) => [name, RELAYED] as const)
    : [];
  const { role, job } = setUp(aws.world, event, scenario, new Map(smaller));
  Object.assign(process.env, {
    ...endpoints(aws.endpoint),
    ...BELIEVED,
    ...environment,
    AWS_REGION: event.region,
    AWS_ACCESS_KEY_ID: role.accessKeyId,
    AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
    AWS_SESSION_TOKEN: role.sessionToken ?? '',
  });
  const container = recordingContainer(readSettings(process.env), new Container());
  const run = await runJob(aws.world, inThisProcess(container), { job, event: event.raw });
  return {
    ...resultOf(run, aws.world.requests, role),
    sourceBuckets: event.inputs.map(({ bucket }) => bucket),
    sourceKeys: [],
    destinationKeys: [],
  };
}

function inThisProcess(container: ReturnType<typeof recordingContainer>): Invocable {
  return {
    async invoke(event, requestId = randomUUID()) {
      const lambda = { awsRequestId: requestId, getRemainingTimeInMillis: () => 120_000 };
      await runInvocation(event, lambda, container);
      return { requestId, outcome: 'ok', startedAt: new Date(), durationMs: 0, initMs: 0, lines: [] };
    },
  };
}

function endpoints(endpoint: string): Record<string, string> {
  return { AWS_ENDPOINT_URL_S3: endpoint, AWS_ENDPOINT_URL_CODEPIPELINE: endpoint };
}

function resultOf(
  run: JobRun | undefined,
  requests: readonly LoggedRequest[],
  role: Credentials,
): Pick<Recording, 'state' | 'continuations' | 'requests' | 'lines'> {
  if (!run) throw new Error('The job did not run');
  return {
    state: run.state,
    continuations: new Set(run.invocations.map(({ jobId }) => jobId)).size - 1,
    requests: requests.filter(({ accessKeyId }) => accessKeyId === role.accessKeyId),
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
