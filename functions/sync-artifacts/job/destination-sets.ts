// Named sets of destinations: part of the function's configuration, since twenty buckets with their keys do not fit into UserParameters.
import * as v from 'valibot';
import { ConfigurationError } from '../errors.ts';
import {
  assertDistinctBuckets,
  describe,
  destinationsSchema,
  didYouMean,
  parseJson,
} from './user-parameters.ts';

/** The environment variable that holds the sets, as JSON: `{ "all-regions": [{ "Bucket": …, "Region": …, "KmsKeyId": … }] }`. */
export const DESTINATION_SETS_VARIABLE = 'SYNC_DESTINATION_SETS';

/** Schema of the sets; `schemas/destination-sets.schema.json` is generated from it. */
export const destinationSetsSchema = v.record(
  v.pipe(
    v.string('a string'),
    v.regex(/^[A-Za-z0-9_.-]{1,64}$/, 'a name of 1 to 64 letters, digits, dots, _ and -'),
  ),
  destinationsSchema,
  'a JSON object of sets',
);

/** The destinations of a set, by the rules of `DestinationBuckets`. */
type DestinationSet = v.InferOutput<typeof destinationsSchema>;

/**
 * Parses the environment variable; without one there are no sets.
 * @throws ConfigurationError naming the property, what was given and what is expected
 */
export function parseDestinationSets(text: string | undefined): ReadonlyMap<string, DestinationSet> {
  if (text === undefined || text === '') return new Map();
  const subject = `Environment variable ${DESTINATION_SETS_VARIABLE}`;
  const example = 'for example {"all-regions":[{"Bucket":"artifacts-eu-west-1","Region":"eu-west-1"}]}';
  const sets = new Map(
    Object.entries(parseJson(text, destinationSetsSchema, subject, 'a JSON object of sets', example)),
  );
  for (const [name, set] of sets) assertDistinctBuckets(set, `${subject} property ${name}`);
  return sets;
}

/**
 * The set of a name.
 * @throws ConfigurationError naming those that there are, and the nearest
 */
export function findDestinationSet(name: string, text: string | undefined): DestinationSet {
  const sets = parseDestinationSets(text);
  const set = sets.get(name);
  if (set !== undefined) return set;
  const names = [...sets.keys()];
  const there =
    names.length === 0
      ? `the function has no sets of destinations: set its environment variable ${DESTINATION_SETS_VARIABLE}`
      : `expected a set of the function's environment variable ${DESTINATION_SETS_VARIABLE}: ${names.join(', ')}`;
  throw new ConfigurationError(
    `UserParameters property Destinations is ${describe(name)}; ${there}.${didYouMean(name, names)}`,
  );
}
