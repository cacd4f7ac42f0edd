// Parses a CodePipeline job event into a SyncJob, or throws a ConfigurationError that names what is wrong.
import * as v from 'valibot';
import { ConfigurationError } from '../errors.ts';
import type { Artifact, ArtifactCredentials, DestinationRequest, SyncJob } from '../types.ts';
import { omitUndefined } from '../util.ts';
import { MAX_KEY_BYTES } from './destination-key.ts';
import { findDestinationSet } from './destination-sets.ts';
import { requireDistinctPlaces } from './places.ts';
import {
  DEFAULT_KEY_TEMPLATE,
  describe,
  didYouMean,
  fieldName,
  parseUserParameters,
  type UserParameters,
} from './user-parameters.ts';

/**
 * The job id of an event, or `undefined` when there is none that a result could be reported for.
 * Looks at nothing else, so that a failure of any other field can still be reported.
 */
export function jobIdOf(event: unknown): string | undefined {
  const result = v.safeParse(v.looseObject({ 'CodePipeline.job': v.looseObject({ id: jobId }) }), event);
  return result.success ? result.output['CodePipeline.job'].id : undefined;
}

/**
 * Parses a `CodePipeline.job` event (CodePipeline user guide, "JSON event example"); `destinationSets` is the text of
 * `SYNC_DESTINATION_SETS`.
 * @throws ConfigurationError for anything that the job or its UserParameters lack or have wrong.
 */
export function parseJob(event: unknown, destinationSets?: string): SyncJob {
  const parsed = v.safeParse(eventSchema, event);
  if (!parsed.success) throw new ConfigurationError(parsed.issues.map(explain).join(' '));
  const job = parsed.output['CodePipeline.job'];
  const { data } = job;
  const configuration = data.actionConfiguration?.configuration ?? {};
  const parameters = parseUserParameters(configuration.UserParameters);
  const inputs = (data.inputArtifacts ?? []).map(toArtifact);
  const outputArtifacts = (data.outputArtifacts ?? []).map(toArtifact);
  const artifacts = selectArtifacts(inputs, parameters);
  const set =
    parameters.Destinations === undefined
      ? undefined
      : findDestinationSet(parameters.Destinations, destinationSets);
  const destinations = toDestinations(
    set ? { ...parameters, DestinationBuckets: set } : parameters,
    job.accountId,
  );
  const places = {
    artifacts,
    destinations,
    outputArtifacts,
    ...omitUndefined({ executionId: parameters.ExecutionId }),
  };
  requireDistinctPlaces(places, inputs);
  return {
    ...places,
    id: job.id,
    accountId: job.accountId,
    mode: parameters.Mode ?? 'auto',
    minimumProof: parameters.MinimumProof ?? 'size-only',
    overwrite: parameters.Overwrite ?? 'replace',
    annotations: parameters.Annotations ?? 'exclude',
    ...omitUndefined({
      encryptionKeyId: data.encryptionKey?.id ?? undefined,
      artifactCredentials: data.artifactCredentials ? toCredentials(data.artifactCredentials) : undefined,
      continuationToken: data.continuationToken || undefined,
    }),
    binding: JSON.stringify([
      job.accountId,
      configuration.UserParameters,
      artifacts.map(({ name, bucket, key, revision }) => [name, bucket, key, revision ?? null]),
      // A set can change while a job runs.
      ...(set === undefined ? [] : [set]),
    ]),
  };
}

const text = v.string('a string');
const filled = v.pipe(
  text,
  v.minLength(1, 'a string of at least one character'),
  // No request can carry half of a surrogate pair.
  v.check((given) => given.isWellFormed(), 'well-formed Unicode text'),
);
const jobId = v.pipe(text, v.regex(/^[0-9A-Za-z-]{1,100}$/, 'a job id: a lower-case UUID'));

const artifactSchema = v.looseObject(
  {
    name: v.pipe(
      text,
      v.regex(/^[A-Za-z0-9_-]{1,100}$/, 'an artifact name: 1 to 100 letters, digits, _ and -'),
    ),
    revision: v.nullish(text),
    location: v.looseObject(
      {
        type: v.nullish(v.literal('S3', '"S3"')),
        s3Location: v.looseObject(
          {
            bucketName: filled,
            objectKey: v.pipe(
              filled,
              v.check((key) => Buffer.byteLength(key) <= MAX_KEY_BYTES, `at most ${MAX_KEY_BYTES} bytes`),
            ),
          },
          'an object with bucketName and objectKey',
        ),
      },
      'an object with s3Location',
    ),
  },
  'an object with name and location',
);

