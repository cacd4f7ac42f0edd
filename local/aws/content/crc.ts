// The arithmetic of CRC-32, CRC-32C and CRC-64/NVME that joins the CRCs of neighbours without reading them again.

/** A reflected CRC whose register starts as all ones and is inverted at the end, as all of S3's are. */
export interface Crc {
  readonly widthBytes: 4 | 8;
  /** What `crc` adds to the CRC of a longer stretch when `sizeBytes` more bytes follow: crc(AB) = shift(crc(A), |B|) ^ crc(B). */
  shift(crc: bigint, sizeBytes: number): bigint;
}

/** The polynomial of CRC-32C (Castagnoli), reflected. */
export const CRC32C_POLYNOMIAL = 0x82f63b78;
/** The polynomial of CRC-64/NVME, reflected. */
export const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

/** CRC-32, with the polynomial of zlib. */
export const CRC32: Crc = { widthBytes: 4, shift: shifter(32, 0xedb88320n) };
/** CRC-32C. */
export const CRC32C: Crc = { widthBytes: 4, shift: shifter(32, BigInt(CRC32C_POLYNOMIAL)) };
/** CRC-64/NVME. */
export const CRC64NVME: Crc = { widthBytes: 8, shift: shifter(64, CRC64NVME_POLYNOMIAL) };

/** The CRC of two neighbouring stretches. */
export function combine(crc: Crc, first: bigint, second: bigint, secondSizeBytes: number): bigint {
  return crc.shift(first, secondSizeBytes) ^ second;
}

/** The CRC of a stretch repeated `times` times, in O(log times). */
export function repeat(crc: Crc, once: bigint, sizeBytes: number, times: number): bigint {
  if (times === 0) return 0n;
  const half = repeat(crc, once, sizeBytes, Math.floor(times / 2));
  const even = combine(crc, half, half, sizeBytes * Math.floor(times / 2));
  return times % 2 === 0 ? even : combine(crc, even, once, sizeBytes);
}

/** Multiplication by x^(8 n) modulo the polynomial; the factors are kept, as sizes of parts recur. */
function shifter(width: 32 | 64, polynomial: bigint): Crc['shift'] {
  const one = 1n << BigInt(width - 1);
  const [polynomialHigh, polynomialLow] = words(polynomial);
  // In words of 32 bits: a bigint for every bit would be most of the cost of a copy in thousands of parts.
  const multiply = (a: bigint, b: bigint): bigint => {
    const [aHigh, aLow] = words(a);
    let [high, low] = words(b);
    let productHigh = 0;
    let productLow = 0;
    for (let bit = width - 1; bit >= 0; bit -= 1) {
      const isSet = -(((bit < 32 ? aLow : aHigh) >>> (bit % 32)) & 1);
      productHigh ^= high & isSet;
      productLow ^= low & isSet;
      const carry = -(low & 1);
      low = ((low >>> 1) | (high << 31)) ^ (polynomialLow & carry);
      high = (high >>> 1) ^ (polynomialHigh & carry);
    }
    return (BigInt(productHigh >>> 0) << 32n) | BigInt(productLow >>> 0);
  };
  const squares = [one >> 8n]; // x^8: one byte; each following entry is the square of the one before
  const factors = new Map<number, bigint>();
  const factorOf = (sizeBytes: number): bigint => {
    let factor = one;
    for (let index = 0, rest = sizeBytes; rest > 0; index += 1, rest = Math.floor(rest / 2)) {
      const previous = squares[index - 1];
      const square = squares[index] ?? (previous === undefined ? one : multiply(previous, previous));
      squares[index] = square;
      if (rest % 2 === 1) factor = multiply(factor, square);
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

/** The upper and the lower 32 bits. */
function words(value: bigint): [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
}
