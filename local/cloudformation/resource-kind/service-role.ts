// Roles that are given to a service: it tries to assume them when the resource is made.
import { AwsError } from '../../aws/aws-error.ts';
import type { Caller } from '../../aws/iam/principal.ts';
import type { ResourceContext } from './resource-kind.ts';

/** A role, the service that is to assume it, and for which resource. */
interface ServiceRole {
  readonly roleArn: string;
  /** Such as `lambda.amazonaws.com`. */
  readonly service: string;
  readonly sourceArn: string;
}

/** @throws AwsError with this code and message unless the role is of the account, and trusts the service */
export function requireAssumable(
  { world, account }: ResourceContext,
  { roleArn, service, sourceArn }: ServiceRole,
  code: string,
  message: string,
): void {
  const decided = world.decide({ type: 'Service', arn: service }, 'sts:AssumeRole', roleArn, {
    'aws:SourceAccount': account,
    'aws:SourceArn': sourceArn,
  });
  const ofAccount = roleArn.startsWith(`arn:aws:iam::${account}:`);
  if (!ofAccount || world.roles.get(roleArn) === undefined || decided.effect !== 'Allow') {
    throw new AwsError(400, code, message);
  }
}

/** The service as a principal. */
export function serviceCaller(service: string): Caller {
  return { type: 'Service', arn: service };
}
