// Who acts in a replay: the function's role with exactly the policy that the infrastructure gives it when deployed.
import type { BucketSet } from '../../infra/constructs/sync-buckets.ts';
import { copyGrants } from '../../infra/permissions/copy-grants.ts';
import type { Bucket } from '../aws/state/buckets.ts';
import type { PolicyStatement } from '../aws/state/identities.ts';
import type { KmsKey } from '../aws/state/kms-keys.ts';
import type { World } from '../aws/state/world.ts';

/** Buckets that the function's role may use, and the keys for what is in them. */
export interface Reach {
  readonly buckets: Bucket[];
  readonly keyArns: string[];
}

/** The statements of the function's role. */
export function roleStatements(sources: Reach, destinations: Reach): PolicyStatement[] {
  return copyGrants(bucketSet(sources), bucketSet(destinations));
}

function bucketSet({ buckets, keyArns }: Reach): BucketSet {
  const bucketArns = buckets.map(({ arn }) => arn);
  const regions = [
    ...buckets.map(({ region }) => region),
    ...keyArns.flatMap((arn) => arn.split(':')[3] ?? []),
  ];
  return {
    bucketArns,
    objectArns: bucketArns.map((arn) => `${arn}/*`),
    keyArns,
    viaServices: regions.map((region) => `s3.${region}.amazonaws.com`),
  };
}

/** Session of the role, as Lambda assumes it. */
export function roleSessionArn(accountId: string, functionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${functionName}/${functionName}`;
}

/** Does what the owner of a bucket in another account has to do: its policy names the account that copies. */
export function shareBucket(world: World, bucket: Bucket, accountId: string): void {
  world.setBucketPolicy(bucket, {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'CopyFromAnotherAccount',
        Effect: 'Allow',
        Principal: { AWS: accountId },
        Action: 's3:*',
        Resource: [bucket.arn, `${bucket.arn}/*`],
      },
    ],
  });
}

/** Does what the owner of a key in another account has to do: its policy names the account that copies, too. */
export function shareKey(world: World, key: KmsKey, accountId: string): void {
  world.setKeyPolicy(key, {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'AdministerInThisAccount',
        Effect: 'Allow',
        Principal: { AWS: key.accountId },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'UseFromAnotherAccount',
        Effect: 'Allow',
        Principal: { AWS: accountId },
        Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
        Resource: '*',
      },
    ],
  });
}
