// Checksums: all algorithms, whole-object and composite, on objects, parts and copies.
import { randomBytes } from 'node:crypto';
import type { ChecksumAlgorithm, CompletedPart } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { beforeEach, describe, expect, test } from 'vitest';
import { checksumOf, compositeOf } from '../../local/aws/content/checksum.ts';
import { fromBuffer } from '../../local/aws/content/content.ts';
import { needs } from './server/capabilities.ts';
import { codeOf, failureOf } from './server/errors.ts';
import { useTarget } from './server/target.ts';

const PART_BYTES = 5 * 1024 ** 2;
const ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/** Those of 2026, which fewer servers have. */
const NEW_ALGORITHMS = ['SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128'] as const;

/** Bytes whose checksums are known from elsewhere: the CRC catalogues' check values, those of sha1sum and its like, of xxhsum. */
const CHECK = '123456789';
const CHECK_VALUES: Record<Algorithm | (typeof NEW_ALGORITHMS)[number], string> = {
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
  SHA1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  SHA256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  SHA512:
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
  MD5: '25f9e794323b453885f5181f1b624d0b',
  XXHASH64: '8cb841db40e6ae83',
  XXHASH3: '72dcb18b67a17dff',
  XXHASH128: '33119477ede5dcd5e9716427681d5860',
};

