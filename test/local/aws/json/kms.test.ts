// KMS: keys have states and homes, and S3 refuses to use those that are unknown, disabled or in another place.
import { describe, expect, test } from 'vitest';
import { fromBuffer } from '../../../../local/aws/content/content.ts';
import type { Credentials } from '../../../../local/aws/state/identities.ts';
import type { KeyState } from '../../../../local/aws/state/kms-keys.ts';
import { codeOf } from '../../../contract/server/errors.ts';
import { freshName, signedPost, useAws } from '../running-aws.ts';

describe('KMS', () => {
  const aws = useAws();

  function bucket(keyId?: string, ownerAccountId?: string) {
    const name = freshName();
    const encryption = { algorithm: 'aws:kms' as const, ...(keyId && { keyId }) };
    return aws().world.createBucket({
      name,
      region: 'us-east-1',
      encryption,
      ...(ownerAccountId && { ownerAccountId }),
    });
  }

  test.for([
    ['Disabled', 'KMS.DisabledException'],
    ['PendingDeletion', 'KMS.KMSInvalidStateException'],
  ] as [KeyState, string][])('refuses to write and to read under a key that is %s', async ([state, code]) => {
    const key = aws().world.createKey({ region: 'us-east-1' });
    const { name: Bucket } = bucket(key.arn);
    aws().world.putObject(Bucket, 'k', fromBuffer('x'));
    const { UploadId } = await aws().s3().createMultipartUpload({ Bucket, Key: 'm' });
    aws().world.setKeyState(key.arn, state);
    const put = { Bucket, Key: 'other', Body: 'x' };
    expect(await codeOf(aws().s3().putObject(put))).toBe(code);
    expect(await codeOf(aws().s3().getObject({ Bucket, Key: 'k' }))).toBe(code);
    const part = { Bucket, Key: 'm', UploadId, PartNumber: 1, Body: 'x' };
    expect(await codeOf(aws().s3().uploadPart(part))).toBe(code);
  });

  test('resolves bare ids and aliases in the account of the caller and the region of the request', async () => {
    const { world } = aws();
    const mine = world.createKey({ region: 'us-east-1', alias: 'alias/artifacts' });
    const accounts = { Principal: { AWS: ['111122223333', '999988887777'] } };
    const policy = { Statement: { ...accounts, Effect: 'Allow', Action: 'kms:*', Resource: '*' } };
    const owner = { region: 'us-east-1', accountId: '999988887777', policy };
    world.createKey({ ...owner, alias: 'alias/artifacts' });
    const theirs = world.createKey(owner);
    const put = async (keyId: string) => {
      const made = bucket(keyId, '999988887777');
      const Resource = `${made.arn}/*`;
      world.setBucketPolicy(made, { Statement: { ...accounts, Effect: 'Allow', Action: 's3:*', Resource } });
      const { name: Bucket } = made;
      const { SSEKMSKeyId } = await aws().s3().putObject({ Bucket, Key: 'k', Body: 'x' });
      return SSEKMSKeyId;
    };
    expect(await put('alias/artifacts')).toBe(mine.arn);
    expect(await put(mine.keyId)).toBe(mine.arn);
    expect(await put(theirs.arn)).toBe(theirs.arn);
    expect(await codeOf(put(theirs.keyId))).toBe('KMS.NotFoundException');
    expect(await put('arn:aws:kms:us-east-1:999988887777:alias/artifacts')).toMatch(
      /^arn:aws:kms:us-east-1:999988887777:key/,
    );
  });

  test('has no keys of other regions', async () => {
    const key = aws().world.createKey({ region: 'eu-west-1' });
    const put = { Bucket: bucket(key.arn).name, Key: 'k', Body: 'x' };
    expect(await codeOf(aws().s3().putObject(put))).toBe('KMS.NotFoundException');
  });

  test('lets aws/s3 serve its own account only', async () => {
    const { name: Bucket, arn } = bucket();
    const { SSEKMSKeyId } = await aws().s3().putObject({ Bucket, Key: 'k', Body: 'x' });
    expect(aws().world.keys.get(SSEKMSKeyId ?? '')?.manager).toBe('AWS');
    const stranger = aws().world.addIdentity({
      principalArn: 'arn:aws:sts::999988887777:assumed-role/Deploy/s',
      may: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    });
    aws().world.setBucketPolicy(aws().world.bucket(Bucket), {
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: '999988887777' },
          Action: ['s3:GetObject', 's3:ListBucket'],
          Resource: [arn, `${arn}/*`],
        },
      ],
    });
    const theirs = aws().s3({ credentials: stranger.credentials });
    expect(await codeOf(theirs.getObject({ Bucket, Key: 'missing' }))).toBe('NoSuchKey');
    expect(await codeOf(theirs.getObject({ Bucket, Key: 'k' }))).toBe('AccessDenied');
  });

  async function ask(
    operation: string,
    input: object,
    signed: { credentials?: Credentials; service?: string; region?: string } = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    };
    const response = await signedPost(aws(), {
      ...{ service: 'kms', ...signed },
      ...{ headers, body: JSON.stringify(input) },
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  test.for([
    [{ service: 's3' }, "Credential should be scoped to correct service: 'kms'."],
    [{ region: 'mars-1' }, 'Credential should be scoped to a valid region.'],
  ] as const)('refuses a signature that is meant for another place: %j', async ([scope, message]) => {
    const answer = await ask('ListKeys', {}, scope);
    expect(answer).toEqual({ status: 400, body: { __type: 'InvalidSignatureException', message } });
  });

  test('makes, describes, disables and enables keys over its own API', async () => {
    const created = await ask('CreateKey', { Description: 'artifacts' });
    const { KeyId, Arn } = created.body.KeyMetadata as { KeyId: string; Arn: string };
    expect(aws().world.keys.get(Arn)?.state).toBe('Enabled');
    await ask('CreateAlias', { AliasName: 'alias/mine', TargetKeyId: KeyId });
    expect((await ask('ListAliases', { KeyId })).body.Aliases).toMatchObject([{ AliasName: 'alias/mine' }]);
    await ask('DisableKey', { KeyId });
    const described = await ask('DescribeKey', { KeyId: 'alias/mine' });
    expect(described.body.KeyMetadata).toMatchObject({ Arn, Enabled: false, KeyState: 'Disabled' });
    await ask('EnableKey', { KeyId: Arn });
    expect(aws().world.keys.get(Arn)?.state).toBe('Enabled');
    await ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    expect(aws().world.keys.get(Arn)?.state).toBe('PendingDeletion');
    expect((await ask('EnableKey', { KeyId })).body.__type).toBe('KMSInvalidStateException');
    await ask('CancelKeyDeletion', { KeyId });
    expect(aws().world.keys.get(Arn)?.state).toBe('Disabled');
  });

  test('puts and gives key policies, but none that locks the caller out', async () => {
    const { arn: KeyId, policy: byDefault } = aws().world.createKey({ region: 'us-east-1' });
    const administer = {
      Effect: 'Allow',
      Principal: { AWS: '111122223333' },
      Action: ['kms:PutKeyPolicy', 'kms:GetKeyPolicy'],
      Resource: '*',
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: administer });
    const locking = Policy.replace('kms:PutKeyPolicy', 'kms:DescribeKey');
    expect((await ask('GetKeyPolicy', { KeyId })).body.Policy).toBe(byDefault.document);
    expect((await ask('PutKeyPolicy', { KeyId, Policy: locking })).body).toMatchObject({
      __type: 'MalformedPolicyDocumentException',
      message: 'The new key policy will not allow you to update the key policy in the future.',
    });
    expect((await ask('PutKeyPolicy', { KeyId, Policy })).status).toBe(200);
    expect((await ask('GetKeyPolicy', { KeyId })).body.Policy).toBe(Policy);
    expect((await ask('DescribeKey', { KeyId })).body.message).toContain(
      'because no resource-based policy allows the kms:DescribeKey action',
    );
    const forced = { KeyId, Policy: locking, BypassPolicyLockoutSafetyCheck: true };
    expect((await ask('PutKeyPolicy', forced)).status).toBe(200);
    expect((await ask('PutKeyPolicy', { KeyId, Policy })).body.__type).toBe('AccessDeniedException');
  });

  test('makes no key with a policy that it refuses', async () => {
    const { length } = aws().world.keys.list('111122223333', 'us-east-1');
    const Policy = JSON.stringify({
      Statement: { Effect: 'Allow', Principal: { AWS: 'nobody' }, Action: 'kms:*', Resource: '*' },
    });
    expect((await ask('CreateKey', { Policy })).body.__type).toBe('MalformedPolicyDocumentException');
    expect(aws().world.keys.list('111122223333', 'us-east-1')).toHaveLength(length);
  });

  test('sees by which alias a key was asked for, and wants a permission on the alias that is made', async () => {
    const { arn } = aws().world.createKey({ region: 'us-east-1', alias: 'alias/asked' });
    const someone = aws().someone(
      {
        Effect: 'Allow',
        Action: 'kms:DescribeKey',
        Resource: arn,
        Condition: { StringEquals: { 'kms:RequestAlias': 'alias/asked' } },
      },
      { Effect: 'Allow', Action: 'kms:CreateAlias', Resource: arn },
    ).credentials;
    expect((await ask('DescribeKey', { KeyId: 'alias/asked' }, { credentials: someone })).status).toBe(200);
    expect((await ask('DescribeKey', { KeyId: arn }, { credentials: someone })).status).toBe(400);
    const made = await ask(
      'CreateAlias',
      { AliasName: 'alias/made', TargetKeyId: arn },
      { credentials: someone },
    );
    expect(made.body.message).toContain('resource: arn:aws:kms:us-east-1:111122223333:alias/made');
  });

  test('knows nothing of other keys and other operations', async () => {
    expect(await ask('DescribeKey', { KeyId: 'alias/none' })).toMatchObject({
      status: 400,
      body: { __type: 'NotFoundException' },
    });
    expect((await ask('Encrypt', {})).status).toBe(501);
  });
});
