// Who acts in a replay: the function's role with exactly the permissions that the infrastructure gives it when deployed.
import type { GrantTarget } from '../../functions/sync-artifacts/aws/operations.ts';
import { actionsOn } from '../../infra/permissions/function-permissions.ts';
import type { Grant } from '../aws/state/identities.ts';

/** What the function's role is to reach. */
export interface RoleScope {
  readonly sourceBuckets: readonly string[];
  readonly sourceKeyArns: readonly string[];
  readonly destinationBuckets: readonly string[];
  readonly destinationKeyArns: readonly string[];
}

/** The permissions of the function's role. */
export function roleGrants(scope: RoleScope): Grant[] {
  const resources: Record<GrantTarget, readonly string[]> = {
    'source bucket': scope.sourceBuckets.map(bucketArn),
    'source objects': scope.sourceBuckets.map(objectsOf),
    'source keys': scope.sourceKeyArns,
    'destination buckets': scope.destinationBuckets.map(bucketArn),
    'destination objects': scope.destinationBuckets.map(objectsOf),
    'destination keys': scope.destinationKeyArns,
    'any job': ['*'],
  };
  return (Object.keys(resources) as GrantTarget[])
    .filter((target) => resources[target].length > 0)
    .map((target) => ({ actions: actionsOn(target), resources: resources[target] }));
}

/** Session of the role, as Lambda assumes it. */
export function roleSessionArn(accountId: string, functionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${functionName}/${functionName}`;
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

function objectsOf(bucket: string): string {
  return `${bucketArn(bucket)}/*`;
}
