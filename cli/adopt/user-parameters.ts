// The UserParameters of a Sync action as text, or as the `Fn::Sub` that makes the text, checked by the function's parser.
import {
  MAX_USER_PARAMETERS_CHARACTERS,
  parseUserParameters,
} from '../../functions/sync-artifacts/job/user-parameters.ts';
import { UsageError } from '../usage-error.ts';
import { DESTINATION_PROPERTIES, type Destination } from './destinations.ts';
import { type Branch, isIntrinsic, Substitution, type Value } from './intrinsics.ts';

/** CodePipeline fills it in when the action starts. */
const EXECUTION_ID = '#{codepipeline.PipelineExecutionId}';

/** What stands for an intrinsic function when the text is checked: a value that is valid there, of usual length. */
const SAMPLES: Record<(typeof DESTINATION_PROPERTIES)[number], string> = {
  Bucket: 'artifacts-111122223333-eu-west-1',
  Region: 'eu-west-1',
  KmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000',
  BucketOwner: '111122223333',
  Key: '{objectKey}',
};

/**
 * The UserParameters for some destinations; `taken` are names that mean something in the template.
 * @throws UsageError when they are too long, not what the function takes, or exist only under a condition
 */
export function userParametersFor(destinations: readonly Destination[], taken: ReadonlySet<string>): Value {
  const always = destinations.filter(({ branches }) => branches.length === 0);
  if (always.length === 0) {
    throw new UsageError(
      'Each destination exists under a condition of the template only, and a Sync action needs at least one that is always there; name buckets with --destination.',
    );
  }
  check(destinations);
  const substitution = new Substitution(taken);
  const [only] = always;
  const begin =
    destinations.length === 1 && only !== undefined && isNameOnly(only)
      ? `"DestinationBucket":${written(only, substitution)}`
      : `"DestinationBuckets":[${always.map((destination) => written(destination, substitution)).join(',')}${destinations
          .filter(({ branches }) => branches.length > 0)
          .map((destination) => substitution.text(conditional(destination, taken)))
          .join('')}]`;
  return substitution.value(`{${begin},"ExecutionId":"${EXECUTION_ID}"}`);
}

/**
 * The UserParameters that name a set of destinations of the function.
 * @throws UsageError when no set can have that name
 */
export function userParametersForSet(name: string): string {
  const text = JSON.stringify({ Destinations: name, ExecutionId: EXECUTION_ID });
  assertAccepted(text);
  return text;
}

function isNameOnly(destination: Destination): boolean {
  return DESTINATION_PROPERTIES.every((name) => name === 'Bucket' || destination[name] === undefined);
}

/** One destination as JSON, in the text of `Fn::Sub`. */
function written(destination: Destination, substitution: Substitution): string {
  const json = (value: Value): string =>
    isIntrinsic(value) ? `"${substitution.text(value)}"` : substitution.text(JSON.stringify(value));
  if (isNameOnly(destination)) return json(destination.Bucket);
  const properties = DESTINATION_PROPERTIES.filter((name) => destination[name] !== undefined).map(
    (name) => `"${name}":${json(destination[name])}`,
  );
  return `{${properties.join(',')}}`;
}

/** A destination after others, or nothing where its conditions do not hold. */
function conditional(destination: Destination, taken: ReadonlySet<string>): Value {
  const substitution = new Substitution(taken);
  const value = substitution.value(`,${written(destination, substitution)}`);
  return destination.branches.reduceRight<Value>(
    (inner, { condition, holds }: Branch) => ({
      'Fn::If': holds ? [condition, inner, ''] : [condition, '', inner],
    }),
    value,
  );
}

/** Holds what is known against the function's own rules: literal values as they are, others as samples. */
function check(destinations: readonly Destination[]): void {
  const sample = (destination: Destination, index: number): Record<string, string> =>
    Object.fromEntries(
      DESTINATION_PROPERTIES.filter((name) => destination[name] !== undefined).map((name) => {
        const value = destination[name];
        return [
          name,
          isIntrinsic(value) ? `${SAMPLES[name]}${name === 'Bucket' ? index : ''}` : String(value),
        ];
      }),
    );
  const text = JSON.stringify({
    DestinationBuckets: destinations.map(sample),
    ExecutionId: EXECUTION_ID,
  });
  const anyIntrinsic = destinations.some((destination) =>
    DESTINATION_PROPERTIES.some((name) => isIntrinsic(destination[name])),
  );
  if (text.length > MAX_USER_PARAMETERS_CHARACTERS) {
    throw new UsageError(
      `UserParameters for ${destinations.length} destinations have ${anyIntrinsic ? 'about ' : ''}${text.length} characters, CodePipeline takes ${MAX_USER_PARAMETERS_CHARACTERS}; name fewer buckets with --destination, or put them into a set of the function's configuration (SYNC_DESTINATION_SETS) and name it with --destination-set.`,
    );
  }
  assertAccepted(text);
}

function assertAccepted(text: string): void {
  try {
    parseUserParameters(text);
  } catch (cause) {
    throw new UsageError(`The function would refuse the destinations: ${(cause as Error).message}`, {
      cause,
    });
  }
}
