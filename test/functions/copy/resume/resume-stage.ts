// A pipeline's world for tests of the function: source buckets, destinations, the role, a job; and what must hold when it ended.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Container } from '../../../../functions/sync-artifacts/create-context.ts';
import { runInvocation } from '../../../../functions/sync-artifacts/invocation.ts';
import { readSettings } from '../../../../functions/sync-artifacts/settings.ts';
import { type Content, compareContent } from '../../../../local/aws/content/content.ts';
import type { EmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import {
  type Bucket,
  latest,
  type ObjectVersion,
  type Versioning,
} from '../../../../local/aws/state/buckets.ts';
import type { Job, JobResult } from '../../../../local/aws/state/code-pipeline/jobs.ts';
import type { SimpleIdentity } from '../../../../local/aws/state/identities.ts';
import type { PutOptions } from '../../../../local/aws/state/place-object.ts';
import type { LoggedRequest } from '../../../../local/aws/state/request-log.ts';
import { DEFAULT_ACCOUNT_ID } from '../../../../local/aws/state/world.ts';
import type { Invocation } from '../../../../local/lambda/lambda.ts';
import { LocalPipeline } from '../../../../local/pipeline/local-pipeline.ts';
import { type LogLine, Recording, recordingContainer } from '../../harness/recording-container.ts';

export const MIB = 1024 ** 2;
export const HOME_REGION = 'eu-central-1';
const DESTINATION_REGIONS = ['us-east-1', 'ap-northeast-1', 'eu-west-1'];

export interface StageArtifact {
  readonly name: string;
  readonly content: Content;
  readonly put?: PutOptions;
  /** Only the job's `artifactCredentials` may read it. */
  readonly roleMayNotRead?: boolean;
}

export interface StageOptions {
  readonly artifacts: readonly StageArtifact[];
  readonly destinationCount?: number;
  readonly sourceVersioning?: Versioning;
  readonly destinationVersioning?: Versioning;
  /** The default keys of the destinations are named by alias. */
  readonly keysByAlias?: boolean;
  /** UserParameters beside the destinations. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly outputArtifact?: boolean;
  /** A role to reuse, so that a warm function can serve several actions; a new one by default. */
  readonly role?: SimpleIdentity | undefined;
}

/** One action of a pipeline, ready to run. */
export interface Stage {
  readonly aws: EmbeddedAws;
  readonly job: Job;
  readonly role: SimpleIdentity;
  readonly artifacts: readonly StageArtifact[];
  readonly sourceBuckets: readonly Bucket[];
  readonly destinations: readonly Bucket[];
  sourceOf(artifact: StageArtifact): ObjectVersion;
  keyOf(artifact: StageArtifact): string;
}

/** The description that artifacts have unless a test says otherwise: all of it must survive a copy. */
export const DESCRIBED: PutOptions = {
  contentType: 'application/zip',
  headers: { 'cache-control': 'no-store', 'content-disposition': 'attachment; filename="a b.zip"' },
  metadata: { 'built-by': 'build 42' },
  tags: { team: 'web shop', stage: 'a+b=c' },
};

/** Sets up one action: role, buckets, artifacts. Names are new each time, so that many fit into one embedded AWS. */
export function createStage(aws: EmbeddedAws, options: StageOptions): Stage {
  const { world } = aws;
  const id = randomUUID().slice(0, 8);
  const home = { accountId: DEFAULT_ACCOUNT_ID, region: HOME_REGION };
  const pipeline = new LocalPipeline(world, home, options.role);
  const key = world.createKey({ region: HOME_REGION });
  const source = { key, versioning: options.sourceVersioning ?? 'Enabled' } as const;
  const own = pipeline.addSource(`pipeline-${id}`, source);
  const vendor = pipeline.addSource(`vendor-${id}`, { ...source, role: 'nothing' });
  const keyOf = ({ name }: StageArtifact): string => `shop/${name}/an artifact+1.zip`;
  for (const artifact of options.artifacts) {
    world.putObject(artifact.roleMayNotRead ? vendor : own, keyOf(artifact), artifact.content, {
      ...DESCRIBED,
      ...(artifact.roleMayNotRead ? { tags: {} } : {}),
      ...artifact.put,
    });
  }
  const alias = `alias/shop-${id}`;
  const destinations = DESTINATION_REGIONS.slice(0, options.destinationCount ?? 2).map((region) => {
    const { arn } = world.createKey({ region, alias });
    return pipeline.addDestination(`${region}-${id}`, {
      region,
      versioning: options.destinationVersioning ?? 'Enabled',
      encryption: { algorithm: 'aws:kms', keyId: options.keysByAlias ? alias : arn, bucketKey: true },
    });
  });
  const location = (bucket: Bucket, objectKey: string) =>
    ({ type: 'S3', s3Location: { bucketName: bucket.name, objectKey } }) as const;
  const job = pipeline.createJob({
    actionConfiguration: {
      configuration: {
        FunctionName: 'sync-artifacts',
        UserParameters: JSON.stringify({
          DestinationBuckets: destinations.map(({ name }) => name),
          ...options.parameters,
        }),
      },
    },
    inputArtifacts: options.artifacts.map((artifact) => ({
      name: artifact.name,
      revision: 'abc123',
      location: location(artifact.roleMayNotRead ? vendor : own, keyOf(artifact)),
    })),
    outputArtifacts: options.outputArtifact
      ? [{ name: 'Manifest', location: location(own, 'shop/Manifest/out.zip') }]
      : [],
    encryptionKey: { id: key.arn, type: 'KMS' },
  });
  const sourceOf = (artifact: StageArtifact): ObjectVersion => {
    const found = latest(artifact.roleMayNotRead ? vendor : own, keyOf(artifact));
    if (found === undefined) throw new Error(`no source of ${artifact.name}`);
    return found;
  };
  return {
    aws,
    job,
    role: pipeline.role,
    artifacts: options.artifacts,
    sourceBuckets: [own, vendor],
    destinations,
    keyOf,
    sourceOf,
  };
}

export interface FunctionOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Milliseconds left; 15 minutes that never pass by default. */
  readonly remainingMs?: () => number;
  readonly endpoint?: string;
}

