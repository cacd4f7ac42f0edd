// S3's checksums of contents and of parts: computed once per stretch of bytes, joined where the arithmetic allows it.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  createCRC32,
  createCRC64,
  createXXHash3,
  createXXHash64,
  createXXHash128,
  type IHasher,
} from 'hash-wasm';
import { type ByteSource, PATTERN_BYTES, patternSource } from './byte-source.ts';
import { type Content, chunks, type Extent, fromBuffer } from './content.ts';
import {
  CRC32,
  CRC32C,
  CRC32C_POLYNOMIAL,
  CRC64NVME,
  CRC64NVME_POLYNOMIAL,
  type Crc,
  combine,
  repeat,
} from './crc.ts';

/** How many bytes a digest has, for all checksum algorithms (S3 API, ChecksumAlgorithm). */
const DIGEST_BYTES = {
  ...{ CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32, SHA512: 64 },
  ...{ MD5: 16, XXHASH64: 8, XXHASH3: 8, XXHASH128: 16 },
} as const;

/** A checksum algorithm of S3. */
export type ChecksumAlgorithm = keyof typeof DIGEST_BYTES;
/** Of the whole object, or of the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** A checksum as S3 reports it: base64, and `-N` after a COMPOSITE one of N parts. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
  readonly value: string;
}

/** What S3 gives to objects that come without a checksum. */
export const DEFAULT_ALGORITHM: ChecksumAlgorithm = 'CRC64NVME';

/** All of them. */
export const ALGORITHMS = Object.keys(DIGEST_BYTES) as readonly ChecksumAlgorithm[];

/** A digest that takes bytes as they pass. */
export interface RunningDigest {
  update(bytes: Uint8Array): void;
  /** Once; that of a CRC may be asked for in between as well. */
  digest(): Buffer;
}

const CRCS: Partial<Record<ChecksumAlgorithm, Crc>> = { CRC32, CRC32C, CRC64NVME };

/** What neither node:crypto nor node:zlib has. The SDK's own CRCs (@aws-sdk/checksums) are slower; the tests compare with them. */
const WASM_HASHERS: Partial<Record<ChecksumAlgorithm, IHasher>> = {
  CRC32C: await createCRC32(CRC32C_POLYNOMIAL),
  CRC64NVME: await createCRC64(CRC64NVME_POLYNOMIAL.toString(16)),
  XXHASH64: await createXXHash64(),
  XXHASH3: await createXXHash3(),
  XXHASH128: await createXXHash128(),
};

/** A running digest of the given kind. */
export function runningDigest(name: ChecksumAlgorithm): RunningDigest {
  if (name === 'CRC32') return runningCrc32();
  const hasher = WASM_HASHERS[name];
  if (hasher !== undefined) return runningWasm(hasher);
  const hash = createHash(name.toLowerCase());
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

function runningCrc32(): RunningDigest {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => toBytes(BigInt(value), CRC32.widthBytes),
  };
}

/** One hasher serves all digests that are under way: each keeps its state itself. */
function runningWasm(hasher: IHasher): RunningDigest {
  let state = hasher.init().save();
  return {
    update: (bytes) => {
      state = hasher.load(state).update(bytes).save();
    },
    digest: () => Buffer.from(hasher.load(state).digest('binary')),
  };
}

/** The checksum of all bytes, base64; known stretches are not read again, generated ones hardly at all. */
export function checksumOf(content: Content, algorithm: ChecksumAlgorithm): string {
  return digestOf(content, algorithm).toString('base64');
}

/** The MD5 of all bytes in hex: the ETag of an object uploaded in one piece. */
export function md5Of(content: Content): string {
  return digestOf(content, 'MD5').toString('hex');
}

/** Keeps a digest that was computed while the bytes passed by. */
export function rememberDigest(content: Content, name: ChecksumAlgorithm, digest: Buffer): void {
  const [extent, ...others] = content.extents;
  if (extent !== undefined && others.length === 0) remember(extent, name, digest);
}

/** The COMPOSITE checksum of parts: the checksum of their checksums, and their number. */
export function compositeOf(values: readonly string[], algorithm: ChecksumAlgorithm): string {
  const digests = values.map((value) => Buffer.from(value, 'base64'));
  return `${checksumOf(fromBuffer(Buffer.concat(digests)), algorithm)}-${values.length}`;
}

/** How many bytes a digest of this algorithm has. */
export function digestBytes(algorithm: ChecksumAlgorithm): number {
  return DIGEST_BYTES[algorithm];
}

