// CRC-32, CRC-32C and CRC-64/NVME, with the arithmetic that joins the CRCs of neighbours without reading them again.
import { crc32 } from 'node:zlib';

/** A reflected CRC whose register starts as all ones and is inverted at the end, as all of S3's are. */
export interface Crc {
  readonly widthBytes: 4 | 8;
  /** The CRC of what `crc` covers, followed by `bytes`; 0n covers nothing. */
  extend(crc: bigint, bytes: Uint8Array): bigint;
  /** What `crc` adds to the CRC of a longer stretch when `sizeBytes` more bytes follow: crc(AB) = shift(crc(A), |B|) ^ crc(B). */
  shift(crc: bigint, sizeBytes: number): bigint;
}

// The SDK's own classes (@aws-sdk/checksums) digest asynchronously only and take CRC-32C byte by byte; the tests compare with them.
/** CRC-32, with the polynomial of zlib. */
export const CRC32: Crc = {
  widthBytes: 4,
  extend: (crc, bytes) => BigInt(crc32(bytes, Number(crc))),
  shift: shifter(32, 0xedb88320n),
};

/** CRC-32C (Castagnoli). */
export const CRC32C: Crc = {
  widthBytes: 4,
  extend: sliced(0x82f63b78n, 32),
  shift: shifter(32, 0x82f63b78n),
};

/** CRC-64/NVME. */
export const CRC64NVME: Crc = {
  widthBytes: 8,
  extend: sliced(0x9a6c9329ac4bc9b5n, 64),
  shift: shifter(64, 0x9a6c9329ac4bc9b5n),
};

/** The CRC of two neighbouring stretches. */
export function combine(crc: Crc, first: bigint, second: bigint, secondSizeBytes: number): bigint {
  return crc.shift(first, secondSizeBytes) ^ second;
}

/** The CRC of a stretch repeated `times` times, in O(log times). */
export function repeat(crc: Crc, once: bigint, sizeBytes: number, times: number): bigint {
  if (times === 0) {
    return 0n;
  }
  const half = repeat(crc, once, sizeBytes, Math.floor(times / 2));
  const even = combine(crc, half, half, sizeBytes * Math.floor(times / 2));
  return times % 2 === 0 ? even : combine(crc, even, once, sizeBytes);
}

/** Multiplication by x^(8 n) modulo the polynomial; the factors are kept, as sizes of parts recur. */
function shifter(width: 32 | 64, polynomial: bigint): Crc['shift'] {
  const one = 1n << BigInt(width - 1);
  const multiply = (a: bigint, b: bigint): bigint => {
    let product = 0n;
    let factor = b;
    for (let mask = one; mask !== 0n; mask >>= 1n) {
      if ((a & mask) !== 0n) {
        product ^= factor;
      }
      factor = (factor & 1n) === 0n ? factor >> 1n : (factor >> 1n) ^ polynomial;
    }
    return product;
  };
  const squares = [one >> 8n]; // x^8: one byte; each following entry is the square of the one before
  const factors = new Map<number, bigint>();
  const factorOf = (sizeBytes: number): bigint => {
    let factor = one;
    for (let index = 0, rest = sizeBytes; rest > 0; index += 1, rest = Math.floor(rest / 2)) {
      const previous = squares[index - 1];
      const square = squares[index] ?? (previous === undefined ? one : multiply(previous, previous));
      squares[index] = square;
      if (rest % 2 === 1) {
        factor = multiply(factor, square);
      }
    }
    return factor;
  };
  return (crc, sizeBytes) => {
    let factor = factors.get(sizeBytes);
    if (factor === undefined) {
      factor = factorOf(sizeBytes);
      factors.set(sizeBytes, factor);
    }
    return multiply(factor, crc);
  };
}

/** Table-driven, eight bytes at a step; a 32-bit CRC is the low half of the same computation. */
function sliced(polynomial: bigint, width: 32 | 64): Crc['extend'] {
  let tables: { high: Uint32Array; low: Uint32Array } | undefined;
  return (crc, bytes) => {
    tables ??= buildTables(polynomial);
    const { high, low } = tables;
    let c1 = width === 64 ? Number(crc >> 32n) ^ -1 : 0;
    let c0 = Number(crc & 0xffffffffn) ^ -1;
    let i = 0;
    for (const end = bytes.length - 7; i < end; i += 8) {
      const x0 =
        c0 ^
        ((bytes[i] ?? 0) |
          ((bytes[i + 1] ?? 0) << 8) |
          ((bytes[i + 2] ?? 0) << 16) |
          ((bytes[i + 3] ?? 0) << 24));
      const x1 =
        c1 ^
        ((bytes[i + 4] ?? 0) |
          ((bytes[i + 5] ?? 0) << 8) |
          ((bytes[i + 6] ?? 0) << 16) |
          ((bytes[i + 7] ?? 0) << 24));
      const t7 = 1792 + (x0 & 255);
      const t6 = 1536 + ((x0 >>> 8) & 255);
      const t5 = 1280 + ((x0 >>> 16) & 255);
      const t4 = 1024 + (x0 >>> 24);
      const t3 = 768 + (x1 & 255);
      const t2 = 512 + ((x1 >>> 8) & 255);
      const t1 = 256 + ((x1 >>> 16) & 255);
      const t0 = x1 >>> 24;
      c0 =
        (low[t7] ?? 0) ^
        (low[t6] ?? 0) ^
        (low[t5] ?? 0) ^
        (low[t4] ?? 0) ^
        (low[t3] ?? 0) ^
        (low[t2] ?? 0) ^
        (low[t1] ?? 0) ^
        (low[t0] ?? 0);
      if (width === 64) {
        c1 =
          (high[t7] ?? 0) ^
          (high[t6] ?? 0) ^
          (high[t5] ?? 0) ^
          (high[t4] ?? 0) ^
          (high[t3] ?? 0) ^
          (high[t2] ?? 0) ^
          (high[t1] ?? 0) ^
          (high[t0] ?? 0);
      }
    }
    for (; i < bytes.length; i += 1) {
      const index = (c0 ^ (bytes[i] ?? 0)) & 255;
      c0 = ((c0 >>> 8) | (c1 << 24)) ^ (low[index] ?? 0);
      c1 = (c1 >>> 8) ^ (width === 64 ? (high[index] ?? 0) : 0);
    }
    const lowHalf = BigInt((c0 ^ -1) >>> 0);
    return width === 64 ? (BigInt((c1 ^ -1) >>> 0) << 32n) | lowHalf : lowHalf;
  };
}

/** Entry 256 k + b: the CRC register after byte b and k zero bytes, as two halves. */
function buildTables(polynomial: bigint): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(8 * 256);
  const low = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = BigInt(byte);
    for (let k = 0; k < 8; k += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        crc = (crc & 1n) === 0n ? crc >> 1n : (crc >> 1n) ^ polynomial;
      }
      high[256 * k + byte] = Number(crc >> 32n);
      low[256 * k + byte] = Number(crc & 0xffffffffn);
    }
  }
  return { high, low };
}
