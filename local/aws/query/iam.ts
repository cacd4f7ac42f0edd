// As much of IAM's API as it takes to make roles and to change what they may do.
import { AwsError } from '../aws-error.ts';
import type { XmlElements } from '../http/xml.ts';
import type { Policy } from '../iam/policy.ts';
import type { Role } from '../state/roles.ts';
import { authorize, type QueryOperation, type QueryRequest, required } from './request.ts';
import { simulatePrincipalPolicy } from './simulate.ts';
import { uniqueId } from './sts.ts';

/** The operations by name. */
export const iamOperations: Readonly<Record<string, QueryOperation>> = {
  CreateRole: createRole,
  GetRole: (request) => ({ Role: describe(roleOf(request, 'iam:GetRole')) }),
  DeleteRole: deleteRole,
  UpdateAssumeRolePolicy: updateAssumeRolePolicy,
  PutRolePolicy: putRolePolicy,
  GetRolePolicy: getRolePolicy,
  DeleteRolePolicy: deleteRolePolicy,
  SimulatePrincipalPolicy: simulatePrincipalPolicy,
};

function createRole(request: QueryRequest): XmlElements {
  const { world, caller, text } = request;
  const name = required(request, 'RoleName');
  const path = text('Path') ?? '/';
  authorize(request, 'iam:CreateRole', `arn:aws:iam::${caller.accountId}:role${path}${name}`);
  const trustPolicy = required(request, 'AssumeRolePolicyDocument');
  return { Role: describe(world.roles.create({ accountId: caller.accountId, name, path, trustPolicy })) };
}

function deleteRole(request: QueryRequest): undefined {
  const role = roleOf(request, 'iam:DeleteRole');
  if (role.inlinePolicies.size > 0) {
    throw new AwsError(409, 'DeleteConflict', 'Cannot delete entity, must delete policies first.');
  }
  request.world.roles.delete(role);
}

function updateAssumeRolePolicy(request: QueryRequest): undefined {
  const role = roleOf(request, 'iam:UpdateAssumeRolePolicy');
  request.world.roles.setTrustPolicy(role, required(request, 'PolicyDocument'));
}

function putRolePolicy(request: QueryRequest): undefined {
  const role = roleOf(request, 'iam:PutRolePolicy');
  request.world.roles.putPolicy(role, required(request, 'PolicyName'), required(request, 'PolicyDocument'));
}

function getRolePolicy(request: QueryRequest): XmlElements {
  const role = roleOf(request, 'iam:GetRolePolicy');
  const { name, policy } = inlinePolicyOf(request, role);
  return { RoleName: role.name, PolicyName: name, PolicyDocument: encodeURIComponent(policy.document) };
}

function deleteRolePolicy(request: QueryRequest): undefined {
  const role = roleOf(request, 'iam:DeleteRolePolicy');
  role.inlinePolicies.delete(inlinePolicyOf(request, role).name);
}

/** The role that is named, for a caller who may do this to it. @throws AccessDenied, NoSuchEntity */
function roleOf(request: QueryRequest, action: string): Role {
  const name = required(request, 'RoleName');
  const { accountId } = request.caller;
  const role = request.world.roles.named(accountId, name);
  authorize(request, action, role?.arn ?? `arn:aws:iam::${accountId}:role/${name}`);
  if (role !== undefined) return role;
  throw new AwsError(404, 'NoSuchEntity', `The role with name ${name} cannot be found.`);
}

function inlinePolicyOf(request: QueryRequest, role: Role): { name: string; policy: Policy } {
  const name = required(request, 'PolicyName');
  const policy = role.inlinePolicies.get(name);
  if (policy !== undefined) return { name, policy };
  throw new AwsError(404, 'NoSuchEntity', `The role policy with name ${name} cannot be found.`);
}

/** IAM gives documents URL-encoded (IAM API, Role). */
function describe({ arn, name, path, trustPolicy, createdAt }: Role): XmlElements {
  return {
    Path: path,
    RoleName: name,
    RoleId: uniqueId('AROA', arn),
    Arn: arn,
    CreateDate: createdAt.toISOString(),
    AssumeRolePolicyDocument: encodeURIComponent(trustPolicy.document),
  };
}
