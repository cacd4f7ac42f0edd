// Multipart uploads: parts sent and parts copied, what the finished object is, and what S3 refuses.
import { randomBytes } from 'node:crypto';
import type { CompletedPart, S3 } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf } from './server/errors.ts';
import { useTarget } from './server/target.ts';

const PART_BYTES = 5 * 1024 ** 2;
const Key = 'dir/large object.bin';

describe('multipart upload', () => {
  const target = useTarget();

  async function begin(input: object = {}) {
    const { s3, Bucket } = await target().fresh();
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key, ...input });
    return { s3, Bucket, UploadId };
  }

  async function sendPart(upload: Awaited<ReturnType<typeof begin>>, PartNumber: number, Body: Uint8Array) {
    const { s3, Bucket, UploadId } = upload;
    const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber, Body });
    return { PartNumber, ETag } satisfies CompletedPart;
  }

  function complete(upload: Awaited<ReturnType<typeof begin>>, Parts: CompletedPart[], more: object = {}) {
    const { s3, Bucket, UploadId } = upload;
    const MultipartUpload = { Parts };
    return s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload, ...more });
  }

  async function read(s3: S3, Bucket: string, Range?: string): Promise<Buffer> {
    const { Body } = await s3.getObject({ Bucket, Key, Range });
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  }

  test('makes one object of its parts, with the properties it was started with', async () => {
    const upload = await begin({ ContentType: 'application/zip', Metadata: { a: '1' } });
    const { s3, Bucket } = upload;
    const bytes = randomBytes(2 * PART_BYTES + 17);
    const parts = [
      await sendPart(upload, 1, bytes.subarray(0, PART_BYTES)),
      await sendPart(upload, 2, bytes.subarray(PART_BYTES, 2 * PART_BYTES)),
      await sendPart(upload, 3, bytes.subarray(2 * PART_BYTES)),
    ];
    expect(await codeOf(s3.headObject({ Bucket, Key }))).toBe('NotFound');
    const { ETag } = await complete(upload, parts);
    expect(ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect((await read(s3, Bucket)).equals(bytes)).toBe(true);
    const across = `bytes=${PART_BYTES - 2}-${PART_BYTES + 1}`;
    expect(await read(s3, Bucket, across)).toEqual(bytes.subarray(PART_BYTES - 2, PART_BYTES + 2));
    expect(await s3.headObject({ Bucket, Key })).toMatchObject({
      ETag,
      ContentType: 'application/zip',
      Metadata: { a: '1' },
      ContentLength: bytes.length,
    });
  });

  test('keeps the tags it was started with', async (context) => {
    await needs(context, target(), 'tagging');
    const upload = await begin({ Tagging: 'a=b' });
    await complete(upload, [await sendPart(upload, 1, Buffer.from('x'))]);
    const { TagSet } = await upload.s3.getObjectTagging({ Bucket: upload.Bucket, Key });
    expect(TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  });

  test('copies parts out of ranges of another object', async (context) => {
    await needs(context, target(), 'partCopies');
    const upload = await begin();
    const { s3, Bucket, UploadId } = upload;
    const bytes = randomBytes(2 * PART_BYTES);
    const source = await s3.putObject({ Bucket, Key: 'source +', Body: bytes });
    const copyPart = async (PartNumber: number, CopySourceRange: string) => {
      const { CopyPartResult } = await s3.uploadPartCopy({
        Bucket,
        Key,
        UploadId,
        PartNumber,
        CopySource: `${Bucket}/${encodeURIComponent('source +')}`,
        CopySourceRange,
        CopySourceIfMatch: source.ETag,
      });
      return { PartNumber, ETag: CopyPartResult?.ETag };
    };
    const parts = [
      await copyPart(1, `bytes=${PART_BYTES}-${2 * PART_BYTES - 1}`),
      await copyPart(2, `bytes=0-${PART_BYTES - 1}`),
    ];
    await complete(upload, parts);
    const expected = Buffer.concat([bytes.subarray(PART_BYTES), bytes.subarray(0, PART_BYTES)]);
    expect((await read(s3, Bucket)).equals(expected)).toBe(true);
  });

  test('copies no part of a source that has changed', async (context) => {
    await needs(context, target(), 'partSourceConditions');
    const { s3, Bucket, UploadId } = await begin();
    await s3.putObject({ Bucket, Key: 'source', Body: 'x' });
    const copy = {
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceIfMatch: '"other"',
    };
    expect(await codeOf(s3.uploadPartCopy(copy))).toBe('PreconditionFailed');
  });

  test('refuses a range beyond the end of the source', async (context) => {
    await needs(context, target(), 'partCopies');
    const { s3, Bucket, UploadId } = await begin();
    await s3.putObject({ Bucket, Key: 'source', Body: randomBytes(PART_BYTES + 1) });
    const copy = {
      Bucket,
      Key,
      UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceRange: `bytes=0-${PART_BYTES + 1}`,
    };
    expect(await codeOf(s3.uploadPartCopy(copy))).toMatch(/^Invalid(Argument|Range|Request)$/);
  });

  test('refuses a part in the middle that is too small', async () => {
    const upload = await begin();
    const parts = [
      await sendPart(upload, 1, Buffer.from('too small')),
      await sendPart(upload, 2, Buffer.from('last')),
    ];
    expect(await codeOf(complete(upload, parts))).toBe('EntityTooSmall');
  });

  test('refuses parts that were not uploaded, and parts out of order', async () => {
    const upload = await begin();
    const first = await sendPart(upload, 1, randomBytes(PART_BYTES));
    const second = await sendPart(upload, 2, randomBytes(PART_BYTES));
    expect(await codeOf(complete(upload, [first, { ...second, ETag: first.ETag }]))).toBe('InvalidPart');
    expect(await codeOf(complete(upload, [first, { ...second, PartNumber: 3 }]))).toBe('InvalidPart');
    expect(await codeOf(complete(upload, [second, first]))).toBe('InvalidPartOrder');
    expect(await codeOf(complete(upload, [first, second]))).toBe('none');
  });

  test('refuses part numbers over 10 000', async () => {
    const upload = await begin();
    expect(await codeOf(sendPart(upload, 10_001, Buffer.from('x')))).toBe('InvalidArgument');
  });

  test('takes the later of two parts with one number, and leaves out what is not listed', async () => {
    const upload = await begin();
    await sendPart(upload, 1, Buffer.from('first try'));
    const again = await sendPart(upload, 1, Buffer.from('second try'));
    await sendPart(upload, 2, Buffer.from('not listed'));
    await complete(upload, [again]);
    expect(String(await read(upload.s3, upload.Bucket))).toBe('second try');
  });

  test('is listed until it is completed or aborted', async (context) => {
    await needs(context, target(), 'uploadListings');
    const upload = await begin();
    const { s3, Bucket, UploadId } = upload;
    const part = await sendPart(upload, 3, Buffer.from('abc'));
    const listed = await s3.listMultipartUploads({ Bucket, Prefix: 'dir/' });
    expect(listed.Uploads).toMatchObject([{ Key, UploadId }]);
    const { Parts } = await s3.listParts({ Bucket, Key, UploadId });
    expect(Parts).toMatchObject([{ ...part, Size: 3 }]);
    await s3.abortMultipartUpload({ Bucket, Key, UploadId });
    expect((await s3.listMultipartUploads({ Bucket })).Uploads ?? []).toEqual([]);
    expect(await codeOf(s3.listParts({ Bucket, Key, UploadId }))).toBe('NoSuchUpload');
    expect(await codeOf(sendPart(upload, 1, Buffer.from('x')))).toBe('NoSuchUpload');
  });

  test('lists its parts page by page', async (context) => {
    await needs(context, target(), 'uploadListings');
    const upload = await begin();
    const { s3, Bucket, UploadId } = upload;
    for (const PartNumber of [2, 3, 5]) {
      await sendPart(upload, PartNumber, Buffer.from('x'));
    }
    const first = await s3.listParts({ Bucket, Key, UploadId, MaxParts: 2 });
    expect(first.IsTruncated).toBe(true);
    expect(first.Parts?.map((part) => part.PartNumber)).toEqual([2, 3]);
    const PartNumberMarker = first.NextPartNumberMarker;
    const rest = await s3.listParts({ Bucket, Key, UploadId, MaxParts: 2, PartNumberMarker });
    expect(rest.IsTruncated ?? false).toBe(false);
    expect(rest.Parts?.map((part) => part.PartNumber)).toEqual([5]);
  });
});