/** The types S3 allows for a multipart upload, its default first (S3 user guide, checking object integrity). */
export function multipartTypes(algorithm: ChecksumAlgorithm): readonly ChecksumType[] {
  if (algorithm === 'CRC64NVME') return ['FULL_OBJECT'];
  return CRCS[algorithm] === undefined ? ['COMPOSITE'] : ['COMPOSITE', 'FULL_OBJECT'];
}

/** Bounds the memory of remembered digests per source; they are cheap to compute again one by one. */
const MAX_REMEMBERED = 50_000;
const remembered = new WeakMap<ByteSource, Map<string, Buffer>>();

function remember(extent: Extent, name: ChecksumAlgorithm, digest: Buffer): void {
  let digests = remembered.get(extent.source);
  if (digests === undefined || digests.size >= MAX_REMEMBERED) {
    digests = new Map();
    remembered.set(extent.source, digests);
  }
  digests.set(`${name}:${extent.offset}:${extent.sizeBytes}`, digest);
}

function recall(extent: Extent, name: ChecksumAlgorithm): Buffer | undefined {
  return remembered.get(extent.source)?.get(`${name}:${extent.offset}:${extent.sizeBytes}`);
}

function digestOf(content: Content, name: ChecksumAlgorithm): Buffer {
  const crc = CRCS[name];
  const [only, ...others] = content.extents;
  if (crc !== undefined && (only === undefined || others.length > 0)) {
    const value = content.extents.reduce(
      (sum, extent) => combine(crc, sum, crcOf(extent, name, crc), extent.sizeBytes),
      0n,
    );
    return toBytes(value, crc.widthBytes);
  }
  const known = only && others.length === 0 ? recall(only, name) : undefined;
  if (known !== undefined) return known;
  if (crc !== undefined && only !== undefined) {
    return toBytes(crcOf(only, name, crc), crc.widthBytes);
  }
  const digest = digestOfChunks(chunks(content), name);
  rememberDigest(content, name, digest);
  return digest;
}

function digestOfChunks(bytes: Iterable<Uint8Array>, name: ChecksumAlgorithm): Buffer {
  const running = runningDigest(name);
  for (const chunk of bytes) running.update(chunk);
  return running.digest();
}

function crcOf(extent: Extent, name: ChecksumAlgorithm, crc: Crc): bigint {
  const known = recall(extent, name);
  if (known !== undefined) return fromBytes(known);
  const value =
    extent.source === patternSource
      ? patternCrc(name, crc, extent.offset, extent.sizeBytes)
      : fromBytes(digestOfChunks(chunks({ sizeBytes: extent.sizeBytes, extents: [extent] }), name));
  remember(extent, name, toBytes(value, crc.widthBytes));
  return value;
}

/** Distance of the known prefix CRCs of the pattern: what has to be read at each end of a range. */
const PREFIX_STEP_BYTES = 4096;
const prefixes = new Map<ChecksumAlgorithm, bigint[]>();

/** The CRC of a range of the endless pattern: rest of its first period, whole periods, start of its last one. */
function patternCrc(name: ChecksumAlgorithm, crc: Crc, offset: number, sizeBytes: number): bigint {
  const start = offset % PATTERN_BYTES;
  const end = start + sizeBytes;
  const prefix = (bytes: number): bigint => prefixCrc(name, crc, bytes);
  // The CRC of [0, end) is known from prefixes; taking [0, start) off its front leaves the range.
  const periods = repeat(crc, prefix(PATTERN_BYTES), PATTERN_BYTES, Math.floor(end / PATTERN_BYTES));
  const rest = end % PATTERN_BYTES;
  const whole = combine(crc, periods, prefix(rest), rest);
  return whole ^ crc.shift(prefix(start), sizeBytes);
}

function prefixCrc(name: ChecksumAlgorithm, crc: Crc, sizeBytes: number): bigint {
  let known = prefixes.get(name);
  if (known === undefined) {
    known = [0n];
    const running = runningDigest(name);
    for (let offset = 0; offset + PREFIX_STEP_BYTES <= PATTERN_BYTES; offset += PREFIX_STEP_BYTES) {
      running.update(patternSource.read(offset, PREFIX_STEP_BYTES));
      known.push(fromBytes(running.digest()));
    }
    prefixes.set(name, known);
  }
  const index = Math.floor(sizeBytes / PREFIX_STEP_BYTES);
  const restBytes = sizeBytes - index * PREFIX_STEP_BYTES;
  const start = known[index] ?? 0n;
  if (restBytes === 0) return start;
  const rest = digestOfChunks([patternSource.read(index * PREFIX_STEP_BYTES, restBytes)], name);
  return combine(crc, start, fromBytes(rest), restBytes);
}

function toBytes(value: bigint, widthBytes: number): Buffer {
  return Buffer.from(value.toString(16).padStart(widthBytes * 2, '0'), 'hex');
}

function fromBytes(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}
