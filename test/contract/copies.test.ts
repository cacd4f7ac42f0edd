// CopyObject: what comes along, what is recomputed, and on which conditions.
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf } from './server/errors.ts';
import { setVersioning, useTarget } from './server/target.ts';

describe('CopyObject', () => {
  const target = useTarget();

  async function bucketWithSource(Key = 'source') {
    const { s3, Bucket } = await target().fresh();
    const put = await s3.putObject({
      Bucket,
      Key,
      Body: 'some bytes',
      ContentType: 'application/zip',
      Metadata: { revision: '7' },
      Tagging: 'a=b',
    });
    const CopySource = `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
    return { s3, Bucket, CopySource, ETag: put.ETag };
  }

  test.for(['plain', 'a/b c+d%20e/ü日本.zip'])('copies %s with its headers and metadata', async (Key) => {
    const { s3, Bucket, CopySource } = await bucketWithSource(Key);
    await s3.copyObject({ Bucket, Key: 'copy', CopySource });
    const copy = await s3.getObject({ Bucket, Key: 'copy' });
    expect(await copy.Body?.transformToString()).toBe('some bytes');
    expect(copy).toMatchObject({ ContentType: 'application/zip', Metadata: { revision: '7' } });
  });

  test('copies the tags too', async (context) => {
    await needs(context, target(), 'tagging');
    const { s3, Bucket, CopySource } = await bucketWithSource();
    await s3.copyObject({ Bucket, Key: 'copy', CopySource });
    const { TagSet } = await s3.getObjectTagging({ Bucket, Key: 'copy' });
    expect(TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  });

  test('takes other metadata and tags when asked to replace them', async (context) => {
    await needs(context, target(), 'tagging');
    const { s3, Bucket, CopySource } = await bucketWithSource();
    await s3.copyObject({
      Bucket,
      Key: 'copy',
      CopySource,
      MetadataDirective: 'REPLACE',
      ContentType: 'text/plain',
      Metadata: { other: 'x' },
      TaggingDirective: 'REPLACE',
      Tagging: 'c=d',
    });
    expect(await s3.headObject({ Bucket, Key: 'copy' })).toMatchObject({
      ContentType: 'text/plain',
      Metadata: { other: 'x' },
    });
    const { TagSet } = await s3.getObjectTagging({ Bucket, Key: 'copy' });
    expect(TagSet).toEqual([{ Key: 'c', Value: 'd' }]);
  });

  test('copies the version that is named, and says which one it was', async (context) => {
    await needs(context, target(), 'versioning');
    const { s3, Bucket } = await bucketWithSource();
    await setVersioning(s3, Bucket, 'Enabled');
    const old = await s3.putObject({ Bucket, Key: 'k', Body: 'old' });
    await s3.putObject({ Bucket, Key: 'k', Body: 'new' });
    const CopySource = `${Bucket}/k?versionId=${old.VersionId}`;
    const result = await s3.copyObject({ Bucket, Key: 'copy', CopySource });
    expect(result.CopySourceVersionId).toBe(old.VersionId);
    expect(result.VersionId).toEqual(expect.any(String));
    const copy = await s3.getObject({ Bucket, Key: 'copy' });
    expect(await copy.Body?.transformToString()).toBe('old');
  });

  test('fails when the source is not the one that was meant', async (context) => {
    await needs(context, target(), 'sourceConditions');
    const { s3, Bucket, CopySource, ETag } = await bucketWithSource();
    const copy = (conditions: object) =>
      codeOf(s3.copyObject({ Bucket, Key: 'copy', CopySource, ...conditions }));
    expect(await copy({ CopySourceIfMatch: '"other"' })).toBe('PreconditionFailed');
    expect(await copy({ CopySourceIfNoneMatch: ETag })).toBe('PreconditionFailed');
    expect(await copy({ CopySourceIfUnmodifiedSince: new Date(Date.now() - 86_400_000) })).toBe(
      'PreconditionFailed',
    );
    expect(await codeOf(s3.getObject({ Bucket, Key: 'copy' }))).toBe('NoSuchKey');
    expect(await copy({ CopySourceIfMatch: ETag })).toBe('none');
  });

  test('fails when there is no such source', async () => {
    const { s3, Bucket } = await bucketWithSource();
    const missing = { Bucket, Key: 'copy', CopySource: `${Bucket}/missing` };
    expect(await codeOf(s3.copyObject(missing))).toBe('NoSuchKey');
  });

  test('gives the copy a checksum of the whole object with the algorithm asked for', async (context) => {
    await needs(context, target(), 'checksums');
    const { s3, Bucket, CopySource } = await bucketWithSource();
    const result = await s3.copyObject({ Bucket, Key: 'copy', CopySource, ChecksumAlgorithm: 'SHA256' });
    const head = await s3.headObject({ Bucket, Key: 'copy', ChecksumMode: 'ENABLED' });
    expect(head.ChecksumSHA256).toEqual(expect.any(String));
    expect(head.ChecksumSHA256).toBe(result.CopyObjectResult?.ChecksumSHA256);
    expect(head.ChecksumType).toBe('FULL_OBJECT');
  });

  test('onto itself must change something, which a bucket with an encryption of its own always may', async (context) => {
    await needs(context, target(), 'strictness');
    const { s3, Bucket, CopySource } = await bucketWithSource();
    const copy = () => codeOf(s3.copyObject({ Bucket, Key: 'source', CopySource }));
    const ApplyServerSideEncryptionByDefault = { SSEAlgorithm: 'AES256' as const };
    const encrypt = {
      Bucket,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault }] },
    };
    expect(await copy()).toBe('InvalidRequest');
    await s3.putBucketEncryption(encrypt);
    expect(await copy()).toBe('none');
  });

  test('onto itself is fine for a source under a KMS key', async (context) => {
    await needs(context, target(), 'strictness', 'kms');
    const { s3, Bucket, CopySource } = await bucketWithSource();
    const put = { Bucket, Key: 'source', Body: 'x', ServerSideEncryption: 'aws:kms' as const };
    await s3.putObject({ ...put, SSEKMSKeyId: target().kmsKeyArn });
    const copy = { Bucket, Key: 'source', CopySource };
    expect(await codeOf(s3.copyObject(copy))).toBe('none');
  });
});
