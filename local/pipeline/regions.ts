// The regions of S3, and the region that the name of a bucket or a key gives away.
import { BucketLocationConstraint } from '@aws-sdk/client-s3';
import { closest } from 'fastest-levenshtein';

/** Every region in which the S3 API model can create a bucket; `EU` is an old name of eu-west-1, us-east-1 has no constraint. */
const REGIONS: ReadonlySet<string> = new Set([
  'us-east-1',
  ...Object.values(BucketLocationConstraint).filter((name) => name !== 'EU'),
]);

const REGION_IN_NAME = /(?:^|[.-])([a-z]{2}(?:-(?:gov|iso[a-z]?))?-[a-z]+-\d)(?=$|[.-])/;
const REGION_IN_KEY_ARN = /^arn:aws[\w-]*:kms:([a-z0-9-]+):\d{12}:/;

/** Is it a region of S3? */
export function isRegion(name: string): boolean {
  return REGIONS.has(name);
}

/** The region whose name is most like the given one. */
export function similarRegion(name: string): string {
  return closest(name, [...REGIONS]);
}

/** The region that a bucket's name contains, if any. */
export function regionInName(bucket: string): string | undefined {
  const [, found = ''] = REGION_IN_NAME.exec(bucket) ?? [];
  return isRegion(found) ? found : undefined;
}

/** The region of a KMS key's or alias's ARN; undefined for anything else. */
export function regionOfKey(keyId: string): string | undefined {
  return REGION_IN_KEY_ARN.exec(keyId)?.[1];
}