describe('checksums', () => {
  const target = useTarget();

  beforeEach(async (context) => needs(context, target(), 'checksums'));

  const hexToBase64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');

  test.for(ALGORITHMS)('of an uploaded object are kept: %s', async (ChecksumAlgorithm) => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: CHECK, ChecksumAlgorithm });
    const head = await s3.headObject({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' });
    expect(head[`Checksum${ChecksumAlgorithm}`]).toBe(hexToBase64(CHECK_VALUES[ChecksumAlgorithm]));
    expect(head.ChecksumType).toBe('FULL_OBJECT');
  });

  test.for(NEW_ALGORITHMS)('of an uploaded object are kept and checked: %s', async (algorithm, context) => {
    await needs(context, target(), 'newChecksums');
    const { s3, Bucket } = await target().fresh();
    const value = hexToBase64(CHECK_VALUES[algorithm]);
    const put = (checksum: string) =>
      s3.putObject({ Bucket, Key: 'k', Body: CHECK, [`Checksum${algorithm}`]: checksum });

    const wrong = codeOf(put(checksumOf(fromBuffer('other bytes'), algorithm)));
    expect(await wrong).toBe('BadDigest');
    expect((await put(value))[`Checksum${algorithm}`]).toBe(value);
    const head = await s3.headObject({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' });
    expect(head[`Checksum${algorithm}`]).toBe(value);
  });

  test('are returned only when asked for', async () => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: CHECK });
    const head = await s3.headObject({ Bucket, Key: 'k' });
    expect(head.ChecksumCRC32).toBeUndefined();
    expect(head.ChecksumType).toBeUndefined();
  });

  test.for(ALGORITHMS)('that are wrong make the upload fail: %s', async (algorithm) => {
    const { s3, Bucket } = await target().fresh();
    const wrong = { [`Checksum${algorithm}`]: checksumOf(fromBuffer('other bytes'), algorithm) };
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: CHECK, ...wrong }))).toBe('BadDigest');
    expect(await codeOf(s3.headObject({ Bucket, Key: 'k' }))).toBe('NotFound');
  });

  test('that are wrong in a Content-MD5 make the upload fail', async () => {
    const { s3, Bucket } = await target().fresh();
    const ContentMD5 = Buffer.alloc(16).toString('base64');
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: CHECK, ContentMD5 }))).toBe('BadDigest');
  });

  async function multipart(
    algorithm: ChecksumAlgorithm | undefined,
    type: 'FULL_OBJECT' | 'COMPOSITE' | undefined,
  ) {
    const { s3, Bucket } = await target().fresh();
    const Key = 'k';
    const created = await s3.createMultipartUpload({
      Bucket,
      Key,
      ChecksumAlgorithm: algorithm,
      ChecksumType: type,
    });
    const { UploadId } = created;
    const bytes = randomBytes(2 * PART_BYTES + 11);
    const pieces = [
      bytes.subarray(0, PART_BYTES),
      bytes.subarray(PART_BYTES, 2 * PART_BYTES),
      bytes.subarray(2 * PART_BYTES),
    ];
    const Parts: CompletedPart[] = [];
    for (const [index, Body] of pieces.entries()) {
      const PartNumber = index + 1;
      const sent = await s3.uploadPart({
        Bucket,
        Key,
        UploadId,
        PartNumber,
        Body,
        ChecksumAlgorithm: algorithm,
      });
      const { ETag, ChecksumCRC32, ChecksumCRC32C, ChecksumCRC64NVME, ChecksumSHA1, ChecksumSHA256 } = sent;
      Parts.push({
        PartNumber,
        ETag,
        ChecksumCRC32,
        ChecksumCRC32C,
        ChecksumCRC64NVME,
        ChecksumSHA1,
        ChecksumSHA256,
      });
    }
    const complete = (parts: CompletedPart[], more: object = {}) =>
      s3.completeMultipartUpload({
        Bucket,
        Key,
        UploadId,
        MultipartUpload: { Parts: parts },
        ...more,
      });
    const head = () => s3.headObject({ Bucket, Key, ChecksumMode: 'ENABLED' });
    return { s3, Bucket, Key, bytes, pieces, Parts, created, complete, head };
  }

  test.for(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    'of the whole object are derived from its parts: %s',
    async (algorithm) => {
      const { bytes, Parts, complete, head } = await multipart(algorithm, 'FULL_OBJECT');
      await complete(Parts);
      const { ChecksumType, ...checksums } = await head();
      expect(ChecksumType).toBe('FULL_OBJECT');
      expect(checksums[`Checksum${algorithm}`]).toBe(checksumOf(fromBuffer(bytes), algorithm));
    },
  );

  test.for(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
    'can be those of the parts, combined: %s',
    async (algorithm) => {
      const { pieces, Parts, complete, head, s3, Bucket, Key } = await multipart(algorithm, 'COMPOSITE');
      const partChecksums = pieces.map((piece) => checksumOf(fromBuffer(piece), algorithm));
      await complete(Parts);
      const { ChecksumType, ...checksums } = await head();
      expect(ChecksumType).toBe('COMPOSITE');
      expect(checksums[`Checksum${algorithm}`]).toBe(compositeOf(partChecksums, algorithm));
      const second = await s3.headObject({ Bucket, Key, PartNumber: 2, ChecksumMode: 'ENABLED' });
      expect(second.PartsCount).toBe(3);
      expect(second.ContentLength).toBe(PART_BYTES);
    },
  );

  test('that are composite are listed part by part in the attributes', async (context) => {
    await needs(context, target(), 'attributes');
    const { pieces, Parts, complete, s3, Bucket, Key } = await multipart('SHA256', 'COMPOSITE');
    await complete(Parts);
    const { ObjectParts, Checksum } = await s3.getObjectAttributes({
      Bucket,
      Key,
      ObjectAttributes: ['ObjectParts', 'Checksum'],
    });
    const values = pieces.map((piece) => checksumOf(fromBuffer(piece), 'SHA256'));
    expect(Checksum?.ChecksumSHA256).toBe(compositeOf(values, 'SHA256').replace('-3', ''));
    expect(ObjectParts?.TotalPartsCount).toBe(3);
    expect(ObjectParts?.Parts?.map((part) => [part.PartNumber, part.Size, part.ChecksumSHA256])).toEqual(
      pieces.map((piece, index) => [index + 1, piece.length, checksumOf(fromBuffer(piece), 'SHA256')]),
    );
  });

  test('of the whole object leave the parts unlisted in the attributes', async (context) => {
    await needs(context, target(), 'attributes', 'strictness');
    const { Parts, complete, s3, Bucket, Key } = await multipart('CRC32', 'FULL_OBJECT');
    await complete(Parts);
    const { ObjectParts } = await s3.getObjectAttributes({ Bucket, Key, ObjectAttributes: ['ObjectParts'] });
    expect(ObjectParts).toEqual({ TotalPartsCount: 3 });
  });

  test('that are composite have to be repeated for every part on completion', async () => {
    const { Parts, complete } = await multipart('SHA256', 'COMPOSITE');
    const bare = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    const failure = await failureOf(complete(bare));
    expect(failure?.name).toBe('InvalidRequest');
    expect(failure?.message).toContain('The complete request must include the checksum for each part');
  });

  test('are CRC64NVME of the whole object where nobody asked for any', async () => {
    const { bytes, Parts, complete, head } = await multipart(undefined, undefined);
    await complete(Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag })));
    const { ChecksumCRC64NVME, ChecksumType } = await head();
    expect(ChecksumType).toBe('FULL_OBJECT');
    expect(ChecksumCRC64NVME).toBe(checksumOf(fromBuffer(bytes), 'CRC64NVME'));
  });

  test('of the whole object that are wrong make the completion fail', async () => {
    const { Parts, complete, head } = await multipart('CRC64NVME', 'FULL_OBJECT');
    const ChecksumCRC64NVME = Buffer.alloc(8).toString('base64');
    expect(await codeOf(complete(Parts, { ChecksumCRC64NVME, ChecksumType: 'FULL_OBJECT' }))).toBe(
      'BadDigest',
    );
    expect(await codeOf(head())).toBe('NotFound');
  });

  test('are returned for copied parts', async () => {
    const { s3, Bucket } = await target().fresh();
    const Body = randomBytes(PART_BYTES + 9);
    await s3.putObject({ Bucket, Key: 'source', Body });
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'k', ChecksumAlgorithm: 'SHA256' });
    const { CopyPartResult } = await s3.uploadPartCopy({
      Bucket,
      Key: 'k',
      UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/source`,
      CopySourceRange: 'bytes=4-8',
    });
    expect(CopyPartResult?.ChecksumSHA256).toBe(checksumOf(fromBuffer(Body.subarray(4, 9)), 'SHA256'));
  });

  test('travel as trailers of streamed uploads', async () => {
    const { s3, Bucket } = await target().fresh();
    const bytes = randomBytes(PART_BYTES + 100_000);
    await new Upload({
      client: s3,
      params: { Bucket, Key: 'k', Body: ReadableStream.from([bytes]), ChecksumAlgorithm: 'CRC64NVME' },
      partSize: PART_BYTES,
    }).done();
    const head = await s3.headObject({ Bucket, Key: 'k', ChecksumMode: 'ENABLED' });
    expect(head.ChecksumCRC64NVME).toBe(checksumOf(fromBuffer(bytes), 'CRC64NVME'));
  });

  test('cannot be of a type that the algorithm does not have', async () => {
    const { s3, Bucket } = await target().fresh();
    const create = (ChecksumAlgorithm: ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' | 'COMPOSITE') =>
      codeOf(s3.createMultipartUpload({ Bucket, Key: 'k', ChecksumAlgorithm, ChecksumType }));
    expect(await create('SHA256', 'FULL_OBJECT')).toBe('InvalidRequest');
    expect(await create('CRC64NVME', 'COMPOSITE')).toBe('InvalidRequest');
  });
});
