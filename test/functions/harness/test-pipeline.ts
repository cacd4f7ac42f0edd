// A test pipeline in an embedded AWS: buckets, keys, artifacts, the role as it is deployed, and what became of an invocation.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { runCheck } from '../../../functions/sync-artifacts/check/check.ts';
import type { CheckReport } from '../../../functions/sync-artifacts/check/report.ts';
import type { Container } from '../../../functions/sync-artifacts/create-context.ts';
import { runInvocation } from '../../../functions/sync-artifacts/invocation.ts';
import { readSettings, type Settings } from '../../../functions/sync-artifacts/settings.ts';
import type { LogFields } from '../../../functions/sync-artifacts/telemetry/telemetry.ts';
import { type Content, generated } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import {
  type Bucket,
  type BucketEncryption,
  latest,
  type ObjectVersion,
} from '../../../local/aws/state/buckets.ts';
import type { Job, JobData, JobResult } from '../../../local/aws/state/code-pipeline/jobs.ts';
import type { SimpleIdentity } from '../../../local/aws/state/identities.ts';
import type { KmsKey } from '../../../local/aws/state/kms-keys.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import type { LoggedRequest } from '../../../local/aws/state/request-log.ts';
import type { World } from '../../../local/aws/state/world.ts';
import { LocalPipeline } from '../../../local/pipeline/local-pipeline.ts';
import { type DataPoint, type LogLine, Recording, recordingContainer } from './recording-container.ts';

export const ACCOUNT = '111122223333';
export const OTHER_ACCOUNT = '444455556666';
/** Region of the pipeline, its artifact bucket and the function. */
export const HOME = 'us-east-1';
export const SOURCE = 'pipeline-artifacts';
export const MIB = 2 ** 20;
/** Large enough that a copy to any region is made in parts. */
export const MULTIPART_BYTES = 24 * MIB;

/** Two parts of a relay. */
export const RELAYED_BYTES = 10 * MIB;

/** S3 operations that change something. */
const WRITES = new Set([
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
  'PutObject',
  'PutObjectTagging',
  'DeleteObject',
]);

export interface NewDestination {
  readonly region?: string;
  readonly ownerAccountId?: string;
  /** A customer managed key of the bucket's own account and region by default. */
  readonly encryption?: BucketEncryption | 'none';
  readonly versioning?: 'Enabled' | 'Unversioned';
}

export interface NewArtifact extends PutOptions {
  readonly key?: string;
  readonly revision?: string;
}

/** What differs from an ordinary invocation. */
export interface InvokeOptions {
  readonly settings?: Partial<Settings>;
  readonly data?: Partial<JobData>;
  /** Lambda's clock; a minute from now by default. */
  readonly remainingMs?: () => number;
  /** Reuses the container of an earlier invocation. */
  readonly warm?: boolean;
}

/** What an invocation did, as seen from outside. */
export interface Outcome {
  readonly results: readonly JobResult[];
  readonly log: readonly LogLine[];
  readonly metrics: readonly DataPoint[];
  readonly requests: readonly LoggedRequest[];
  /** What was asked for, in order. */
  readonly operations: readonly string[];
  /** Requests to S3 that change something. */
  readonly writes: readonly LoggedRequest[];
  readonly thrown: unknown;
}

/** An embedded AWS with a pipeline's artifact bucket, to which tests add what they need. */
export class TestPipeline implements AsyncDisposable {
  readonly server: EmbeddedAws;
  readonly sourceKey: KmsKey;
  readonly artifacts: JobData['inputArtifacts'][number][] = [];
  /** Set to make requests fail. */
  faults: FaultHook | undefined;
  readonly #pipeline: LocalPipeline;
  #container: Container | undefined;
  readonly #recording = new Recording();

  private constructor(aws: EmbeddedAws) {
    this.server = aws;
    this.sourceKey = this.aws.createKey({ region: HOME, alias: 'pipeline' });
    this.#pipeline = new LocalPipeline(this.aws, { accountId: ACCOUNT, region: HOME });
    this.#pipeline.addSource(SOURCE, { key: this.sourceKey });
    Object.assign(process.env, this.environment);
  }

