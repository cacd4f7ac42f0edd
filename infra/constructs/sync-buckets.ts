// The buckets that the function reads from or writes to, as IAM sees them.
import { type CfnCondition, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { s3ViaService } from '../shape/names.ts';

/** A bucket that artifacts are copied from or to. It may be in any account and region. */
export interface SyncBucket {
  /** The bucket. */
  readonly bucket: IBucket;
  /**
   * The KMS key of its objects. A source may do without (SSE-S3, or the AWS managed key); a destination may not.
   * @default bucket.encryptionKey
   */
  readonly key?: IKey;
  /**
   * The region of the bucket; give it for buckets that are known by name only.
   * @default the region that the bucket object knows
   */
  readonly region?: string;
}

/** ARNs of buckets, their objects and their keys. Each list may also be one list token, such as a template's parameter. */
export interface BucketSet {
  /** ARNs of the buckets. */
  readonly bucketArns: string[];
  /** ARNs of the objects in them, such as `arn:aws:s3:::my-bucket/*`. */
  readonly objectArns: string[];
  /** None for buckets without a customer managed key. */
  readonly keyArns: string[];
  /**
   * Whether there are keys, where only CloudFormation knows.
   * @default there are those of `keyArns`
   */
  readonly hasKeys?: CfnCondition;
  /** Values of `kms:ViaService`, `*` allowed. */
  readonly viaServices: readonly string[];
}

/** The ARNs of buckets that artifacts are read from, and of the keys that are known here. */
export function sourceBuckets(scope: Construct, buckets: readonly SyncBucket[]): BucketSet {
  const keyArns = buckets.flatMap(({ bucket, key }) => (key ?? bucket.encryptionKey)?.keyArn ?? []);
  const regions = buckets.map(({ bucket, region }) => region ?? bucket.env.region ?? Stack.of(scope).region);
  return {
    bucketArns: unique(buckets.map(({ bucket }) => bucket.bucketArn)),
    objectArns: unique(buckets.map(({ bucket }) => bucket.arnForObjects('*'))),
    keyArns: unique(keyArns),
    viaServices: unique(regions.map(s3ViaService)),
  };
}

/**
 * The ARNs of buckets that artifacts are copied to.
 *
 * @throws when a bucket has no customer managed key that is known here
 */
export function destinationBuckets(scope: Construct, buckets: readonly SyncBucket[]): BucketSet {
  for (const { bucket, key } of buckets) {
    if (key ?? bucket.encryptionKey) continue;
    throw new Error(
      `${scope.node.path}: bucket ${bucket.bucketName} has no KMS key that is known here; give { bucket, key }, since copies are only made under a customer managed key`,
    );
  }
  return sourceBuckets(scope, buckets);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
