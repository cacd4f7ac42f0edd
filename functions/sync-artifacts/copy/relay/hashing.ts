// Checksums of bytes that pass through the function, as S3 writes them.
import { createHash } from 'node:crypto';
import { Crc32, Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import type { ComputedAlgorithm } from '../../checksums.ts';

/** The checksum of all bytes, base64. */
export async function checksumOfBytes(algorithm: ComputedAlgorithm, bytes: Uint8Array): Promise<string> {
  const hash = runningHash(algorithm);
  hash.update(bytes);
  return Buffer.from(await hash.digest()).toString('base64');
}

/** The MD5 of all bytes in hex, which servers without checksums give as ETag. */
export function md5OfBytes(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

/** A checksum that takes its bytes one by one. */
interface RunningHash {
  update(bytes: Uint8Array): void;
  digest(): Promise<Uint8Array> | Uint8Array;
}

/** Begins a checksum. */
export function runningHash(algorithm: ComputedAlgorithm): RunningHash {
  switch (algorithm) {
    case 'CRC64NVME':
      return new Crc64Nvme();
    case 'CRC32C':
      return new Crc32c();
    case 'CRC32':
      return new Crc32();
    case 'SHA1':
    case 'SHA256': {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}
