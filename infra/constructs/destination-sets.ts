// Named sets of destinations as the function's environment has them, checked by the function's own parser.
import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  DESTINATION_SETS_VARIABLE,
  parseDestinationSets,
} from '../../functions/sync-artifacts/job/destination-sets.ts';
import type { SyncBucket } from './sync-buckets.ts';

/** A bucket of a set, with what is the same for every action that copies there. */
export interface SyncSetBucket extends SyncBucket {
  /**
   * Template of the copies' keys in this bucket, such as `releases/{executionId}/{artifact}.zip`.
   * @default the template of the action
   */
  readonly keyTemplate?: string;
  /**
   * Let the function look up the bucket's default encryption, instead of naming the key: for buckets with dual-layer
   * encryption (DSSE-KMS), since copies under a key that a set names have SSE-KMS.
   * @default false
   */
  readonly lookUpEncryption?: boolean;
}

/** Sets of destinations by name. */
export interface DestinationSets {
  /** The buckets of a set, each once. */
  readonly [name: string]: readonly SyncSetBucket[];
}

/** Lambda quotas: names and values of all environment variables together, in bytes. */
const MAX_ENVIRONMENT_BYTES = 4096;

/**
 * An environment with the variable that holds the sets.
 *
 * @throws when the function would refuse the sets, or Lambda the size of the environment, as far as it is known by now
 */
export function environmentWithSets(
  scope: Construct,
  environment: Readonly<Record<string, string>>,
  sets: DestinationSets = {},
): Record<string, string> {
  if (Object.keys(sets).length === 0) {
    assertFits(scope, environment);
    return { ...environment };
  }
  const stated = mapSets(sets, (bucket) => statedBy(scope, bucket));
  const sample = JSON.stringify(mapSets(stated, withSamples));
  parseDestinationSets(sample);
  assertFits(scope, { ...environment, [DESTINATION_SETS_VARIABLE]: sample });
  return { ...environment, [DESTINATION_SETS_VARIABLE]: Stack.of(scope).toJsonString(stated) };
}

type Destination = Readonly<Record<string, string>>;

function mapSets<T, U>(
  sets: Readonly<Record<string, readonly T[]>>,
  toEntry: (item: T, index: number) => U,
): Record<string, U[]> {
  return Object.fromEntries(Object.entries(sets).map(([name, items]) => [name, items.map(toEntry)]));
}

function statedBy(
  scope: Construct,
  { bucket, key, region, keyTemplate, lookUpEncryption }: SyncSetBucket,
): Destination {
  const stack = Stack.of(scope);
  const keyArn = (key ?? bucket.encryptionKey)?.keyArn;
  const owner = bucket.env.account;
  return {
    Bucket: bucket.bucketName,
    Region: region ?? bucket.env.region ?? stack.region,
    ...(keyArn === undefined || lookUpEncryption ? {} : { KmsKeyId: keyArn }),
    // The function takes the pipeline's account by itself.
    ...(owner === stack.account || Token.isUnresolved(owner) ? {} : { BucketOwner: owner }),
    ...(keyTemplate === undefined ? {} : { Key: keyTemplate }),
  };
}

/** What is not known before CloudFormation fills it in, as a value that is valid there and not longer than any. */
function withSamples(destination: Destination, index: number): Destination {
  const samples: Record<string, string> = {
    Bucket: `b${String(index).padStart(2, '0')}`,
    Region: 'eu-west-1',
    KmsKeyId: 'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000',
  };
  return Object.fromEntries(
    Object.entries(destination).map(([name, value]) => [
      name,
      Token.isUnresolved(value) ? (samples[name] ?? '') : value,
    ]),
  );
}

function assertFits(scope: Construct, environment: Readonly<Record<string, string>>): void {
  const sizeBytes = Object.entries(environment).reduce(
    (sum, [name, value]) =>
      sum + Buffer.byteLength(name) + (Token.isUnresolved(value) ? 0 : Buffer.byteLength(value)),
    0,
  );
  if (sizeBytes > MAX_ENVIRONMENT_BYTES) {
    throw new Error(
      `${scope.node.path}: the environment of the function has at least ${sizeBytes} bytes, Lambda takes ${MAX_ENVIRONMENT_BYTES}; name fewer buckets in destinationSets, or use a second function`,
    );
  }
}
