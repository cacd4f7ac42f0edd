// The UserParameters of the Invoke action: their schema, and a parser whose errors say what to change.
import { closest, distance } from 'fastest-levenshtein';
import * as v from 'valibot';
import { ConfigurationError } from '../errors.ts';

/** CodePipeline API, ActionConfigurationMap: the value of a configuration property has at most 1000 characters. */
export const MAX_USER_PARAMETERS_CHARACTERS = 1000;

/** Placeholders of a key template. */
export const KEY_PLACEHOLDERS = ['objectKey', 'artifact', 'revision', 'executionId'] as const;

/** The default key template: the copy has the source's key. */
export const DEFAULT_KEY_TEMPLATE = '{objectKey}';

// S3 user guide, general purpose bucket naming rules.
const BUCKET_NAME =
  /^(?!xn--|sthree-)(?!.*(?:\.\.|-s3alias$|--ol-s3$|\.mrap$|--x-s3$|--table-s3$))(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const BUCKET_RULE =
  'a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit';
const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/;
const ACCOUNT_ID = /^\d{12}$/;
const ARTIFACT_NAME = /^[A-Za-z0-9_-]{1,100}$/; // CodePipeline API, ArtifactName
const KMS_KEY_ID =
  /^(?:arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:(?:key\/[A-Za-z0-9-]+|alias\/[A-Za-z0-9/_-]+)|alias\/[A-Za-z0-9/_-]+|[A-Za-z0-9][A-Za-z0-9_-]*)$/;

const text = v.string('a string');
const bucketName = v.pipe(text, v.regex(BUCKET_NAME, BUCKET_RULE));
const keyTemplate = v.pipe(
  text,
  v.minLength(1, 'a template of at least one character'),
  v.check(
    (template) => unknownPlaceholder(template) === undefined,
    `a template with the placeholders ${KEY_PLACEHOLDERS.map((name) => `{${name}}`).join(', ')}`,
  ),
);

/** A property that may be left out, with what editors show of it. */
function optional<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

function oneOf<const Names extends readonly string[]>(...names: Names) {
  return v.picklist(names, names.join(', '));
}

const destinationSchema = v.strictObject(
  {
    Bucket: v.pipe(bucketName, v.description('Name of the destination bucket.')),
    Region: optional(
      v.pipe(text, v.regex(REGION, 'a region such as eu-west-1')),
      'Region of the bucket. Default: looked up.',
    ),
    KmsKeyId: optional(
      v.pipe(
        text,
        v.maxLength(2048, 'at most 2048 characters'),
        v.regex(KMS_KEY_ID, 'a KMS key ARN, key id, alias ARN or alias name (alias/NAME)'),
      ),
      'Customer managed key for the copies. Default: the default key of the bucket.',
    ),
    BucketOwner: optional(
      v.pipe(text, v.regex(ACCOUNT_ID, 'an account id of 12 digits')),
      "Account that owns the bucket. Default: the pipeline's account.",
    ),
    Key: optional(keyTemplate, 'Key template of the copies in this bucket. Default: the top-level Key.'),
  },
  'an object with Bucket, Region, KmsKeyId, BucketOwner, Key',
);

/** Several destinations: `DestinationBuckets`, and each named set of the function's configuration. */
export const destinationsSchema = v.pipe(
  v.array(v.union([bucketName, destinationSchema], BUCKET_RULE), 'an array of bucket names or objects'),
  v.minLength(1, 'at least one bucket'),
);

/** Schema of UserParameters; `schemas/user-parameters.schema.json` is generated from it. */
export const userParametersSchema = v.strictObject(
  {
    DestinationBucket: optional(
      bucketName,
      'The one destination bucket. Exactly one of this, DestinationBuckets and Destinations.',
    ),
    DestinationBuckets: optional(
      destinationsSchema,
      'Several destination buckets, each a name or an object.',
    ),
    Destinations: optional(
      v.pipe(text, v.minLength(1, 'the name of a set of destinations')),
      "Name of a set of destinations in the function's configuration (SYNC_DESTINATION_SETS).",
    ),
    InputArtifacts: optional(
      v.pipe(
        v.array(
          v.pipe(text, v.regex(ARTIFACT_NAME, 'an artifact name of letters, digits, _ and -')),
          'an array of artifact names',
        ),
        v.minLength(1, 'at least one artifact name'),
      ),
      'Only these input artifacts. Default: all.',
    ),
    Mode: optional(
      oneOf('auto', 'copy', 'relay', 'audit'),
      'auto copies server-side and relays when the role may not read the source; copy never relays; relay always does; audit copies nothing, and fails unless every copy is there.',
    ),
    Key: optional(
      keyTemplate,
      'Key template of the copies: {objectKey}, {artifact}, {revision}, {executionId}. Default: {objectKey}.',
    ),
    MinimumProof: optional(
      oneOf('size-only', 'etag', 'checksum'),
      'Fail a copy whose proof is weaker. Default: size-only.',
    ),
    Overwrite: optional(
      oneOf('replace', 'never'),
      'What to do where another object is: replace it, or fail the job and leave it. Default: replace.',
    ),
    Annotations: optional(
      oneOf('exclude', 'copy'),
      'Whether S3 annotations of the source are copied. Default: exclude.',
    ),
    ExecutionId: optional(
      v.pipe(text, v.minLength(1, 'at least one character')),
      'Pipeline execution id, usually "#{codepipeline.PipelineExecutionId}".',
    ),
    $schema: optional(text, 'For editors; the function skips it.'),
  },
  'a JSON object',
);

/** UserParameters as the user wrote them, validated. */
export type UserParameters = v.InferOutput<typeof userParametersSchema>;

/**
 * Parses the UserParameters text of an action.
 * @throws ConfigurationError naming the property, what was given, what is expected, and the nearest valid name.
 */
export function parseUserParameters(given: unknown): UserParameters {
  const example = 'for example {"DestinationBucket":"regional-pipeline-bucket"}';
  if (given === undefined || given === null || given === '') {
    throw new ConfigurationError(`UserParameters is missing; expected a JSON object, ${example}.`);
  }
  if (typeof given !== 'string') {
    throw new ConfigurationError(`UserParameters is ${describe(given)}; expected JSON text, ${example}.`);
  }
  if (given.length > MAX_USER_PARAMETERS_CHARACTERS) {
    throw new ConfigurationError(
      `UserParameters has ${given.length} characters; expected at most ${MAX_USER_PARAMETERS_CHARACTERS}.`,
    );
  }
  const parameters = parseJson(given, userParametersSchema, 'UserParameters', 'a JSON object', example);
  checkDestinations(parameters);
  return parameters;
}

/**
 * Parses JSON that a user wrote, which must be an object.
 * @param expected  what it is, for messages; `example` shows one
 * @throws ConfigurationError naming the property, what was given and what is expected
 */
export function parseJson<Schema extends v.GenericSchema>(
  given: string,
  schema: Schema,
  subject: string,
  expected: string,
  example: string,
): v.InferOutput<Schema> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(given);
  } catch (cause) {
    const message = `${subject} is not JSON: given ${describe(given)}; expected ${example}.`;
    throw new ConfigurationError(message, { cause });
  }
  // A schema of an object takes an array for one.
  if (Array.isArray(parsed)) {
    throw new ConfigurationError(`${subject} is ${describe(parsed)}; expected ${expected}, ${example}.`);
  }
  const result = v.safeParse(schema, parsed);
  if (result.success) return result.output;
  throw new ConfigurationError(result.issues.map((issue) => explainIssue(issue, subject)).join(' '));
}

