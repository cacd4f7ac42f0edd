// Roles, and policies that are attached to them.
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import type { Role } from '../../aws/state/roles.ts';
import { arn, integer, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { physicalName, type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';

const policyName = text(128, /^[\w+=,.@-]+$/);
const path = v.optional(text(512, /^\/([!-~]+\/)?$/), '/');

/** AWS::IAM::Role */
export const role = resourceKind({
  properties: v.strictObject({
    RoleName: v.optional(text(64, /^[\w+=,.@-]+$/)),
    AssumeRolePolicyDocument: policyDocument,
    Description: v.optional(v.pipe(v.string(), v.maxLength(1000))),
    ManagedPolicyArns: v.optional(v.pipe(v.array(arn('iam')), v.maxLength(10)), []),
    MaxSessionDuration: v.optional(integer(3600, 43_200)),
    Path: path,
    PermissionsBoundary: v.optional(arn('iam')),
    Policies: v.optional(
      v.array(v.strictObject({ PolicyName: policyName, PolicyDocument: policyDocument })),
      [],
    ),
    Tags: tags,
  }),
  identify({ RoleName, Path }, context) {
    const name = physicalName(RoleName, context, 64);
    const { account } = context;
    return { ref: name, attributes: { Arn: `arn:aws:iam::${account}:role${Path}${name}` } };
  },
  create(properties, { ref: name }, { world, account }) {
    const made = world.roles.create({
      accountId: account,
      name,
      path: properties.Path,
      trustPolicy: properties.AssumeRolePolicyDocument,
      managedPolicies: properties.ManagedPolicyArns.map((each) => world.managedPolicies.get(each)),
      ...(properties.PermissionsBoundary !== undefined && {
        permissionsBoundary: world.managedPolicies.get(properties.PermissionsBoundary).document,
      }),
    });
    for (const { PolicyName, PolicyDocument } of properties.Policies) {
      world.roles.putPolicy(made, PolicyName, PolicyDocument);
    }
  },
});

/** AWS::IAM::Policy: an inline policy of the roles that it names. */
export const inlinePolicy = resourceKind({
  properties: v.strictObject({
    PolicyName: policyName,
    PolicyDocument: policyDocument,
    Roles: v.pipe(v.array(v.string()), v.minLength(1)),
  }),
  identify: ({ PolicyName }) => ({ ref: PolicyName, attributes: {} }),
  create({ PolicyName, PolicyDocument, Roles }, _identity, context) {
    for (const name of Roles)
      context.world.roles.putPolicy(ownRole(name, context), PolicyName, PolicyDocument);
  },
});

/** AWS::IAM::ManagedPolicy */
export const managedPolicy = resourceKind({
  properties: v.strictObject({
    ManagedPolicyName: v.optional(policyName),
    PolicyDocument: policyDocument,
    Description: v.optional(v.pipe(v.string(), v.maxLength(1000))),
    Path: path,
    Roles: v.optional(v.array(v.string()), []),
  }),
  identify({ ManagedPolicyName, Path }, context) {
    const name = physicalName(ManagedPolicyName, context, 128);
    const arn = `arn:aws:iam::${context.account}:policy${Path}${name}`;
    return { ref: arn, attributes: { PolicyArn: arn } };
  },
  create({ PolicyDocument, Roles }, { ref: policyArn }, context) {
    const roles = Roles.map((name) => ownRole(name, context));
    const policy = context.world.managedPolicies.create(policyArn, PolicyDocument);
    for (const each of roles) each.managedPolicies = [...each.managedPolicies, policy];
  },
});

function ownRole(name: string, { world, account }: ResourceContext): Role {
  const found = world.roles.named(account, name);
  if (found !== undefined) return found;
  throw new AwsError(404, 'NoSuchEntity', `The role with name ${name} cannot be found.`);
}
