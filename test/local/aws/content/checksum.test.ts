// Checksums: fast ways must give what the plain ways give.
import { createHash } from 'node:crypto';
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PATTERN_BYTES } from '../../../../local/aws/content/byte-source.ts';
import { checksumOf, compositeOf, md5Of, multipartTypes } from '../../../../local/aws/content/checksum.ts';
import { concat, fromBuffer, generated, slice, toBuffer } from '../../../../local/aws/content/content.ts';

const SDK_CRCS = { CRC32: Crc32, CRC32C: Crc32c, CRC64NVME: Crc64Nvme };
const CRC_NAMES = ['CRC32', 'CRC32C', 'CRC64NVME'] as const;

async function bySdk(name: keyof typeof SDK_CRCS, bytes: Uint8Array): Promise<string> {
  const crc = new SDK_CRCS[name]();
  crc.update(bytes);
  return Buffer.from(await crc.digest()).toString('base64');
}

describe('checksums', () => {
  test.for(CRC_NAMES)("agree with the SDK's, whatever the bytes: %s", async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect(checksumOf(fromBuffer(bytes), name)).toBe(await bySdk(name, bytes));
      }),
    );
  });

  test.for(CRC_NAMES)('of parts join to that of the whole: %s', async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }), async (parts) => {
        const joined = concat(parts.map((part) => fromBuffer(part)));
        expect(checksumOf(joined, name)).toBe(await bySdk(name, Buffer.concat(parts)));
      }),
    );
  });

  test.for(CRC_NAMES)('of any range of generated content are those of its bytes: %s', async (name) => {
    const whole = generated(3 * PATTERN_BYTES, 11);
    const ranges = [
      [0, whole.sizeBytes],
      [1, PATTERN_BYTES],
      [PATTERN_BYTES - 5, PATTERN_BYTES + 5],
      [4096, 8192],
      [123_456, 2 * PATTERN_BYTES + 7],
      [77, 77],
    ] as const;
    for (const [start, end] of ranges) {
      const range = slice(whole, start, end);
      expect(checksumOf(range, name), `${start} to ${end}`).toBe(await bySdk(name, toBuffer(range)));
    }
  });

  test('of a terabyte of generated content are there at once', () => {
    const content = generated(1024 ** 4, 1);
    const start = performance.now();
    for (const name of CRC_NAMES) {
      checksumOf(content, name);
    }
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('are the usual hashes otherwise', () => {
    const content = generated(100_000, 1);
    const bytes = toBuffer(content);
    expect(checksumOf(content, 'SHA1')).toBe(createHash('sha1').update(bytes).digest('base64'));
    expect(checksumOf(content, 'SHA256')).toBe(createHash('sha256').update(bytes).digest('base64'));
    expect(md5Of(content)).toBe(createHash('md5').update(bytes).digest('hex'));
  });

  test('of composite objects are the checksum of the checksums', () => {
    const values = ['a', 'b'].map((text) => checksumOf(fromBuffer(text), 'SHA256'));
    const inner = Buffer.concat(values.map((value) => Buffer.from(value, 'base64')));
    expect(compositeOf(values, 'SHA256')).toBe(`${createHash('sha256').update(inner).digest('base64')}-2`);
  });

  test('have the types that S3 documents', () => {
    expect(multipartTypes('CRC64NVME')).toEqual(['FULL_OBJECT']);
    expect(multipartTypes('CRC32')).toEqual(['COMPOSITE', 'FULL_OBJECT']);
    expect(multipartTypes('SHA256')).toEqual(['COMPOSITE']);
  });
});
