// Sizes and limits: large objects cost nothing, S3's limits hold, and what is not implemented says so.
import type { CompletedPart, S3 } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { compareContent, generated } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import { codeOf, failureOf, statusOf } from '../../contract/server/errors.ts';
import { freshName, useAws } from './running-aws.ts';

const GIB = 1024 ** 3;

describe('sizes and limits', () => {
  const aws = useAws();

  function bucket(): string {
    const key = aws().world.createKey({ region: 'us-east-1' });
    const name = freshName();
    aws().world.createBucket({
      name,
      region: 'us-east-1',
      encryption: { algorithm: 'aws:kms', keyId: key.arn },
    });
    return name;
  }

  async function copyInParts(s3: S3, source: string, Bucket: string, sizeBytes: number, partBytes: number) {
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'copy' });
    const Parts: CompletedPart[] = [];
    for (let start = 0, PartNumber = 1; start < sizeBytes; start += partBytes, PartNumber += 1) {
      const end = Math.min(start + partBytes, sizeBytes) - 1;
      const { CopyPartResult } = await s3.uploadPartCopy({
        ...{ Bucket, Key: 'copy', UploadId, PartNumber },
        CopySource: `${source}/large`,
        CopySourceRange: `bytes=${start}-${end}`,
      });
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    const MultipartUpload = { Parts };
    return s3.completeMultipartUpload({ Bucket, Key: 'copy', UploadId, MultipartUpload });
  }

  test('a 7 GiB object and its three copies cost neither time nor memory', async () => {
    const s3 = aws().s3();
    const source = bucket();
    const put = aws().world.putObject(source, 'large', generated(7 * GIB, 1));
    const before = process.memoryUsage().rss;
    for (let copy = 0; copy < 3; copy += 1) {
      const Bucket = bucket();
      const { ChecksumCRC64NVME } = await copyInParts(s3, source, Bucket, 7 * GIB, 512 * 1024 ** 2);
      expect(ChecksumCRC64NVME).toBe(put.checksum?.value);
      const copied = latest(aws().world.bucket(Bucket), 'copy');
      expect(copied?.content.extents).toHaveLength(1);
      expect(copied && compareContent(copied.content, put.content)).toBe(true);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 ** 2);
  });

  test('CopyObject takes 5 GiB and not a byte more', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    aws().world.putObject(Bucket, 'fits', generated(5 * GIB));
    aws().world.putObject(Bucket, 'too-large', generated(5 * GIB + 1));
    const copy = (key: string) => s3.copyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/${key}` });
    expect(await codeOf(copy('fits'))).toBe('none');
    const failure = await failureOf(copy('too-large'));
    expect(failure?.name).toBe('InvalidRequest');
    expect(failure?.message).toBe(
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    );
  });

  test('a part takes 5 GiB and not a byte more', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    aws().world.putObject(Bucket, 'large', generated(6 * GIB));
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'copy' });
    const part = (CopySourceRange?: string) =>
      codeOf(
        s3.uploadPartCopy({
          ...{ Bucket, Key: 'copy', UploadId, PartNumber: 1, CopySource: `${Bucket}/large` },
          CopySourceRange,
        }),
      );
    expect(await part(`bytes=0-${5 * GIB - 1}`)).toBe('none');
    expect(await part(`bytes=0-${5 * GIB}`)).toBe('InvalidRequest');
    expect(await part()).toBe('InvalidRequest');
  });

  test('a range is copied out of a source of 5 MiB or less, although the API reference says otherwise', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    aws().world.putObject(Bucket, 'small', generated(1000));
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'copy' });
    const part = { Bucket, Key: 'copy', UploadId, PartNumber: 1, CopySource: `${Bucket}/small` };
    expect(await codeOf(s3.uploadPartCopy({ ...part, CopySourceRange: 'bytes=0-99' }))).toBe('none');
    const { Parts } = await s3.listParts({ Bucket, Key: 'copy', UploadId });
    expect(Parts).toMatchObject([{ PartNumber: 1, Size: 100 }]);
  });

  test('an object over 5 GiB is one of parts, whose number every part tells', async () => {
    const Bucket = bucket();
    const put = aws().world.putObject(Bucket, 'large', generated(6 * GIB), { partSizeBytes: GIB });
    const head = await aws().s3().headObject({ Bucket, Key: 'large', PartNumber: 1 });
    expect(head.PartsCount).toBe(6);
    expect(head.ContentLength).toBe(GIB);
    expect(put.etag).toMatch(/-6$/);
  });

  test('operations that are not there answer 501', async () => {
    const Bucket = bucket();
    const s3 = aws().s3();
    expect(await codeOf(s3.getBucketCors({ Bucket }))).toBe('NotImplemented');
    expect(await statusOf(s3.getObjectAcl({ Bucket, Key: 'k' }))).toBe(501);
    expect(await statusOf(s3.getObject({ Bucket, Key: 'k' }))).toBe(404);
  });
});