/** A value as an error message shows it, at most 100 characters of it. */
export function describe(value: unknown): string {
  const shown = textOf(value);
  return shown.length <= 100 ? shown : `${shown.slice(0, 97)}...`;
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Nested too deeply to be written down.
    return `${Array.isArray(value) ? 'an array' : 'an object'} of many levels`;
  }
}

/** ` Did you mean "x"?` when one of the names is near to what was given, else nothing. */
export function didYouMean(given: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const wanted = given.toLowerCase();
  const folded =
    names.find((name) => name.toLowerCase() === wanted) ??
    (given.length < 4 ? undefined : names.find((name) => name.toLowerCase().includes(wanted)));
  const nearest = folded ?? closest(given, [...names]);
  const near =
    folded !== undefined || distance(given, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  return near ? ` Did you mean ${JSON.stringify(nearest)}?` : '';
}

/** The ways to name destinations, of which there is exactly one. */
const DESTINATION_PROPERTIES = ['DestinationBucket', 'DestinationBuckets', 'Destinations'] as const;

function checkDestinations(parameters: UserParameters): void {
  const given = DESTINATION_PROPERTIES.filter((name) => parameters[name] !== undefined);
  if (given.length !== 1) {
    throw new ConfigurationError(
      `UserParameters ${given.length === 0 ? 'names no destination' : `has ${given.join(' and ')}`}; expected exactly one of ${DESTINATION_PROPERTIES.join(', ')}.`,
    );
  }
  assertDistinctBuckets(parameters.DestinationBuckets ?? [], 'UserParameters property DestinationBuckets');
  const subject = 'UserParameters property InputArtifacts';
  assertDistinct(parameters.InputArtifacts ?? [], subject, 'artifact');
}

/** @throws ConfigurationError when a bucket is there twice */
export function assertDistinctBuckets(
  destinations: v.InferOutput<typeof destinationsSchema>,
  subject: string,
): void {
  const names = destinations.map((each) => (typeof each === 'string' ? each : each.Bucket));
  assertDistinct(names, subject, 'bucket');
}

function assertDistinct(names: readonly string[], subject: string, what: string): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new ConfigurationError(`${subject} names ${describe(twice)} twice; expected each ${what} once.`);
}

