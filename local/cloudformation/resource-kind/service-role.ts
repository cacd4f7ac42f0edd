// Roles that are given to a service: it tries to assume them when the resource is made.
import { AwsError } from '../../aws/aws-error.ts';
import type { ResourceContext } from './resource-kind.ts';

/** A role, the service that is to assume it, and for which resource. */
interface ServiceRole {
  readonly roleArn: string;
  /** Such as `lambda.amazonaws.com`. */
  readonly service: string;
  readonly sourceArn: string;
}

/** @throws AwsError with this code and message unless the role is there, of the account, and trusts the service */
export function requireAssumable(
  { world, account, decide }: ResourceContext,
  { roleArn, service, sourceArn }: ServiceRole,
  code: string,
  message: string,
): void {
  const there = roleArn.startsWith(`arn:aws:iam::${account}:role/`) && world.roles.get(roleArn) !== undefined;
  const facts = { 'aws:SourceAccount': account, 'aws:SourceArn': sourceArn };
  const allowed =
    there && decide({ type: 'Service', arn: service }, 'sts:AssumeRole', roleArn, facts).effect === 'Allow';
  if (!allowed) throw new AwsError(400, code, message);
}
