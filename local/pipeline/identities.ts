// Who acts in a replay: the function's role with exactly the policy that the infrastructure gives it when deployed.
import type { BucketSet } from '../../infra/constructs/sync-buckets.ts';
import { copyGrants } from '../../infra/permissions/copy-grants.ts';
import type { Bucket } from '../aws/state/buckets.ts';
import type { PolicyStatement } from '../aws/state/identities.ts';
import type { KmsKey } from '../aws/state/kms-keys.ts';
import type { World } from '../aws/state/world.ts';

/** What the function's role is to reach. */
interface RoleScope {
  readonly sourceBuckets: readonly string[];
  readonly sourceKeyArns: readonly string[];
  readonly destinationBuckets: readonly string[];
  readonly destinationKeyArns: readonly string[];
}

/** The statements of the function's role, for buckets that are there. */
export function roleStatements(world: Pick<World, 'buckets'>, scope: RoleScope): PolicyStatement[] {
  const set = (names: readonly string[], keyArns: readonly string[]): BucketSet => {
    const bucketArns = names.map((name) => `arn:aws:s3:::${name}`);
    const regions = [
      ...names.flatMap((name) => world.buckets.get(name)?.region ?? []),
      ...keyArns.flatMap((arn) => arn.split(':')[3] ?? []),
    ];
    return {
      bucketArns,
      objectArns: bucketArns.map((arn) => `${arn}/*`),
      keyArns: [...keyArns],
      viaServices: regions.map((region) => `s3.${region}.amazonaws.com`),
    };
  };
  return copyGrants(
    set(scope.sourceBuckets, scope.sourceKeyArns),
    set(scope.destinationBuckets, scope.destinationKeyArns),
  );
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
