// KMS keys and aliases.
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import type { Facts } from '../../aws/iam/policy.ts';
import { putKeyPolicy } from '../../aws/state/key-policy.ts';
import type { KmsKey } from '../../aws/state/kms-keys.ts';
import { physicalId, regionalArn } from '../resource-kind/physical-name.ts';
import { bool, integer, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { type ApiCall, type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';

/** AWS::KMS::Key */
export const kmsKey = resourceKind({
  properties: v.strictObject({
    KeyPolicy: v.optional(policyDocument),
    Description: v.optional(v.pipe(v.string(), v.maxLength(8192)), ''),
    Enabled: v.optional(bool, true),
    EnableKeyRotation: v.optional(bool, false),
    RotationPeriodInDays: v.optional(integer(90, 2560)),
    PendingWindowInDays: v.optional(integer(7, 30)),
    KeySpec: v.optional(v.literal('SYMMETRIC_DEFAULT')),
    KeyUsage: v.optional(v.literal('ENCRYPT_DECRYPT')),
    MultiRegion: v.optional(v.literal(false)),
    Tags: tags,
  }),
  identify(_properties, context) {
    const keyId = physicalId(context);
    return { ref: keyId, attributes: { Arn: regionalArn('kms', `key/${keyId}`, context), KeyId: keyId } };
  },
  create({ KeyPolicy, Description, Enabled, EnableKeyRotation }, { ref }, context) {
    const { world, account, region } = context;
    const key = world.createKey({ accountId: account, region, keyId: ref, description: Description });
    try {
      setPolicy(key, KeyPolicy, context);
      if (EnableKeyRotation) context.authorize('kms:EnableKeyRotation', key.arn, factsOf(context));
    } catch (error) {
      world.keys.delete(key.arn);
      throw error;
    }
    if (!Enabled) world.setKeyState(key.arn, 'Disabled');
  },
  update({ KeyPolicy, Enabled }, { attributes: { Arn = '' } }, context) {
    const key = context.world.keys.get(Arn);
    if (key === undefined) return;
    setPolicy(key, KeyPolicy, context);
    context.world.setKeyState(Arn, Enabled ? 'Enabled' : 'Disabled');
  },
  delete(_properties, { attributes: { Arn = '' } }, { world }) {
    world.setKeyState(Arn, 'PendingDeletion');
  },
  calls(now, { attributes: { Arn = '' } }, context) {
    const onKey = (...actions: string[]): ApiCall[] =>
      actions.map((action) => [`kms:${action}`, Arn, factsOf(context)]);
    return {
      create: [['kms:CreateKey', '*']],
      read: onKey('DescribeKey', 'GetKeyPolicy', 'GetKeyRotationStatus', 'ListResourceTags'),
      update: (before) => [
        ...onKey('DescribeKey'),
        ...(before.Description === now.Description ? [] : onKey('UpdateKeyDescription')),
        ...(before.Enabled === now.Enabled ? [] : onKey(now.Enabled ? 'EnableKey' : 'DisableKey')),
        ...(before.EnableKeyRotation === now.EnableKeyRotation
          ? []
          : onKey(now.EnableKeyRotation ? 'EnableKeyRotation' : 'DisableKeyRotation')),
        ...(isDeepStrictEqual(before.KeyPolicy, now.KeyPolicy) ? [] : onKey('PutKeyPolicy')),
      ],
      delete: onKey('DescribeKey', 'ScheduleKeyDeletion'),
    };
  },
});

/** AWS::KMS::Alias */
export const kmsAlias = resourceKind({
  properties: v.strictObject({
    AliasName: text(256, /^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/),
    TargetKeyId: text(256),
  }),
  identify: ({ AliasName }) => ({ ref: AliasName, attributes: {} }),
  create({ AliasName, TargetKeyId }, _identity, context) {
    const { world, account, region, authorize } = context;
    const key = world.keys.find(TargetKeyId, account, region);
    if (key === undefined || key.accountId !== account || key.region !== region) {
      const message = `Key '${TargetKeyId}' does not exist in account ${account} and region ${region}`;
      throw new AwsError(400, 'NotFoundException', message);
    }
    // Whoever makes an alias has to be allowed to, on the alias and on the key (KMS guide, control access to aliases).
    authorize('kms:CreateAlias', regionalArn('kms', AliasName, context), factsOf(context));
    authorize('kms:CreateAlias', key.arn, factsOf(context));
    world.keys.addAlias(key, AliasName);
  },
  delete({ AliasName }, _identity, context) {
    const { world, account, region, authorize } = context;
    const key = world.keys.find(AliasName, account, region);
    if (key === undefined) return;
    authorize('kms:DeleteAlias', regionalArn('kms', AliasName, context), factsOf(context));
    authorize('kms:DeleteAlias', key.arn, factsOf(context));
    key.aliases.delete(AliasName);
  },
});

function factsOf({ account }: ResourceContext): Facts {
  return { 'kms:CallerAccount': account };
}

function setPolicy(key: KmsKey, policy: unknown, { world, caller, decide }: ResourceContext): void {
  if (policy === undefined) return;
  const setKeyPolicy = world.setKeyPolicy.bind(world);
  putKeyPolicy({ decide, setKeyPolicy }, caller, key, JSON.stringify(policy));
}
