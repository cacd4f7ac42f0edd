// Buckets: their region, their owner, and the encryption that they give to everything written into them.
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { describe, expect, type TestContext, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf, failureOf, statusOf } from './server/errors.ts';
import { OTHER_REGION, REGION, useTarget } from './server/target.ts';

describe('buckets', () => {
  const target = useTarget();

  test('that do not exist are 404', async () => {
    const Bucket = 'contract-there-is-no-such-bucket';
    expect(await statusOf(target().client().headBucket({ Bucket }))).toBe(404);
    const put = { Bucket, Key: 'k', Body: 'x' };
    expect(await codeOf(target().client().putObject(put))).toBe('NoSuchBucket');
  });

  test('are not deleted by being made again, nor by DELETE while there is something in them', async () => {
    const { s3, Bucket } = await target().fresh();
    const elsewhere = REGION !== 'us-east-1' && {
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' as const },
    };
    const again = new CreateBucketCommand({ Bucket, ...elsewhere });
    // The first region lets its owner make a bucket again (S3 API, CreateBucket).
    expect(await codeOf(s3.send(again))).toMatch(
      REGION === 'us-east-1' ? /^(none|BucketAlready.*)$/ : /^BucketAlready/,
    );
    await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    expect(await codeOf(s3.deleteBucket({ Bucket }))).toBe('BucketNotEmpty');
  });

  test('tell which region they are in to those who ask in another', async (context) => {
    await needs(context, target(), 'regions');
    const Bucket = await target().createBucket(OTHER_REGION);
    const failure = await failureOf(target().client().headBucket({ Bucket }));
    expect(failure?.$metadata.httpStatusCode).toBe(301);
    expect(failure?.$response?.headers['x-amz-bucket-region']).toBe(OTHER_REGION);
    const put = { Bucket, Key: 'k', Body: 'x' };
    expect(await codeOf(target().client().putObject(put))).toBe('PermanentRedirect');
    const head = await target().client(OTHER_REGION).headBucket({ Bucket });
    expect(head.BucketRegion).toBe(OTHER_REGION);
    const { LocationConstraint } = await target().client(OTHER_REGION).getBucketLocation({ Bucket });
    expect(LocationConstraint).toBe(OTHER_REGION === 'us-east-1' ? undefined : OTHER_REGION);
  });

  test('tell their location to those who ask the first region', async (context) => {
    await needs(context, target(), 'regions');
    const Bucket = await target().createBucket('eu-west-1');
    const ask = { Bucket };
    expect((await target().client('us-east-1').getBucketLocation(ask)).LocationConstraint).toBe('eu-west-1');
  });

  test.for([
    ['mars-1', 'InvalidLocationConstraint'],
    ['EU', 'none'],
    ['eu-west-1', 'none'],
  ] as const)('are made at the location %s: %s', async ([location, expected], context) => {
    await needs(context, target(), 'regions', 'strictness');
    const Bucket = `contract-${crypto.randomUUID().slice(0, 18)}`;
    const LocationConstraint = location as 'EU';
    const create = { Bucket, CreateBucketConfiguration: { LocationConstraint } };
    expect(await codeOf(target().client('eu-west-1').createBucket(create))).toBe(expected);
  });

  test('of an account-regional name are made only by that account, which says so', async (context) => {
    await needs(context, target(), 'strictness');
    const s3 = target().client();
    const create = (account: string, BucketNamespace?: 'account-regional') => {
      const Bucket = `contract-${crypto.randomUUID().slice(0, 8)}-${account}-${REGION}-an`;
      return codeOf(s3.createBucket({ Bucket, BucketNamespace }));
    };
    expect(await create('999999999999', 'account-regional')).toBe('InvalidNamespaceHeader');
    expect(await create('111122223333')).toBe('MissingNamespaceHeader');
    expect(await create(target().accountId, 'account-regional')).toBe('none');
  });

  test('are copied into from other regions, asked in the region of the destination', async (context) => {
    await needs(context, target(), 'regions');
    const source = await target().createBucket();
    const Bucket = await target().createBucket(OTHER_REGION);
    await target().client().putObject({ Bucket: source, Key: 'k', Body: 'bytes' });
    const copy = { Bucket, Key: 'k', CopySource: `${source}/k` };
    expect(await codeOf(target().client().copyObject(copy))).toBe('PermanentRedirect');
    await target().client(OTHER_REGION).copyObject(copy);
    const got = await target().client(OTHER_REGION).getObject({ Bucket, Key: 'k' });
    expect(await got.Body?.transformToString()).toBe('bytes');
  });

  test('of another owner than expected are refused, as source and as destination', async (context) => {
    await needs(context, target(), 'bucketOwners');
    const { s3, Bucket } = await target().fresh();
    const stranger = '999999999999';
    await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    const get = { Bucket, Key: 'k', ExpectedBucketOwner: stranger };
    expect(await codeOf(s3.getObject(get))).toBe('AccessDenied');
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/k` };
    const from = { ...copy, ExpectedSourceBucketOwner: stranger };
    expect(await codeOf(s3.copyObject(from))).toBe('AccessDenied');
    const to = { ...copy, ExpectedBucketOwner: stranger };
    expect(await codeOf(s3.copyObject(to))).toBe('AccessDenied');
  });

  test('switch versioning on and off', async (context) => {
    await needs(context, target(), 'versioning');
    const { s3, Bucket } = await target().fresh();
    expect((await s3.getBucketVersioning({ Bucket })).Status).toBeUndefined();
    for (const Status of ['Enabled', 'Suspended'] as const) {
      await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
      expect((await s3.getBucketVersioning({ Bucket })).Status).toBe(Status);
    }
  });

  test('are encrypted by S3 where nobody says otherwise', async (context) => {
    await needs(context, target(), 'bucketEncryption');
    const { s3, Bucket } = await target().fresh();
    const { ServerSideEncryptionConfiguration } = await s3.getBucketEncryption({ Bucket });
    expect(
      ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
    ).toBe('AES256');
    const put = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    expect(put.ServerSideEncryption).toBe('AES256');
  });

  async function encryptedBucket(context: TestContext) {
    await needs(context, target(), 'kms');
    const { s3, Bucket } = await target().fresh();
    const ApplyServerSideEncryptionByDefault = {
      SSEAlgorithm: 'aws:kms' as const,
      KMSMasterKeyID: target().kmsKeyArn,
    };
    await s3.putBucketEncryption({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled: true }],
      },
    });
    return { s3, Bucket };
  }

  test('give their default key to uploads, copies and multipart copies', async (context) => {
    const { s3, Bucket } = await encryptedBucket(context);
    const source = await target().createBucket();
    await s3.putObject({ Bucket: source, Key: 'k', Body: 'plain' });
    const CopySource = `${source}/k`;
    const expected = {
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: target().kmsKeyArn,
      BucketKeyEnabled: true,
    };

    expect(await s3.putObject({ Bucket, Key: 'put', Body: 'x' })).toMatchObject(expected);
    expect(await s3.copyObject({ Bucket, Key: 'copy', CopySource })).toMatchObject(expected);
    const upload = await s3.createMultipartUpload({ Bucket, Key: 'multi' });
    expect(upload).toMatchObject(expected);
    const part = { Bucket, Key: 'multi', UploadId: upload.UploadId, PartNumber: 1, CopySource };
    const { CopyPartResult } = await s3.uploadPartCopy(part);
    const completed = await s3.completeMultipartUpload({
      ...{ Bucket, Key: 'multi', UploadId: upload.UploadId },
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag: CopyPartResult?.ETag }] },
    });
    expect(completed).toMatchObject(expected);
    for (const Key of ['put', 'copy', 'multi']) {
      expect(await s3.headObject({ Bucket, Key })).toMatchObject(expected);
    }
  });

  test('give ETags that are no MD5 to objects under a KMS key', async (context) => {
    const { s3, Bucket } = await encryptedBucket(context);
    const first = await s3.putObject({ Bucket, Key: 'a', Body: 'same' });
    const second = await s3.putObject({ Bucket, Key: 'b', Body: 'same' });
    expect(first.ETag).not.toBe(second.ETag);
    expect((await s3.headObject({ Bucket, Key: 'a' })).ETag).toBe(first.ETag);
  });

  test('write nothing under a key that does not exist', async (context) => {
    const { s3, Bucket } = await encryptedBucket(context);
    const put = {
      Bucket,
      Key: 'k',
      Body: 'x',
      ServerSideEncryption: 'aws:kms' as const,
      SSEKMSKeyId: `arn:aws:kms:${REGION}:111122223333:key/00000000-0000-4000-8000-000000000000`,
    };
    expect(await codeOf(s3.putObject(put))).toMatch(/^(KMS\.NotFoundException|AccessDenied)$/);
    expect(await codeOf(s3.headObject({ Bucket, Key: 'k' }))).toBe('NotFound');
  });
});