  static async start(): Promise<TestPipeline> {
    const aws = await startEmbeddedAws({ faults: (point) => created.faults?.(point) });
    const created = new TestPipeline(aws);
    return created;
  }

  get role(): SimpleIdentity {
    return this.#pipeline.role;
  }

  get aws(): World {
    return this.server.world;
  }

  /** What the function needs in its environment to reach this AWS as its role. */
  get environment(): Record<string, string> {
    const { accessKeyId, secretAccessKey, sessionToken = '' } = this.role.credentials;
    return {
      AWS_REGION: HOME,
      AWS_ENDPOINT_URL_S3: this.server.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: this.server.endpoint,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    };
  }

  /** Puts an artifact into the pipeline's bucket and among the action's inputs. */
  addArtifact(
    name: string,
    content: Content | number = 1000,
    { key = `pipeline/${name}/abc.zip`, revision, ...put }: NewArtifact = {},
  ): ObjectVersion {
    const bytes = typeof content === 'number' ? generated(content, this.artifacts.length + 1) : content;
    const version = this.aws.putObject(SOURCE, key, bytes, put);
    this.artifacts.push({
      name,
      ...(revision === undefined ? {} : { revision }),
      location: { type: 'S3', s3Location: { bucketName: SOURCE, objectKey: key } },
    });
    return version;
  }

