// The checksum algorithms of S3, and what can be done with each.
import type { ChecksumAlgorithm } from '@aws-sdk/client-s3';

interface ChecksumTraits {
  /** Length of a value, before base64. */
  readonly bytes: number;
  /** S3 derives the whole object's checksum from those of its parts (S3 user guide, checking object integrity: CRCs only). */
  readonly wholeFromParts: boolean;
  /** The function computes it, as the SDK does; with others a relay cannot say which bytes it wrote. */
  readonly computed: boolean;
}

/** Every algorithm of the SDK's model, the ones to compare by first; one that is missing here does not compile. */
export const CHECKSUMS = {
  CRC64NVME: { bytes: 8, wholeFromParts: true, computed: true },
  CRC32C: { bytes: 4, wholeFromParts: true, computed: true },
  CRC32: { bytes: 4, wholeFromParts: true, computed: true },
  SHA256: { bytes: 32, wholeFromParts: false, computed: true },
  SHA1: { bytes: 20, wholeFromParts: false, computed: true },
  SHA512: { bytes: 64, wholeFromParts: false, computed: false },
  MD5: { bytes: 16, wholeFromParts: false, computed: false },
  XXHASH128: { bytes: 16, wholeFromParts: false, computed: false },
  XXHASH64: { bytes: 8, wholeFromParts: false, computed: false },
  XXHASH3: { bytes: 8, wholeFromParts: false, computed: false },
} as const satisfies Record<ChecksumAlgorithm, ChecksumTraits>;

/** A checksum algorithm of S3. */
export type ChecksumAlgorithmName = keyof typeof CHECKSUMS;

/** A checksum algorithm that the function computes. */
export type ComputedAlgorithm = {
  [Name in ChecksumAlgorithmName]: (typeof CHECKSUMS)[Name]['computed'] extends true ? Name : never;
}[ChecksumAlgorithmName];

/** All of them, the ones to compare by first. */
export const CHECKSUM_ALGORITHMS = Object.keys(CHECKSUMS) as readonly ChecksumAlgorithmName[];

/** What S3 gives to objects that come without a checksum, and the function to what has none that could be compared. */
export const DEFAULT_CHECKSUM = 'CRC64NVME';

/** Does the function compute checksums by this algorithm? */
export function isComputed(algorithm: ChecksumAlgorithmName): algorithm is ComputedAlgorithm {
  return CHECKSUMS[algorithm].computed;
}
