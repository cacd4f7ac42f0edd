// What tests on stages share: an embedded AWS for all of a file, and what becomes of a stage's first copy.
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Content } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import type { Bucket, ObjectVersion } from '../../../local/aws/state/buckets.ts';
import type { Job } from '../../../local/aws/state/code-pipeline/jobs.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import type { LoggedRequest } from '../../../local/aws/state/request-log.ts';
import { runOnce, type Stage, type StageArtifact } from '../copy/resume/resume-stage.ts';

/** An embedded AWS whose faults can be replaced. */
export interface SharedAws extends EmbeddedAws {
  /** Set to make requests fail; taken away after each test. */
  faults: FaultHook | undefined;
}

/** An embedded AWS for all tests of the file or of the `describe` around it: to be used when they run, not before. */
export function shareAws(): SharedAws {
  const shared = { faults: undefined } as SharedAws;
  beforeAll(async () => {
    Object.assign(shared, await startEmbeddedAws({ faults: (point) => shared.faults?.(point) }));
  });
  afterAll(() => shared.close());
  afterEach(() => {
    shared.faults = undefined;
  });
  return shared;
}

/** The first artifact of a stage and the place of its first copy. */
export function placeOf({ destinations: [bucket], artifacts: [artifact], keyOf }: Stage): {
  readonly bucket: Bucket;
  readonly artifact: StageArtifact;
  readonly key: string;
} {
  if (bucket === undefined || artifact === undefined) throw new Error('the stage copies nothing');
  return { bucket, artifact, key: keyOf(artifact) };
}

/** Puts the very copy in its place as somebody else would, or one with these differences. */
export function putCopy(
  stage: Stage,
  { content, ...different }: PutOptions & { readonly content?: Content } = {},
): ObjectVersion {
  const { bucket, artifact, key } = placeOf(stage);
  const { headers, metadata, tags } = stage.sourceOf(artifact);
  const { 'content-type': contentType = '', ...others } = headers;
  return stage.aws.world.putObject(bucket, key, content ?? artifact.content, {
    contentType,
    headers: others,
    metadata,
    tags,
    ...different,
  });
}

/** The event of the job that a retry of the stage makes, with these UserParameters besides. */
export function retryOf({ aws, job }: Stage, parameters: object = {}): Job['event'] {
  const { configuration } = job.data.actionConfiguration;
  const given = JSON.parse(configuration.UserParameters ?? '{}') as object;
  const UserParameters = JSON.stringify({ ...given, ...parameters });
  const actionConfiguration = { configuration: { ...configuration, UserParameters } };
  const data = { ...job.data, actionConfiguration, artifactCredentials: null };
  return aws.world.codePipeline.createJob({ accountId: job.accountId, data }).event;
}

/** Runs an event in a new container, and gives the result with the requests that it made. */
export async function requestsOf(
  stage: Stage,
  event: unknown = stage.job.event,
): Promise<Awaited<ReturnType<typeof runOnce>> & { readonly requests: readonly LoggedRequest[] }> {
  const before = stage.aws.world.requests.length;
  const run = await runOnce(stage, {}, event);
  return { ...run, requests: stage.aws.world.requests.slice(before) };
}

/** Takes a permission from the role of a stage. */
export function deny({ role }: Stage, actions: readonly string[], resource = '*'): void {
  role.may = [...role.may, { Effect: 'Deny', Action: actions, Resource: resource }];
}