/** The function in this process, as one cold container would run it. */
export class InProcessFunction {
  readonly #recording = new Recording();
  readonly #stage: Stage;
  readonly #container: Container;
  readonly #options: FunctionOptions;

  constructor(stage: Stage, options: FunctionOptions = {}) {
    this.#stage = stage;
    this.#options = options;
    const settings = readSettings({
      AWS_REGION: HOME_REGION,
      AWS_ENDPOINT_URL_S3: options.endpoint ?? stage.aws.endpoint,
      SYNC_ACCESS_DENIED_RETRY_MS: '0',
      ...options.environment,
    });
    this.#container = recordingContainer(settings, this.#recording);
  }

  /** The correlation id of each line that it logged. */
  get correlationIds(): readonly string[] {
    return this.#recording.correlationIds;
  }

  get lines(): readonly LogLine[] {
    return this.#recording.log;
  }

  async invoke(event: unknown, requestId: string = randomUUID()): Promise<Invocation> {
    const { accessKeyId, secretAccessKey, sessionToken } = this.#stage.role.credentials;
    const endpoint = this.#options.endpoint ?? this.#stage.aws.endpoint;
    Object.assign(process.env, {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: HOME_REGION,
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: this.#stage.aws.endpoint,
    });
    const started = performance.now();
    const { remainingMs = () => 900_000 } = this.#options;
    const outcome = await runInvocation(
      event,
      { awsRequestId: requestId, getRemainingTimeInMillis: remainingMs },
      this.#container,
    ).then(
      () => ({ outcome: 'ok' }) as const,
      (error: unknown) => ({ outcome: 'error', errorMessage: String(error) }) as const,
    );
    return {
      requestId,
      ...outcome,
      startedAt: new Date(),
      durationMs: performance.now() - started,
      initMs: 0,
      lines: [],
    };
  }

  /** All values of a metric. */
  values(metric: string): number[] {
    return this.#recording.metrics.filter((point) => point.metric === metric).map(({ value }) => value);
  }
}

/** Runs the job's event once in a new container, and gives the result that CodePipeline accepted for it. */
export async function runOnce(stage: Stage, options: FunctionOptions = {}, event: unknown = stage.job.event) {
  const lambda = new InProcessFunction(stage, options);
  await lambda.invoke(event);
  return { lambda, result: lastResult(stage) };
}

/** The last result that CodePipeline accepted. */
export function lastResult(stage: Stage): JobResult {
  const result = stage.aws.world.codePipeline.results.at(-1);
  if (result === undefined) throw new Error('CodePipeline has no result');
  return result;
}

/** The message of a failure. */
export function failureOf({ input }: JobResult): { readonly type: string; readonly message: string } {
  return input.failureDetails as { readonly type: string; readonly message: string };
}

/** Final results, which each action has exactly one of: successes without a token, and failures. */
export function finalResults(stage: Stage): JobResult[] {
  const { codePipeline } = stage.aws.world;
  return codePipeline.results.filter(
    ({ jobId, input }) =>
      codePipeline.get(jobId)?.actionExecutionId === stage.job.actionExecutionId &&
      input.continuationToken === undefined,
  );
}

/** What an object is to whoever reads it, without what differs from copy to copy. */
export function describeObject({ headers, metadata, tags, sizeBytes, checksum, encryption }: ObjectVersion) {
  return { headers, metadata, tags, sizeBytes, checksum, algorithm: encryption.algorithm };
}

/** Every copy is there with the source's bytes, description and the destination's key, and no upload is left anywhere. */
export function expectRightCopies(
  stage: Stage,
  sourceOf: (artifact: StageArtifact) => ObjectVersion = stage.sourceOf,
): void {
  for (const bucket of stage.destinations) {
    for (const artifact of stage.artifacts) {
      const source = sourceOf(artifact);
      const copy = latest(bucket, stage.keyOf(artifact));
      if (copy === undefined) throw new Error(`no copy of ${artifact.name} in ${bucket.name}`);
      const { headers, metadata, tags } = copy;
      expect({ headers, metadata, tags }).toEqual({
        headers: source.headers,
        metadata: source.metadata,
        tags: source.tags,
      });
      expect(copy.encryption).toEqual({
        algorithm: 'aws:kms',
        keyArn: bucket.encryption?.keyId,
        bucketKey: true,
      });
      if (!compareContent(copy.content, source.content)) {
        throw new Error(`the copy of ${artifact.name} in ${bucket.name} has other bytes than its source`);
      }
    }
    expect([...bucket.uploads.keys()]).toEqual([]);
  }
}

/** How often each operation was asked for and took effect, since a request number. */
export function countOperations(requests: readonly LoggedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of requests) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}

/** Part writes that took effect more than once, as `bucket/key#part`. */
export function partsWrittenTwice(requests: readonly LoggedRequest[]): string[] {
  const seen = new Map<string, number>();
  for (const { operation, status, bucket, key, partNumber } of requests) {
    if ((operation === 'UploadPartCopy' || operation === 'UploadPart') && status === 200) {
      const id = `${bucket}/${key}#${partNumber}`;
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
  }
  return [...seen].filter(([, times]) => times > 1).map(([id]) => id);
}