/** The first `{name}` in a template that is not a placeholder. */
function unknownPlaceholder(template: string): string | undefined {
  for (const [, name] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (!KEY_PLACEHOLDERS.some((known) => known === name)) return name;
  }
  const rest = template.replaceAll(/\{[^{}]*\}/g, '');
  return /[{}]/.test(rest) ? rest : undefined;
}

/** What is wrong with a value of a schema, what was given and what is expected; `subject` is what holds the value. */
function explainIssue(issue: v.BaseIssue<unknown>, subject: string): string {
  const inner = deepest(issue);
  const path = [...(issue.path ?? []), ...(inner === issue ? [] : (inner.path ?? []))];
  const property = fieldName(path.map(({ key }) => key));
  const given = path.at(-1)?.key;
  if (inner.type === 'strict_object' && inner.expected === 'never' && typeof given === 'string') {
    const known = Object.keys((path.length > 1 ? destinationSchema : userParametersSchema).entries);
    return `${subject} has the unknown property ${describe(property)}; expected one of ${known.join(', ')}.${didYouMean(given, known)}`;
  }
  if (property === '') return `${subject} is ${describe(inner.input)}; expected ${inner.message}.`;
  if (inner.input === undefined)
    return `${subject} property ${property} is missing; expected ${inner.message}.`;
  return `${subject} property ${property} is ${describe(inner.input)}; expected ${inner.message}.${hintFor(inner)}`;
}

function hintFor({ type, input, message }: v.BaseIssue<unknown>): string {
  if (typeof input !== 'string') return '';
  if (type === 'picklist') return didYouMean(input, message.split(', '));
  const placeholder = type === 'check' ? unknownPlaceholder(input) : undefined;
  return placeholder === undefined ? '' : didYouMean(placeholder, KEY_PLACEHOLDERS);
}

/** A field of nested data as messages name it, such as `DestinationBuckets[1].Region`. */
export function fieldName(keys: readonly unknown[]): string {
  return keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
}

/** The issue that says most: inside a union, the one of the form that was meant, an unknown property before a missing one. */
function deepest(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown> {
  const ofForm = (issue.issues ?? []).filter((inner) =>
    typeof issue.input === 'object'
      ? inner.path !== undefined || inner.type === 'strict_object'
      : inner.type === 'regex',
  );
  const meant = ofForm.find((inner) => inner.expected === 'never') ?? ofForm[0];
  return meant === undefined ? issue : deepest(meant);
}
