// What writes on a condition, copies of annotations and Object Lock need besides s3:PutObject.
import { describe, expect, test } from 'vitest';
import { generated } from '../../../../local/aws/content/content.ts';
import { codeOf, failureOf } from '../../../contract/server/errors.ts';
import { freshName, useAws } from '../running-aws.ts';

describe('what a write needs', () => {
  const aws = useAws();

  function bucketWith(key: string) {
    const bucket = aws().world.createBucket({ name: freshName(), region: 'us-east-1' });
    return { bucket, object: aws().world.putObject(bucket, key, generated(10)) };
  }

  test('If-Match of a write or a deletion takes s3:GetObject, If-None-Match does not', async () => {
    const { bucket, object } = bucketWith('k');
    const writer = aws().someone({
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:DeleteObject'],
      Resource: `${bucket.arn}/*`,
    });
    const s3 = aws().s3({ credentials: writer.credentials });
    const there = { Bucket: bucket.name, Key: 'k', IfMatch: object.etag };

    const put = await failureOf(s3.putObject({ ...there, Body: 'x' }));
    const deleted = await codeOf(s3.deleteObject(there));
    const fresh = { Bucket: bucket.name, Key: 'new', Body: 'x', IfNoneMatch: '*' };

    expect(put?.message).toContain('is not authorized to perform: s3:GetObject');
    expect(deleted).toBe('AccessDenied');
    expect(await codeOf(s3.putObject(fresh))).toBe('none');
  });

  test('annotations are copied only by those who may read and write them, unless they are excluded', async () => {
    const { bucket, object } = bucketWith('k');
    object.annotations.set('a', { content: generated(5), lastModified: new Date() });
    const copier = aws().someone({
      Effect: 'Allow',
      Action: ['s3:PutObject', 's3:GetObject'],
      Resource: `${bucket.arn}/*`,
    });
    const s3 = aws().s3({ credentials: copier.credentials });
    const copy = { Bucket: bucket.name, Key: 'copy', CopySource: `${bucket.name}/k` };

    const byDefault = await failureOf(s3.copyObject(copy));
    const excluded = await codeOf(s3.copyObject({ ...copy, AnnotationDirective: 'EXCLUDE' }));
    copier.may = [
      ...copier.may,
      {
        Effect: 'Allow',
        Action: ['s3:GetObjectAnnotation', 's3:PutObjectAnnotation'],
        Resource: `${bucket.arn}/*`,
      },
    ];
    const allowed = await codeOf(s3.copyObject({ ...copy, AnnotationDirective: 'COPY' }));

    expect(byDefault?.message).toContain('is not authorized to perform: s3:GetObjectAnnotation');
    expect([excluded, allowed]).toEqual(['none', 'none']);
  });

  test('a bucket with Object Lock takes no body without a checksum or Content-MD5', async () => {
    const Bucket = freshName();
    const admin = aws().s3();
    await admin.createBucket({ Bucket, ObjectLockEnabledForBucket: true });
    const { Status } = await admin.getBucketVersioning({ Bucket });
    const plain = aws().s3({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const { UploadId } = await admin.createMultipartUpload({ Bucket, Key: 'k' });
    const part = { Bucket, Key: 'k', UploadId, PartNumber: 1, Body: 'x' };

    const bare = [
      await codeOf(plain.putObject({ Bucket, Key: 'k', Body: 'x' })),
      await codeOf(plain.uploadPart(part)),
    ];
    const withDigest = [
      await codeOf(plain.putObject({ Bucket, Key: 'k', Body: 'x', ChecksumAlgorithm: 'CRC32' })),
      await codeOf(plain.putObject({ Bucket, Key: 'k', Body: 'x', ContentMD5: 'nUgfpGw4VIwGeJoJIkIzjg==' })),
      await codeOf(plain.uploadPart({ ...part, ChecksumAlgorithm: 'CRC64NVME' })),
    ];

    expect(Status).toBe('Enabled');
    expect(bare).toEqual(['InvalidRequest', 'InvalidRequest']);
    expect(withDigest).toEqual(['none', 'BadDigest', 'none']);
  });

  test('parts are completed with the checksums that their upload was started with, and no others', async () => {
    const { bucket } = bucketWith('k');
    const s3 = aws().s3({ requestChecksumCalculation: 'WHEN_REQUIRED' });
    const complete = async (created: object, part: object, whole: object = {}) => {
      const upload = { Bucket: bucket.name, Key: 'k2' };
      const { UploadId } = await s3.createMultipartUpload({ ...upload, ...created });
      const { ETag } = await s3.uploadPart({ ...upload, UploadId, PartNumber: 1, Body: 'x' });
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ...part }] };
      return await codeOf(s3.completeMultipartUpload({ ...upload, UploadId, MultipartUpload, ...whole }));
    };
    const full = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' };

    expect(await complete({}, { ChecksumCRC32: 'AAAAAA==' })).toBe('InvalidPart');
    expect(await complete(full, {}, { ChecksumSHA256: Buffer.alloc(32).toString('base64') })).toBe(
      'BadDigest',
    );
    expect(await complete(full, {})).toBe('none');
  });
});
