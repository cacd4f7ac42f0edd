// Reads a CodePipeline job event as far as the replay needs it to build the world that the event speaks of.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { closest } from 'fastest-levenshtein';
import type { NewJob } from '../../aws/state/code-pipeline/jobs.ts';
import { isRegion, regionInName, regionOfKey, similarRegion } from '../regions.ts';
import { SCENARIOS } from '../scenarios.ts';
import { type DestinationBucket, readDestinations, type UserParameters } from './destinations.ts';
import { list, parsed, record, text } from './json.ts';
import { resolveVariables } from './variables.ts';

/** An artifact of the job and where it lies. */
export interface ArtifactLocation {
  readonly name: string;
  readonly revision: string | undefined;
  readonly bucket: string;
  readonly key: string;
}

/** One copy that the job has to make. */
export interface ExpectedCopy {
  readonly artifact: ArtifactLocation;
  readonly destination: DestinationBucket;
  readonly key: string;
  /** The destination is the source itself, so that nothing has to be written. */
  readonly isSource: boolean;
}

/** A CodePipeline event and what it asks for. */
export interface ReplayEvent {
  /** What the function is invoked with: the event as it was read, but for what the user replaced. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly jobId: string;
  readonly accountId: string;
  /** The job's `data`, less what the embedded AWS could not make sense of. */
  readonly data: NewJob['data'];
  /** Region of the pipeline, its artifact bucket and the function. */
  readonly region: string;
  readonly inputs: readonly ArtifactLocation[];
  readonly outputs: readonly ArtifactLocation[];
  /** Empty when the parameters are such that nothing can be read from them. */
  readonly destinations: readonly DestinationBucket[];
  readonly copies: readonly ExpectedCopy[];
  /** The key that CodePipeline encrypts outputs with: an ARN, a key id or an alias. */
  readonly encryptionKeyId: string | undefined;
  /** UserParameters as the function gets them. */
  readonly userParametersText: string;
  /** What the event does not say and the replay took for granted, one sentence each, with the option that sets it. */
  readonly assumptions: readonly string[];
}

/** What the user says about an event beside the event itself. */
export interface EventOptions {
  /** JSON text that takes the place of the event's UserParameters. */
  readonly userParameters?: string | undefined;
  /** Values of pipeline variables, by name such as `codepipeline.PipelineExecutionId`. */
  readonly variables?: ReadonlyMap<string, string>;
  /** Regions by bucket. */
  readonly bucketRegions?: ReadonlyMap<string, string>;
  /** Named destination sets, as SYNC_DESTINATION_SETS of the function's environment has them. */
  readonly destinationSets?: string | undefined;
}

