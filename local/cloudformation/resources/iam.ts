// Roles, and policies that are attached to them.
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import type { Facts } from '../../aws/iam/policy.ts';
import type { Role } from '../../aws/state/roles.ts';
import { physicalName } from '../resource-kind/physical-name.ts';
import { arn, integer, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { type ApiCall, type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';

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
  create(given, { ref: name }, { world, account }) {
    const made = world.roles.create({
      accountId: account,
      name,
      path: given.Path,
      trustPolicy: given.AssumeRolePolicyDocument,
      managedPolicies: given.ManagedPolicyArns.map((each) => world.managedPolicies.get(each)),
      ...(given.PermissionsBoundary !== undefined && {
        permissionsBoundary: world.managedPolicies.get(given.PermissionsBoundary).document,
      }),
    });
    try {
      for (const { PolicyName, PolicyDocument } of given.Policies) {
        world.roles.putPolicy(made, PolicyName, PolicyDocument);
      }
    } catch (error) {
      world.roles.delete(made);
      throw error;
    }
  },
  update(given, { ref: name }, context, before) {
    if (given.PermissionsBoundary !== before.PermissionsBoundary) {
      throw new AwsError(400, 'NotUpdatable', 'the permissions boundary of a role cannot be changed here');
    }
    const { world } = context;
    const changed = ownRole(name, context);
    world.roles.setTrustPolicy(changed, given.AssumeRolePolicyDocument);
    changed.managedPolicies = given.ManagedPolicyArns.map((each) => world.managedPolicies.get(each));
    for (const { PolicyName } of before.Policies) changed.inlinePolicies.delete(PolicyName);
    for (const { PolicyName, PolicyDocument } of given.Policies) {
      world.roles.putPolicy(changed, PolicyName, PolicyDocument);
    }
  },
  delete(_properties, { ref: name }, context) {
    context.world.roles.delete(ownRole(name, context));
  },
  calls(now, { attributes: { Arn = '' } }) {
    const onRole = (action: string, facts: Facts = {}): ApiCall => [`iam:${action}`, Arn, facts];
    const attach = (action: string, policies: readonly string[]): ApiCall[] =>
      policies.map((policy) => onRole(action, { 'iam:PolicyARN': policy }));
    // CloudFormation gives roles no tags of its own (its registry, AWS::IAM::Role, tagging).
    const tag = now.Tags.length > 0 ? [onRole('TagRole')] : [];
    return {
      create: [
        onRole('CreateRole', { 'iam:PermissionsBoundary': now.PermissionsBoundary }),
        ...tag,
        ...now.Policies.map(() => onRole('PutRolePolicy')),
        ...attach('AttachRolePolicy', now.ManagedPolicyArns),
      ],
      read: [onRole('GetRole'), ...now.Policies.map(() => onRole('GetRolePolicy'))],
      update(before) {
        const without = (some: readonly { PolicyName: string }[], others: typeof some): typeof some =>
          some.filter((one) => !others.some((other) => isDeepStrictEqual(one, other)));
        const gone = before.Policies.filter(
          (one) => !now.Policies.some(({ PolicyName }) => PolicyName === one.PolicyName),
        );
        const trust = isDeepStrictEqual(before.AssumeRolePolicyDocument, now.AssumeRolePolicyDocument);
        return [
          ...(trust ? [] : [onRole('UpdateAssumeRolePolicy')]),
          ...without(now.Policies, before.Policies).map(() => onRole('PutRolePolicy')),
          ...gone.map(() => onRole('DeleteRolePolicy')),
          ...attach(
            'AttachRolePolicy',
            now.ManagedPolicyArns.filter((each) => !before.ManagedPolicyArns.includes(each)),
          ),
          ...attach(
            'DetachRolePolicy',
            before.ManagedPolicyArns.filter((each) => !now.ManagedPolicyArns.includes(each)),
          ),
        ];
      },
      delete: [
        onRole('GetRole'),
        ...now.Policies.map(() => onRole('DeleteRolePolicy')),
        ...attach('DetachRolePolicy', now.ManagedPolicyArns),
        onRole('DeleteRole'),
      ],
    };
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
  delete({ PolicyName, Roles }, _identity, context) {
    for (const name of Roles) ownRole(name, context).inlinePolicies.delete(PolicyName);
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