const credentialsSchema = v.looseObject(
  {
    accessKeyId: filled,
    secretAccessKey: filled,
    sessionToken: v.nullish(text),
    expirationTime: v.nullish(v.number('a number of milliseconds')),
  },
  'an object with accessKeyId, secretAccessKey and sessionToken',
);

/** At most 5 input and 5 output artifacts (CodePipeline user guide, action-reference-Lambda). */
const artifactsSchema = v.nullish(
  v.pipe(v.array(artifactSchema, 'an array of artifacts'), v.maxLength(5, 'at most 5 artifacts')),
);

const eventSchema = v.looseObject(
  {
    'CodePipeline.job': v.looseObject(
      {
        id: jobId,
        accountId: v.pipe(text, v.regex(/^\d{12}$/, 'an account id of 12 digits')),
        data: v.looseObject(
          {
            actionConfiguration: v.nullish(
              v.looseObject(
                { configuration: v.nullish(v.record(text, v.unknown(), 'an object')) },
                'an object with configuration',
              ),
            ),
            inputArtifacts: artifactsSchema,
            outputArtifacts: artifactsSchema,
            artifactCredentials: v.nullish(credentialsSchema),
            encryptionKey: v.nullish(v.looseObject({ id: v.nullish(text) }, 'an object with id')),
            continuationToken: v.nullish(text),
          },
          'an object with actionConfiguration and inputArtifacts',
        ),
      },
      'a CodePipeline job',
    ),
  },
  'an event with "CodePipeline.job"',
);

/** Names the field and what is expected; shows no value below `artifactCredentials`. */
function explain(issue: v.InferIssue<typeof eventSchema>): string {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const field = fieldName(keys.slice(keys[0] === 'CodePipeline.job' ? 1 : 0));
  const given = keys.includes('artifactCredentials')
    ? 'not usable'
    : issue.input === undefined
      ? 'missing'
      : typeof issue.input === 'object' && issue.input !== null
        ? `an ${Array.isArray(issue.input) ? 'array' : 'object'}`
        : describe(issue.input);
  return `The job's ${field === '' ? 'event' : field} is ${given}; expected ${issue.message}.`;
}

function toArtifact({ name, revision, location }: v.InferOutput<typeof artifactSchema>): Artifact {
  const { bucketName, objectKey } = location.s3Location;
  return { name, bucket: bucketName, key: objectKey, ...(revision == null ? {} : { revision }) };
}

function toCredentials(given: v.InferOutput<typeof credentialsSchema>): ArtifactCredentials {
  return {
    accessKeyId: given.accessKeyId,
    secretAccessKey: given.secretAccessKey,
    ...omitUndefined({
      sessionToken: given.sessionToken || undefined,
      expiration: given.expirationTime ? new Date(given.expirationTime) : undefined,
    }),
  };
}

function selectArtifacts(all: readonly Artifact[], parameters: UserParameters): readonly Artifact[] {
  if (all.length === 0) {
    throw new ConfigurationError(
      "The action's inputArtifacts are none; expected 1 to 5: add InputArtifacts to the Invoke action.",
    );
  }
  const names = all.map(({ name }) => name);
  return (parameters.InputArtifacts ?? names).map((name) => {
    const artifact = all.find((candidate) => candidate.name === name);
    if (artifact !== undefined) return artifact;
    throw new ConfigurationError(
      `UserParameters property InputArtifacts names ${describe(name)}; expected one of the action's input artifacts ${names.join(', ')}.${didYouMean(name, names)}`,
    );
  });
}

function toDestinations(parameters: UserParameters, accountId: string): readonly DestinationRequest[] {
  const keyTemplate = parameters.Key ?? DEFAULT_KEY_TEMPLATE;
  const { DestinationBucket: one, DestinationBuckets: many } = parameters;
  return (one === undefined ? (many ?? []) : [one]).map((destination) => {
    if (typeof destination === 'string') return { bucket: destination, bucketOwner: accountId, keyTemplate };
    return {
      bucket: destination.Bucket,
      bucketOwner: destination.BucketOwner ?? accountId,
      keyTemplate: destination.Key ?? keyTemplate,
      ...omitUndefined({ region: destination.Region, kmsKeyId: destination.KmsKeyId }),
      ...(parameters.Destinations === undefined ? {} : { configured: true }),
    };
  });
}
