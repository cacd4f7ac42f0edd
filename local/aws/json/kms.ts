// As much of KMS's API as it takes to make keys, to look at them, and to switch them off.
import { AwsError } from '../aws-error.ts';
import { kmsFacts, putKeyPolicy } from '../state/key-policy.ts';
import { type KeyState, type KmsKey, keyArnOf } from '../state/kms-keys.ts';
import type { JsonOperation, JsonRequest } from './request.ts';
import { stringAt, validate, valueAt } from './validation.ts';

/** The operations by name. */
export const kmsOperations: Readonly<Record<string, JsonOperation>> = {
  CreateKey: createKey,
  DescribeKey: (request) => ({ KeyMetadata: describe(keyOf(request)) }),
  EnableKey: (request) => setState(request, 'Enabled'),
  DisableKey: (request) => setState(request, 'Disabled'),
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: cancelKeyDeletion,
  GetKeyPolicy: (request) => ({ Policy: keyOf(request).policy.document, PolicyName: 'default' }),
  PutKeyPolicy: changeKeyPolicy,
  CreateAlias: createAlias,
  ListAliases: listAliases,
};

const KEY_ID = { KeyId: { required: true, type: 'string', min: 1, max: 2048 } } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

function createKey(request: JsonRequest): Record<string, unknown> {
  request.authorize('*');
  const { world, caller, region } = request;
  const description = stringAt(request.input, 'Description') ?? '';
  const key = world.createKey({ accountId: caller.accountId, region, description });
  const policy = stringAt(request.input, 'Policy');
  if (policy !== undefined) {
    try {
      setPolicy(request, key, policy);
    } catch (error) {
      world.keys.delete(key.arn);
      throw error;
    }
  }
  return { KeyMetadata: describe(key) };
}

function changeKeyPolicy(request: JsonRequest): Record<string, unknown> {
  setPolicy(request, keyOf(request), stringAt(request.input, 'Policy') ?? '');
  return {};
}

function setPolicy({ world, caller, input }: JsonRequest, key: KmsKey, document: string): void {
  putKeyPolicy(world, caller.caller, key, document, {
    bypassLockoutCheck: valueAt(input, 'BypassPolicyLockoutSafetyCheck') === true,
  });
}

function scheduleKeyDeletion(request: JsonRequest): Record<string, unknown> {
  const key = keyOf(request);
  const days = valueAt(request.input, 'PendingWindowInDays') ?? 30;
  if (typeof days !== 'number' || days < 7 || days > 30) {
    throw new AwsError(400, 'ValidationException', 'PendingWindowInDays must be between 7 and 30');
  }
  requireNotPending(key);
  key.state = 'PendingDeletion';
  const deletionDate = (Date.now() + days * DAY_MS) / 1000;
  return { KeyId: key.arn, KeyState: key.state, PendingWindowInDays: days, DeletionDate: deletionDate };
}

/** A key whose deletion is cancelled stays disabled (KMS API, CancelKeyDeletion). */
function cancelKeyDeletion(request: JsonRequest): Record<string, unknown> {
  const key = keyOf(request);
  if (key.state !== 'PendingDeletion') {
    throw new AwsError(400, 'KMSInvalidStateException', `${key.arn} is not pending deletion.`);
  }
  key.state = 'Disabled';
  return { KeyId: key.arn };
}

function createAlias(request: JsonRequest): Record<string, unknown> {
  validate(request.input, {
    AliasName: {
      required: true,
      type: 'string',
      min: 1,
      max: 256,
      pattern: /^alias\/(?!aws\/)[a-zA-Z0-9/_-]+$/,
    },
    TargetKeyId: { required: true, type: 'string', min: 1, max: 2048 },
  });
  const key = keyOf(request, 'TargetKeyId');
  const alias = stringAt(request.input, 'AliasName') ?? '';
  // An alias has no policy: the caller's own has to allow it, besides the key (KMS guide, control access to aliases).
  request.authorize(`arn:aws:kms:${key.region}:${key.accountId}:${alias}`);
  request.world.keys.addAlias(key, alias);
  return {};
}

function listAliases(request: JsonRequest): Record<string, unknown> {
  request.authorize('*');
  const { world, caller, region } = request;
  const only = stringAt(request.input, 'KeyId');
  const keys = only === undefined ? world.keys.list(caller.accountId, region) : [findKey(request, only)];
  return {
    Aliases: keys.flatMap((key) =>
      [...key.aliases].map((alias) => ({
        AliasName: alias,
        AliasArn: `arn:aws:kms:${key.region}:${key.accountId}:${alias}`,
        TargetKeyId: key.keyId,
      })),
    ),
    Truncated: false,
  };
}

function setState(request: JsonRequest, state: KeyState): Record<string, unknown> {
  const key = keyOf(request);
  requireNotPending(key);
  key.state = state;
  return {};
}

function requireNotPending({ arn, state }: KmsKey): void {
  if (state !== 'PendingDeletion') return;
  throw new AwsError(400, 'KMSInvalidStateException', `${arn} is pending deletion.`);
}

function keyOf(request: JsonRequest, field = 'KeyId'): KmsKey {
  validate(request.input, { [field]: KEY_ID.KeyId });
  const id = stringAt(request.input, field) ?? '';
  const key = findKey(request, id);
  request.authorize(key.arn, {
    ...kmsFacts(request.caller.caller, key),
    'kms:RequestAlias': /alias\/.+$/.exec(id)?.[0],
  });
  return key;
}

function findKey({ world, caller, region }: JsonRequest, id: string): KmsKey {
  const key = world.keys.find(id, caller.accountId, region);
  if (key === undefined || key.region !== region) {
    const arn = keyArnOf(id, caller.accountId, region);
    const what = id.includes('alias/') ? 'Alias' : 'Key';
    throw new AwsError(400, 'NotFoundException', `${what} ${arn} is not found.`);
  }
  return key;
}

function describe(key: KmsKey): Record<string, unknown> {
  return {
    AWSAccountId: key.accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt.getTime() / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    Origin: 'AWS_KMS',
    KeyManager: key.manager,
    KeySpec: 'SYMMETRIC_DEFAULT',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  };
}
