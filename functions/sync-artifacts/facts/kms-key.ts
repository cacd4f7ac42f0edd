// Names of KMS keys: made unambiguous before they are sent, compared when S3 answers.

import { partitionOf } from '../aws/partition.ts';
import { ConfigurationError } from '../errors.ts';
import type { DestinationEncryption } from '../types.ts';

const ARN = /^arn:[a-z-]+:kms:(?<region>[a-z0-9-]+):(?<account>\d{12}):(?<resource>(?:key|alias)\/.+)$/;
/** KMS API: key ids are UUIDs, those of multi-Region keys `mrk-` and 32 hex digits. */
const KEY_ID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const AWS_MANAGED_ALIAS = /(?:^|:)alias\/aws\//;

/** Where a bare key id or alias is at home. */
interface KeyHome {
  readonly bucket: string;
  readonly bucketOwner: string;
  readonly region: string;
}

/**
 * The key as it is sent to S3. S3 resolves a bare id or alias in the *caller's* account; as an ARN of the bucket owner's account it
 * means the same key for everyone (AWS-FACTS, aws-cli #8405).
 * @throws ConfigurationError for an AWS managed key, which other accounts cannot use, and for a key of another region.
 */
export function qualifyKey(keyId: string, home: KeyHome): string {
  if (AWS_MANAGED_ALIAS.test(keyId)) {
    throw new ConfigurationError(
      `KMS key ${keyId} of bucket ${home.bucket} is an AWS managed key, which other accounts cannot use; expected a customer managed key: set KmsKeyId, or the bucket's default encryption.`,
    );
  }
  const arn = ARN.exec(keyId)?.groups;
  if (arn !== undefined) {
    if (arn.region === home.region) return keyId;
    throw new ConfigurationError(
      `KMS key ${keyId} is in ${arn.region}, but bucket ${home.bucket} is in ${home.region}; expected a key of the bucket's region.`,
    );
  }
  const prefix = `arn:${partitionOf(home.region)}:kms:${home.region}:${home.bucketOwner}`;
  if (keyId.startsWith('alias/')) return `${prefix}:${keyId}`;
  // Anything else that is not shaped like AWS's ids belongs to another S3 server, which knows it by this name.
  return KEY_ID.test(keyId) ? `${prefix}:key/${keyId}` : keyId;
}

/** The region that the ARN of a key or alias names. */
export function regionOfKey(keyId: string): string | undefined {
  return ARN.exec(keyId)?.groups?.region;
}

/** Was the key asked for by alias, so that S3's answer, a key ARN, cannot be compared with it directly? */
export function isAlias(keyId: string): boolean {
  return keyId.includes(':alias/');
}

/** Is the key of an object that was there before the one that a destination has now? For an alias, only where it is known what it means. */
export function isKeyNow(
  { kmsKeyId, keyArn }: Pick<DestinationEncryption, 'kmsKeyId' | 'keyArn'>,
  reported: string | undefined,
): boolean {
  if (!isAlias(kmsKeyId)) return isSameKey(kmsKeyId, reported);
  return reported !== undefined && (reported === keyArn || reported === kmsKeyId);
}

/** Is the key that S3 reports the one that was asked for? For an alias, as far as account and region tell. */
export function isSameKey(asked: string, reported: string | undefined): boolean {
  if (reported === undefined || reported === '') return false;
  if (asked === reported) return true;
  const want = ARN.exec(asked)?.groups;
  const have = ARN.exec(reported)?.groups;
  if (want === undefined) return reported.endsWith(`/${asked}`) || reported.endsWith(`:${asked}`);
  if (have === undefined) return want.resource === `key/${reported}`;
  return isAlias(asked) && want.account === have.account && want.region === have.region;
}
