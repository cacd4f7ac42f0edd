// The bucket of the account that a resource is about.
import { AwsError } from '../../../aws/aws-error.ts';
import type { Bucket } from '../../../aws/state/buckets.ts';
import type { ResourceContext } from '../../resource-kind/resource-kind.ts';

/** @throws NoSuchBucket, AccessDenied */
export function ownBucket(name: string, { world, account }: ResourceContext): Bucket {
  const found = world.buckets.get(name);
  if (found === undefined)
    throw new AwsError(404, 'NoSuchBucket', `The specified bucket does not exist: ${name}`);
  if (found.ownerAccountId !== account) {
    throw new AwsError(403, 'AccessDenied', `Bucket ${name} belongs to account ${found.ownerAccountId}`);
  }
  return found;
}
