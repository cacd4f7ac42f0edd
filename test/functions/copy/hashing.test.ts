// Checksums that the function calculates itself.
import { describe, expect, it } from 'vitest';
import { CHECKSUM_ALGORITHMS, isComputed } from '../../../functions/sync-artifacts/checksums.ts';
import { checksumOfBytes, md5OfBytes } from '../../../functions/sync-artifacts/copy/relay/hashing.ts';
import { checksumOf } from '../../../local/aws/content/checksum.ts';
import { fromBuffer } from '../../../local/aws/content/content.ts';

describe('a checksum of bytes', () => {
  it.each(CHECKSUM_ALGORITHMS.filter(isComputed))('by %s is the one that S3 has', async (algorithm) => {
    const bytes = Buffer.from('123456789');
    expect(await checksumOfBytes(algorithm, bytes)).toBe(checksumOf(fromBuffer(bytes), algorithm));
  });

  it('is the published check value', async () => {
    const bytes = Buffer.from('123456789');
    const hex = async (algorithm: 'CRC64NVME' | 'CRC32C' | 'CRC32') =>
      Buffer.from(await checksumOfBytes(algorithm, bytes), 'base64').toString('hex');
    expect(await hex('CRC64NVME')).toBe('ae8b14860a799888');
    expect(await hex('CRC32C')).toBe('e3069283');
    expect(await hex('CRC32')).toBe('cbf43926');
    expect(md5OfBytes(bytes)).toBe('25f9e794323b453885f5181f1b624d0b');
  });
});
