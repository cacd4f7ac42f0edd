// How an object that is being written gets encrypted: what was asked for, else the bucket's default; and with which key.
import { AwsError } from '../aws-error.ts';
import type { Bucket, EncryptionAlgorithm, ObjectEncryption } from './buckets.ts';
import { type KmsKey, type KmsKeys, keyArnOf } from './kms-keys.ts';

/** What the headers of a write ask for. */
export interface RequestedEncryption {
  readonly algorithm?: EncryptionAlgorithm;
  readonly keyId?: string;
  readonly bucketKey?: boolean;
}

/**
 * The encryption of a new object. A key id that is no ARN means a key of the caller's account in the bucket's region.
 * @throws KMS.NotFoundException, KMS.DisabledException, KMS.KMSInvalidStateException
 */
export function encryptionOf(
  world: { readonly keys: KmsKeys },
  bucket: Bucket,
  callerAccountId: string,
  requested: RequestedEncryption,
): ObjectEncryption {
  const wanted = requested.algorithm === undefined ? bucket.encryption : requested;
  const algorithm = wanted?.algorithm ?? 'AES256';
  if (algorithm === 'AES256') return { algorithm, bucketKey: false };
  const key =
    wanted?.keyId === undefined
      ? world.keys.managed(callerAccountId, bucket.region)
      : findKey(world.keys, wanted.keyId, callerAccountId, bucket.region);
  requireUsable(key);
  const bucketKey = requested.bucketKey ?? bucket.encryption?.bucketKey ?? false;
  return { algorithm, keyArn: key.arn, bucketKey: algorithm === 'aws:kms' && bucketKey };
}

/** @throws KMS.NotFoundException as S3 passes it on. */
function findKey(keys: KmsKeys, keyId: string, accountId: string, region: string): KmsKey {
  const key = keys.find(keyId, accountId, region);
  if (key === undefined) {
    const arn = keyArnOf(keyId, accountId, region);
    throw new AwsError(400, 'KMS.NotFoundException', `Key '${arn}' does not exist`);
  }
  if (key.region !== region) {
    throw new AwsError(400, 'KMS.NotFoundException', `Invalid arn ${key.region}`);
  }
  return key;
}

/** @throws KMS.DisabledException or KMS.KMSInvalidStateException unless the key is enabled. */
export function requireUsable(key: KmsKey): void {
  switch (key.state) {
    case 'Enabled':
      return;
    case 'Disabled':
      throw new AwsError(400, 'KMS.DisabledException', `${key.arn} is disabled.`);
    case 'PendingDeletion':
      throw new AwsError(400, 'KMS.KMSInvalidStateException', `${key.arn} is pending deletion.`);
  }
}
