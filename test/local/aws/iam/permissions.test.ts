// Permissions: what identities may not do is refused as AWS refuses it, on buckets, on sources of copies, and on keys.
import { describe, expect, test } from 'vitest';
import { fromBuffer } from '../../../../local/aws/content/content.ts';
import type { PolicyStatement } from '../../../../local/aws/state/identities.ts';
import { codeOf, failureOf, statusOf } from '../../../contract/server/errors.ts';
import { freshName, useAws } from '../running-aws.ts';

describe('permissions', () => {
  const aws = useAws();

  function as(...may: PolicyStatement[]) {
    return aws().s3({ credentials: aws().someone(...may).credentials });
  }

  function bucketUnderKey(region = 'us-east-1') {
    const { world } = aws();
    const key = world.createKey({ region });
    const bucket = world.createBucket({
      name: freshName(),
      region,
      encryption: { algorithm: 'aws:kms', keyId: key.arn, bucketKey: true },
    });
    return { bucket, key, objects: `${bucket.arn}/*` };
  }

  const allow = (Action: string, ...Resource: string[]): PolicyStatement => ({
    Effect: 'Allow',
    Action,
    Resource,
  });

  test('that are missing are named with principal, action and resource', async () => {
    const { bucket } = bucketUnderKey();
    const failure = await failureOf(as().putObject({ Bucket: bucket.name, Key: 'k', Body: 'x' }));
    expect(failure?.name).toBe('AccessDenied');
    expect(failure?.$metadata.httpStatusCode).toBe(403);
    expect(failure?.message).toBe(
      `User: arn:aws:sts::111122223333:assumed-role/Someone/s is not authorized to perform: s3:PutObject on resource: "${bucket.arn}/k" because no identity-based policy allows the s3:PutObject action`,
    );
    expect(failure?.$metadata.requestId).toMatch(/^[0-9A-F]{16}$/);
    expect(failure?.$metadata.extendedRequestId).toEqual(expect.any(String));
  });

  test('that are denied stay denied whatever else is allowed', async () => {
    const { bucket, objects } = bucketUnderKey();
    const s3 = as(allow('*', '*'), { ...allow('s3:Get*', objects), Effect: 'Deny' });
    const failure = await failureOf(s3.getObject({ Bucket: bucket.name, Key: 'k' }));
    expect(failure?.message).toContain('with an explicit deny in an identity-based policy');
  });

  test('to list decide whether a missing object is 404 or 403', async () => {
    const { bucket, objects } = bucketUnderKey();
    const head = { Bucket: bucket.name, Key: 'missing' };
    expect(await statusOf(as(allow('s3:GetObject', objects)).headObject(head))).toBe(403);
    expect(
      await statusOf(as(allow('s3:GetObject', objects), allow('s3:ListBucket', bucket.arn)).headObject(head)),
    ).toBe(404);
  });

  test('on a bucket are needed for HEAD, which tells the region all the same', async () => {
    const { bucket } = bucketUnderKey('eu-west-1');
    const { credentials } = aws().someone();
    const s3 = aws().s3({ region: 'eu-west-1', credentials });
    const failure = await failureOf(s3.headBucket({ Bucket: bucket.name }));
    expect(failure?.$metadata.httpStatusCode).toBe(403);
    expect(failure?.$response?.headers['x-amz-bucket-region']).toBe('eu-west-1');
  });

  test('on the settings of a bucket are others than those on its objects', async () => {
    const { bucket, objects } = bucketUnderKey();
    const ask = { Bucket: bucket.name };
    expect(await codeOf(as(allow('s3:*', objects)).getBucketEncryption(ask))).toBe('AccessDenied');
    expect(
      await codeOf(as(allow('s3:GetEncryptionConfiguration', bucket.arn)).getBucketEncryption(ask)),
    ).toBe('none');
    const list = { Bucket: bucket.name };
    expect(await codeOf(as(allow('s3:GetEncryptionConfiguration', bucket.arn)).listObjectsV2(list))).toBe(
      'AccessDenied',
    );
  });

  test('to decrypt are needed to read what is under a key', async () => {
    const { bucket, key, objects } = bucketUnderKey();
    aws().world.putObject(bucket, 'k', fromBuffer('x'));
    const get = { Bucket: bucket.name, Key: 'k' };
    const failure = await failureOf(as(allow('s3:GetObject', objects)).getObject(get));
    expect(failure?.name).toBe('AccessDenied');
    expect(failure?.message).toContain(
      `kms:Decrypt on resource: ${key.arn} because no identity-based policy allows`,
    );
    expect(
      await codeOf(as(allow('s3:GetObject', objects), allow('kms:Decrypt', key.arn)).getObject(get)),
    ).toBe('none');
  });

  test('to read the source are needed to copy, and its key', async () => {
    const source = bucketUnderKey();
    const destination = bucketUnderKey();
    aws().world.putObject(source.bucket, 'k', fromBuffer('x'), { tags: { a: 'b' } });
    const copy = {
      Bucket: destination.bucket.name,
      Key: 'copy',
      CopySource: `${source.bucket.name}/k`,
    };
    const steps: [PolicyStatement, string][] = [
      [allow('s3:PutObject', destination.objects), 'kms:GenerateDataKey'],
      [allow('kms:GenerateDataKey', destination.key.arn), 's3:GetObject'],
      [allow('s3:GetObject', source.objects), 'kms:Decrypt'],
      [allow('kms:Decrypt', source.key.arn), 's3:GetObjectTagging'],
      [allow('s3:GetObjectTagging', source.objects), 's3:PutObjectTagging'],
    ];
    const granted: PolicyStatement[] = [];
    for (const [grant, missing] of steps) {
      granted.push(grant);
      const failure = await failureOf(as(...granted).copyObject(copy));
      expect(failure?.name).toBe('AccessDenied');
      expect(failure?.message).toContain(`not authorized to perform: ${missing} on`);
    }
    granted.push(allow('s3:PutObjectTagging', destination.objects));
    expect(await codeOf(as(...granted).copyObject(copy))).toBe('none');
  });

  test('to read a version are needed to copy one', async () => {
    const source = bucketUnderKey();
    const destination = bucketUnderKey();
    source.bucket.versioning = 'Enabled';
    const { versionId } = aws().world.putObject(source.bucket, 'k', fromBuffer('x'));
    const may = [
      allow('s3:PutObject', destination.objects),
      allow('kms:*', '*'),
      allow('s3:GetObject', source.objects),
    ];
    const copy = {
      Bucket: destination.bucket.name,
      Key: 'copy',
      CopySource: `${source.bucket.name}/k?versionId=${versionId}`,
    };
    expect(await codeOf(as(...may).copyObject(copy))).toBe('AccessDenied');
    expect(await codeOf(as(...may, allow('s3:GetObjectVersion', source.objects)).copyObject(copy))).toBe(
      'none',
    );
  });

  test('on the key are two for multipart uploads: generating data keys and decrypting', async () => {
    const { bucket, key, objects } = bucketUnderKey();
    const writer = [allow('s3:PutObject', objects), allow('kms:GenerateDataKey', key.arn)];
    const where = { Bucket: bucket.name, Key: 'k' };
    const { UploadId } = await as(...writer).createMultipartUpload(where);
    const part = { ...where, UploadId, PartNumber: 1, Body: 'x' };
    expect((await failureOf(as(...writer).uploadPart(part)))?.message).toContain('kms:Decrypt');
    expect(await codeOf(as(...writer, allow('kms:Decrypt', key.arn)).uploadPart(part))).toBe('none');
  });

  test('to read the source are needed to copy a part', async () => {
    const source = bucketUnderKey();
    const { bucket, objects } = bucketUnderKey();
    aws().world.putObject(source.bucket, 'k', fromBuffer('x'));
    const writer = [allow('s3:PutObject', objects), allow('kms:*', '*')];
    const where = { Bucket: bucket.name, Key: 'k' };
    const { UploadId } = await as(...writer).createMultipartUpload(where);
    const part = {
      ...where,
      UploadId,
      PartNumber: 1,
      CopySource: `${source.bucket.name}/k`,
    };
    expect((await failureOf(as(...writer).uploadPartCopy(part)))?.message).toContain('s3:GetObject on');
    expect(await codeOf(as(...writer, allow('s3:GetObject', source.objects)).uploadPartCopy(part))).toBe(
      'none',
    );
  });

  test('change as soon as they are changed', async () => {
    const { bucket } = bucketUnderKey();
    const someone = aws().someone(allow('s3:ListBucket', bucket.arn));
    const s3 = aws().s3({ credentials: someone.credentials });
    const head = { Bucket: bucket.name };
    expect(await statusOf(s3.headBucket(head))).toBe(200);
    someone.may = [];
    expect(await statusOf(s3.headBucket(head))).toBe(403);
  });
});
