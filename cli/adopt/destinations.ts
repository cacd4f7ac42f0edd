// The destinations of a Sync action: from the command line, or the pipeline's own artifact stores in other regions.
import { didYouMean } from '../../functions/sync-artifacts/job/user-parameters.ts';
import { UsageError } from '../usage-error.ts';
import { type Branch, sameValue, type Value } from './intrinsics.ts';
import type { Pipeline } from './pipeline.ts';

/** A bucket to copy to; values may be intrinsic functions. Names are those of UserParameters. */
export interface Destination {
  readonly Bucket: Value;
  readonly Region?: Value;
  readonly KmsKeyId?: Value;
  readonly BucketOwner?: Value;
  readonly Key?: Value;
  /** Conditions of the template under which the bucket is there. */
  readonly branches: readonly Branch[];
}

/** Properties of a destination, in the order in which they are written. */
export const DESTINATION_PROPERTIES = ['Bucket', 'Region', 'KmsKeyId', 'BucketOwner', 'Key'] as const;

/**
 * Parses `--destination`: a bucket's name, or `Bucket=NAME,Region=REGION,KmsKeyId=KEY,BucketOwner=ACCOUNT,Key=TEMPLATE`.
 * @throws UsageError for a property that there is not
 */
export function parseDestination(given: string): Destination {
  if (!given.includes('=')) return { Bucket: given, branches: [] };
  const properties = new Map<string, string>();
  for (const pair of given.split(',')) {
    const separator = pair.indexOf('=');
    const name = pair.slice(0, Math.max(separator, 0));
    if (!DESTINATION_PROPERTIES.some((known) => known === name) || separator === pair.length - 1) {
      throw new UsageError(
        `--destination ${given}: given ${JSON.stringify(pair)}, expected NAME=VALUE with the names ${DESTINATION_PROPERTIES.join(', ')}.${didYouMean(name, DESTINATION_PROPERTIES)}`,
      );
    }
    properties.set(name, pair.slice(separator + 1));
  }
  const bucket = properties.get('Bucket');
  if (bucket === undefined) {
    throw new UsageError(
      `--destination ${given} has no Bucket; expected for example Bucket=NAME,Region=eu-west-1.`,
    );
  }
  return { ...Object.fromEntries(properties), Bucket: bucket, branches: [] };
}

/**
 * The pipeline's artifact stores in other regions than its own.
 * @throws UsageError when there are none, or it is not known which one is the pipeline's own
 */
export function destinationsOf(pipeline: Pipeline, home: Value): Destination[] {
  const regional = pipeline.stores.filter((store) => store.region !== undefined);
  if (regional.length === 0) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has one artifact store, so there is nothing to copy to; name buckets with --destination.`,
    );
  }
  if (home === undefined) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has stores in ${regional.length} regions, and nothing in the file says in which one the pipeline is; give --region.`,
    );
  }
  const others = regional.filter((store) => !sameValue(store.region, home));
  if (others.length === regional.length) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has no store in ${String(home)}, where the pipeline is; give its region with --region.`,
    );
  }
  if (others.length === 0) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has a store in its own region only; name buckets with --destination.`,
    );
  }
  return others.map(({ bucket, region, keyId, branches }) => ({
    Bucket: bucket,
    Region: region,
    ...(keyId === undefined ? {} : { KmsKeyId: keyId }),
    branches,
  }));
}
