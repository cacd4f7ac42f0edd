// KMS keys and aliases.
import * as v from 'valibot';
import { putKeyPolicy } from '../../aws/state/key-policy.ts';
import { bool, integer, policyDocument, tags, text } from '../resource-kind/properties.ts';
import { physicalId, resourceKind } from '../resource-kind/resource-kind.ts';

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
    const arn = `arn:aws:kms:${context.region}:${context.account}:key/${keyId}`;
    return { ref: keyId, attributes: { Arn: arn, KeyId: keyId } };
  },
  create({ KeyPolicy, Description, Enabled }, { ref }, { world, account, region, caller }) {
    const key = world.createKey({ accountId: account, region, keyId: ref, description: Description });
    try {
      if (KeyPolicy !== undefined) putKeyPolicy(world, caller, key, JSON.stringify(KeyPolicy));
    } catch (error) {
      world.keys.delete(key.arn);
      throw error;
    }
    if (!Enabled) world.setKeyState(key.arn, 'Disabled');
  },
});

/** AWS::KMS::Alias */
export const kmsAlias = resourceKind({
  properties: v.strictObject({
    AliasName: text(256, /^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/),
    TargetKeyId: text(256),
  }),
  identify: ({ AliasName }) => ({ ref: AliasName, attributes: {} }),
  create({ AliasName, TargetKeyId }, _identity, { world, account, region }) {
    const key = world.keys.find(TargetKeyId, account, region);
    if (key === undefined || key.accountId !== account || key.region !== region) {
      throw new Error(`Key '${TargetKeyId}' does not exist in account ${account} and region ${region}`);
    }
    world.keys.addAlias(key, AliasName);
  },
});