  /** Makes a destination bucket that the role may write to; its default key unless it is to have none. */
  addDestination(
    name: string,
    {
      region = 'eu-west-1',
      ownerAccountId = ACCOUNT,
      encryption,
      versioning = 'Enabled',
    }: NewDestination = {},
  ): KmsKey {
    const key = this.aws.createKey({ accountId: ownerAccountId, region, alias: name });
    this.#pipeline.addDestination(name, {
      region,
      ownerAccountId,
      versioning,
      key,
      role: 'bucket',
      ...(encryption === undefined ? {} : { encryption }),
    });
    this.allowKey(key.arn);
    return key;
  }

  /** Lets the role write to a bucket as to a destination. */
  allowWriting(bucket: string): void {
    this.#pipeline.allowWriting(this.bucket(bucket));
  }

  /** Lets the role encrypt under a key. */
  allowKey(arn: string): void {
    this.#pipeline.allowKey(arn);
  }

  /** Gives the role a permission that it does not have when deployed. */
  allow(actions: readonly string[], resource = '*'): void {
    this.#pipeline.addStatement({ Effect: 'Allow', Action: actions, Resource: resource });
  }

  /** Takes a permission from the role. */
  deny(actions: readonly string[], resource: string): void {
    this.#pipeline.addStatement({ Effect: 'Deny', Action: actions, Resource: resource });
  }

  /** Runs the function on a new job with all artifacts as inputs. */
  async invoke(userParameters: unknown, options: InvokeOptions = {}): Promise<Outcome> {
    return await this.run(this.job(userParameters, options.data).event, options);
  }

  /** A new job with all artifacts as inputs. */
  job(userParameters: unknown, data: Partial<JobData> = {}): Job {
    const UserParameters =
      typeof userParameters === 'string' ? userParameters : JSON.stringify(userParameters);
    return this.aws.codePipeline.createJob({
      accountId: ACCOUNT,
      data: {
        actionConfiguration: { configuration: { FunctionName: 'sync-artifacts', UserParameters } },
        inputArtifacts: this.artifacts,
        outputArtifacts: [],
        ...data,
      },
    });
  }

  /** Runs the function in this process on an event. */
  async run(event: unknown, options: InvokeOptions = {}): Promise<Outcome> {
    const { results } = this.aws.codePipeline;
    const [resultsBefore, requestsBefore] = [results.length, this.aws.requests.length];
    Object.assign(this.#recording, new Recording());
    if (options.warm !== true || this.#container === undefined)
      this.#container = this.#compose(options.settings);
    const deadlineMs = Date.now() + 60_000;
    const { remainingMs = () => deadlineMs - Date.now() } = options;
    let thrown: unknown;
    try {
      await runInvocation(
        event,
        { awsRequestId: randomUUID(), getRemainingTimeInMillis: remainingMs },
        this.#container,
      );
    } catch (error) {
      thrown = error;
    }
    const requests = this.aws.requests.slice(requestsBefore);
    return {
      ...this.#recording,
      results: results.slice(resultsBefore),
      requests,
      operations: requests.map(({ operation }) => operation),
      writes: requests.filter(({ operation }) => WRITES.has(operation)),
      thrown,
    };
  }

  /** Answers a check event in this process. */
  async check(event: unknown, settings: Partial<Settings> = {}): Promise<CheckReport> {
    const lambda = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => 60_000 };
    return await runCheck(event, lambda, this.#compose(settings));
  }

  bucket(name: string): Bucket {
    return this.aws.bucket(name);
  }

  /** The current object at a key. */
  object(bucket: string, key: string): ObjectVersion {
    const found = latest(this.bucket(bucket), key);
    if (found === undefined) throw new Error(`there is no s3://${bucket}/${key}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
  }

  /** As handler.ts does it, with a telemetry that remembers instead of one that prints. */
  #compose(settings: Partial<Settings> = {}): Container {
    const all: Settings = {
      ...readSettings(process.env),
      accessDeniedRetryMs: 0,
      retryBudgetMs: 1_000,
      ...settings,
    };
    return recordingContainer(all, this.#recording);
  }
}

/** The event of a job with other data. */
export function eventWith({ event }: Pick<Job, 'event'>, data: object): unknown {
  const { 'CodePipeline.job': job } = event;
  return { 'CodePipeline.job': { ...job, data: { ...job.data, ...data } } };
}

/** The failure that was reported to CodePipeline, and nothing else. */
export function failureOf({ results, thrown }: Outcome): { type: string; message: string } {
  const [only] = results;
  if (thrown !== undefined || results.length !== 1 || only?.operation !== 'PutJobFailureResult')
    throw new Error(`expected one failure, found ${JSON.stringify(results)} and ${String(thrown)}`);
  return only.input.failureDetails as { type: string; message: string };
}

/** The success that was reported to CodePipeline, and nothing else. */
export function successOf({ results, thrown, log }: Outcome): {
  executionDetails: { summary: string; externalExecutionId: string; percentComplete: number };
  outputVariables?: Record<string, string>;
  continuationToken?: string;
} {
  const [only] = results;
  if (thrown !== undefined || results.length !== 1 || only?.operation !== 'PutJobSuccessResult')
    throw new Error(
      `expected one success, found ${JSON.stringify(results)} and ${String(thrown)} ${JSON.stringify(log)}`,
    );
  return only.input as ReturnType<typeof successOf>;
}

/** The one failure has the type and says all that an operator needs, and is counted. */
export function expectFailure(outcome: Outcome, type: string, ...says: readonly (string | RegExp)[]): void {
  const failure = failureOf(outcome);
  expect(failure.type, failure.message).toBe(type);
  for (const part of says) expect(failure.message).toMatch(part);
  expect(outcome.metrics).toContainEqual({
    metric: 'JobsFailed',
    value: 1,
    dimensions: { FailureType: type },
  });
}

/** Nothing was written to a bucket, and no upload is left there. */
export function expectEmpty(pipeline: TestPipeline, bucket: string): void {
  const { objects, uploads } = pipeline.bucket(bucket);
  expect([...objects.keys(), ...uploads.keys()]).toEqual([]);
}

/** The copies of a job that succeeded, as its log tells of them. */
export function copiesOf(outcome: Outcome): readonly LogFields[] {
  successOf(outcome);
  return outcome.log.filter(({ message }) => message === 'Copy finished').map(({ fields }) => fields);
}