/** An event that cannot be replayed. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/** Region of a pipeline that gives nothing away: an assumption that is reported. */
const ASSUMED_HOME_REGION = 'eu-central-1';
/** CodePipeline API, JobId. */
const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ACCOUNT_ID = /^\d{12}$/;
/** S3 user guide, bucket naming rules, as far as the replay has to know them. */
export const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Reads and interprets an event file. @throws EventError if it cannot be replayed */
export async function readEvent(file: string, options: EventOptions = {}): Promise<ReplayEvent> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (cause) {
    throw new EventError(`Cannot read the event file ${file}: ${await whyUnreadable(file)}`, { cause });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(content);
  } catch (cause) {
    throw new EventError(`${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return interpretEvent(raw, file, options);
}

async function whyUnreadable(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found) return found.isDirectory() ? 'it is a folder' : 'access to it is denied';
  const samples = Object.keys(SCENARIOS);
  const similar = closest(basename(file, '.json'), samples);
  return `there is no such file. Did you mean events/${similar}.json? The samples are ${samples.join(', ')}.`;
}

/** Interprets an event; `name` says in errors where it came from. @throws EventError if it cannot be replayed */
export function interpretEvent(given: unknown, name: string, options: EventOptions = {}): ReplayEvent {
  const assumptions: string[] = [];
  const raw = withParameters(record(given), options, assumptions);
  const job = record(raw['CodePipeline.job']);
  const data = record(job.data);
  const { jobId, accountId } = identityOf(job, name);
  const { bucketRegions = new Map<string, string>() } = options;
  for (const [bucket, region] of bucketRegions) requireRegion(region, `--bucket-region ${bucket}`);
  const inputs = locations(data.inputArtifacts);
  for (const input of inputs) requireBucketName(input, name);
  const encryptionKeyId = text(record(data.encryptionKey).id);
  const region = homeRegion(inputs[0]?.bucket, encryptionKeyId, bucketRegions, assumptions);
  const userParametersText =
    text(record(record(data.actionConfiguration).configuration).UserParameters) ?? '';
  const parameters: UserParameters = record(parsed(userParametersText));
  const destinations = readDestinations(parameters, options.destinationSets, {
    accountId,
    regionOf: (bucket, stated, keyId, fallback) => {
      if (stated !== undefined) requireRegion(stated, `Region of destination ${bucket}`);
      const known =
        bucketRegions.get(bucket) ??
        stated ??
        (inputs.some((input) => input.bucket === bucket) ? region : undefined) ??
        regionInName(bucket) ??
        regionOfKey(keyId ?? '');
      if (known === undefined) assumptions.push(assumedRegion(bucket, fallback));
      return known ?? fallback;
    },
  });
  return {
    raw,
    jobId,
    accountId,
    data: jobData(data),
    region,
    inputs,
    outputs: locations(data.outputArtifacts),
    destinations,
    copies: expectedCopies(parameters, inputs, destinations),
    encryptionKeyId,
    userParametersText,
    assumptions,
  };
}

function identityOf(job: Record<string, unknown>, name: string): { jobId: string; accountId: string } {
  const jobId = text(job.id);
  const accountId = text(job.accountId);
  if (!jobId || !accountId) {
    throw new EventError(
      `${name} is not a CodePipeline job event: expected "CodePipeline.job" with "id", "accountId" and "data"`,
    );
  }
  if (!JOB_ID.test(jobId)) {
    throw new EventError(
      `${name} has the job id "${jobId}": CodePipeline accepts results only for a UUID in lower case, ` +
        'such as 252c2b8f-8562-4549-aae7-06fa0cfc2146. Change "id" in the event.',
    );
  }
  if (!ACCOUNT_ID.test(accountId)) {
    throw new EventError(
      `${name} has the accountId "${accountId}": expected the 12 digits of an AWS account. Change "accountId" in the event.`,
    );
  }
  return { jobId, accountId };
}

/** The event with the user's parameters instead of its own, and with pipeline variables resolved as CodePipeline would. */
function withParameters(
  event: Record<string, unknown>,
  { userParameters: replacement, variables = new Map() }: EventOptions,
  assumptions: string[],
): Record<string, unknown> {
  const job = record(event['CodePipeline.job']);
  const data = record(job.data);
  const actionConfiguration = record(data.actionConfiguration);
  const configuration = record(actionConfiguration.configuration);
  const original = text(configuration.UserParameters);
  const UserParameters = resolveVariables(replacement ?? original ?? '', variables, assumptions);
  if (UserParameters === (original ?? '')) return event;
  const replaced = { ...actionConfiguration, configuration: { ...configuration, UserParameters } };
  return { ...event, 'CodePipeline.job': { ...job, data: { ...data, actionConfiguration: replaced } } };
}

function requireRegion(region: string, what: string): void {
  if (isRegion(region)) return;
  throw new EventError(
    `${what} is "${region}", which is not an AWS region. Did you mean "${similarRegion(region)}"?`,
  );
}

function homeRegion(
  bucket: string | undefined,
  encryptionKeyId: string | undefined,
  bucketRegions: ReadonlyMap<string, string>,
  assumptions: string[],
): string {
  const ofKey = regionOfKey(encryptionKeyId ?? '');
  const known = bucket && (bucketRegions.get(bucket) ?? regionInName(bucket));
  const region = known ?? ofKey ?? ASSUMED_HOME_REGION;
  if (bucket && !known && !ofKey) assumptions.push(assumedRegion(bucket, region));
  if (known && ofKey && ofKey !== known) {
    assumptions.push(
      `encryptionKey is in ${ofKey}, the artifact bucket in ${known}: S3 cannot use a key of another region, so the bucket has another key here.`,
    );
  }
  return region;
}

function assumedRegion(bucket: string, region: string): string {
  return `Nothing says where ${bucket} is: assumed ${region}. Set it with --bucket-region ${bucket}=REGION.`;
}

/** A job's data of the right shape; artifacts and credentials that are not of that shape are left out. */
function jobData(data: Record<string, unknown>): NewJob['data'] {
  const credentials = record(data.artifactCredentials);
  const usable = text(credentials.accessKeyId) && text(credentials.secretAccessKey);
  const artifacts = (given: unknown): unknown[] => list(given).filter((item) => locations([item]).length > 0);
  const shaped: Record<string, unknown> = {
    ...data,
    inputArtifacts: artifacts(data.inputArtifacts),
    outputArtifacts: artifacts(data.outputArtifacts),
    artifactCredentials: usable ? credentials : undefined,
    encryptionKey: text(record(data.encryptionKey).id) ? data.encryptionKey : undefined,
  };
  return shaped as unknown as NewJob['data'];
}

/** What has to be where in the end, worked out apart from the function so that the replay can find it wrong. */
function expectedCopies(
  parameters: UserParameters,
  inputs: readonly ArtifactLocation[],
  destinations: readonly DestinationBucket[],
): ExpectedCopy[] {
  const names = parameters.InputArtifacts === undefined ? undefined : list(parameters.InputArtifacts);
  return inputs
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap((artifact) =>
      destinations.map((destination) => {
        const template = destination.keyTemplate ?? text(parameters.Key) ?? '{objectKey}';
        const values: Record<string, string | undefined> = {
          objectKey: artifact.key,
          artifact: artifact.name,
          revision: artifact.revision,
          executionId: text(parameters.ExecutionId),
        };
        const key = template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
        const isSource = destination.bucket === artifact.bucket && key === artifact.key;
        return { artifact, destination, key, isSource };
      }),
    );
}

/** Samples in documents have prose in the place of names. */
function requireBucketName({ name, bucket }: ArtifactLocation, file: string): void {
  if (BUCKET_NAME.test(bucket)) return;
  throw new EventError(
    `${file}: input artifact ${name} is in the bucket "${bucket}", which is not the name of a bucket. Put the name of the pipeline's artifact bucket into its location.s3Location.bucketName.`,
  );
}

function locations(value: unknown): ArtifactLocation[] {
  return list(value).flatMap((item) => {
    const artifact = record(item);
    const s3Location = record(record(artifact.location).s3Location);
    const name = text(artifact.name);
    const bucket = text(s3Location.bucketName);
    const key = text(s3Location.objectKey);
    return name && bucket && key ? { name, revision: text(artifact.revision), bucket, key } : [];
  });
}
