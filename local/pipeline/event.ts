// Reads a CodePipeline job event as far as the replay needs it to build the world that the event speaks of.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { closest } from 'fastest-levenshtein';
import type { NewJob } from '../aws/state/code-pipeline-jobs.ts';
import { SCENARIOS } from './scenarios.ts';

/** An artifact of the job and where it lies. */
export interface ArtifactLocation {
  readonly name: string;
  readonly revision: string | undefined;
  readonly bucket: string;
  readonly key: string;
}

/** A bucket that the job copies to. */
export interface DestinationBucket {
  readonly bucket: string;
  readonly region: string;
  readonly ownerAccountId: string;
  /** `KmsKeyId` of the parameters: an ARN, a key id or an alias. */
  readonly kmsKeyId: string | undefined;
}

/** One copy that the job has to make. */
export interface ExpectedCopy {
  readonly artifact: ArtifactLocation;
  readonly destination: DestinationBucket;
  readonly key: string;
}

/** A CodePipeline event and what it asks for. */
export interface ReplayEvent {
  /** The event as it was read, handed to the function unchanged. */
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
}

/** An event file that cannot be replayed. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/** Region of a bucket whose name does not tell: where a pipeline would most likely put it does not matter, that they differ does. */
const REGION_SPREAD = [
  'us-east-1',
  'ap-southeast-2',
  'sa-east-1',
  'us-west-2',
  'ap-northeast-1',
  'eu-west-1',
  'ca-central-1',
];
const HOME_REGION = 'eu-central-1';
const REGION_IN_NAME =
  /(?:^|[.-])((?:af|ap|ca|cn|eu|il|me|mx|sa|us)-(?:gov-)?(?:central|north|south|east|west|northeast|northwest|southeast|southwest)-\d)(?=$|[.-])/;

/** Environment variables of the function. */
type Environment = Readonly<Record<string, string>>;

/** Reads and interprets an event file. Throws an EventError if it is no CodePipeline job event. */
export async function readEvent(file: string, environment: Environment = {}): Promise<ReplayEvent> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new EventError(`Cannot read the event file ${file}: ${await whyUnreadable(file)}`, { cause });
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (cause) {
    throw new EventError(`${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return interpretEvent(raw, file, environment);
}

async function whyUnreadable(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  if (found) return found.isDirectory() ? 'it is a folder' : 'access to it is denied';
  const samples = Object.keys(SCENARIOS);
  const similar = closest(basename(file, '.json'), samples);
  return `there is no such file. Did you mean events/${similar}.json? The samples are ${samples.join(', ')}.`;
}

/** Interprets an event; `name` says in errors where it came from. The environment of the function may hold sets of destinations. */
export function interpretEvent(raw: unknown, name: string, environment: Environment = {}): ReplayEvent {
  const event = record(raw);
  const job = record(event['CodePipeline.job']);
  const data = record(job.data);
  const jobId = text(job.id);
  const accountId = text(job.accountId);
  if (!jobId || !accountId) {
    throw new EventError(
      `${name} is no CodePipeline job event: expected "CodePipeline.job" with "id", "accountId" and "data"`,
    );
  }
  const inputs = locations(data.inputArtifacts);
  const region = regionInName(inputs[0]?.bucket ?? '') ?? HOME_REGION;
  const parameters = withDestinationSet(userParameters(data), environment);
  const destinations = destinationBuckets(parameters, accountId);
  return {
    raw: event,
    jobId,
    accountId,
    data: jobData(data),
    region,
    inputs,
    outputs: locations(data.outputArtifacts),
    destinations,
    copies: expectedCopies(parameters, inputs, destinations),
    encryptionKeyId: text(record(data.encryptionKey).id),
  };
}

/** The AWS region that a bucket's name contains, if any. */
export function regionInName(bucket: string): string | undefined {
  return REGION_IN_NAME.exec(bucket)?.[1];
}

/** A job's data of the right shape; artifacts and credentials that are none are left out. */
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

function userParameters(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return recordIn(text(record(record(data.actionConfiguration).configuration).UserParameters));
}

/** Parameters with the buckets of the set that they name. */
function withDestinationSet(
  parameters: Record<string, unknown>,
  environment: Environment,
): Record<string, unknown> {
  const name = text(parameters.Destinations);
  if (name === undefined) return parameters;
  return { ...parameters, DestinationBuckets: recordIn(environment.SYNC_DESTINATION_SETS)[name] };
}

function recordIn(json: string | undefined): Record<string, unknown> {
  try {
    return record(JSON.parse(json ?? ''));
  } catch {
    return {};
  }
}

function destinationBuckets(parameters: Record<string, unknown>, accountId: string): DestinationBucket[] {
  const given = [parameters.DestinationBucket, ...list(parameters.DestinationBuckets)];
  return given.flatMap((item, index) => {
    const options: Record<string, unknown> = typeof item === 'string' ? { Bucket: item } : record(item);
    const bucket = text(options.Bucket);
    if (!bucket) return [];
    const spread = REGION_SPREAD[index % REGION_SPREAD.length] ?? HOME_REGION;
    return {
      bucket,
      region: text(options.Region) ?? regionInName(bucket) ?? spread,
      ownerAccountId: text(options.BucketOwner) ?? accountId,
      kmsKeyId: text(options.KmsKeyId),
    };
  });
}

/** What has to be where in the end, worked out apart from the function so that the replay can find it wrong. */
function expectedCopies(
  parameters: Record<string, unknown>,
  inputs: readonly ArtifactLocation[],
  destinations: readonly DestinationBucket[],
): ExpectedCopy[] {
  const names = parameters.InputArtifacts === undefined ? undefined : list(parameters.InputArtifacts);
  const templates = new Map(
    list(parameters.DestinationBuckets).map((item) => [record(item).Bucket, text(record(item).Key)]),
  );
  return inputs
    .filter(({ name }) => names === undefined || names.includes(name))
    .flatMap((artifact) =>
      destinations.map((destination) => {
        const template = templates.get(destination.bucket) ?? text(parameters.Key) ?? '{objectKey}';
        const values: Record<string, string | undefined> = {
          objectKey: artifact.key,
          artifact: artifact.name,
          revision: artifact.revision,
          executionId: text(parameters.ExecutionId),
        };
        const key = template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
        return { artifact, destination, key };
      }),
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

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
