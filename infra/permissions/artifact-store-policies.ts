// The policies of an artifact store, its key's and its buckets', as plain statements: also for the replay, which knows no CDK.
import { s3ViaService } from '../shape/names.ts';
import type { Statement } from './statement.ts';

/** AWS KMS developer guide, "Key policies": what an administrator needs, action by action; none of it uses the key. */
const KEY_ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListKeyRotations',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:RotateKeyOnDemand',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];

/** Where a store is. */
interface Place {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
}

/** A bucket by its ARNs. */
interface StoreBucket {
  readonly bucketArn: string;
  arnForObjects(keyPattern: string): string;
}

/** The key of a store; its id and its alias mean it in its own account. */
interface StoreKey {
  readonly keyArn: string;
  readonly keyId: string;
  readonly alias: string;
}

/** Lets IAM policies of a key's own account decide who administers it. */
export function administerKey({ partition, account }: Omit<Place, 'region'>): Statement {
  return {
    Sid: 'AdministerInThisAccount',
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    Action: KEY_ADMINISTRATION,
    Resource: '*',
  };
}

/** Who administers the key of a store, and who may use it through S3. */
export function keyPolicy(
  { partition, account, region }: Place,
  readers: readonly string[],
  copyRegions: readonly string[],
): Statement[] {
  return [
    administerKey({ partition, account }),
    {
      // IAM policies of this account decide who; the key only ever works through S3.
      Sid: 'UseThroughS3InThisAccount',
      Effect: 'Allow',
      Principal: { AWS: `arn:${partition}:iam::${account}:root` },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': copyRegions.map(s3ViaService) },
      },
    },
    ...(readers.length === 0
      ? []
      : ([
          {
            Sid: 'DecryptThroughS3InDeployAccounts',
            Effect: 'Allow',
            Principal: { AWS: accountRootsOf(readers) },
            Action: ['kms:Decrypt'],
            Resource: '*',
            Condition: {
              ArnEquals: { 'aws:PrincipalArn': readers },
              StringEquals: { 'kms:ViaService': s3ViaService(region) },
            },
          },
          {
            // CodePipeline looks at the key before it reads an artifact with the role of a cross-account action.
            Sid: 'DescribeInDeployAccounts',
            Effect: 'Allow',
            Principal: { AWS: accountRootsOf(readers) },
            Action: ['kms:DescribeKey'],
            Resource: '*',
            Condition: { ArnEquals: { 'aws:PrincipalArn': readers } },
          },
        ] satisfies Statement[])),
  ];
}

/**
 * Writes that name an encryption must name this key; writes that name none get it from the bucket's default. The
 * condition sees what the request says: the key's ARN, its id, or its alias with or without the ARN around it. Id and bare
 * alias mean a key of the caller's account, which is this one, since no other account may write.
 */
export function denyOtherEncryption(
  { partition, region, account }: Place,
  bucket: StoreBucket,
  key: StoreKey,
): Statement[] {
  return [
    {
      // An encryption without a key, such as AES256, names another one, too: an absent value is not equal to any.
      Sid: 'DenyWritesUnderOtherKeys',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: bucket.arnForObjects('*'),
      Condition: {
        Null: { 's3:x-amz-server-side-encryption': 'false' },
        StringNotEquals: {
          's3:x-amz-server-side-encryption-aws-kms-key-id': [
            key.keyArn,
            key.keyId,
            key.alias,
            `arn:${partition}:kms:${region}:${account}:${key.alias}`,
          ],
        },
      },
    },
  ];
}

/** Lets roles of other accounts read. */
export function allowReaders(bucket: StoreBucket, readers: readonly string[]): Statement[] {
  if (readers.length === 0) return [];
  const who = {
    Principal: { AWS: accountRootsOf(readers) },
    Condition: { ArnEquals: { 'aws:PrincipalArn': readers } },
  };
  return [
    {
      Sid: 'ReadArtifactsInDeployAccounts',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: bucket.arnForObjects('*'),
      ...who,
    },
    {
      Sid: 'FindArtifactsInDeployAccounts',
      Effect: 'Allow',
      Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
      Resource: bucket.bucketArn,
      ...who,
    },
  ];
}

function accountRootsOf(roleArns: readonly string[]): string[] {
  return [...new Set(roleArns.map((arn) => arn.replace(/:role\/.*$/, ':root')))];
}
