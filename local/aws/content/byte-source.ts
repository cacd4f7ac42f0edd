// Immutable sources of bytes that extents point into: memory, files, and an endless pseudo-random pattern.
import { createCipheriv } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that never change once they can be read. Reads are synchronous: memory, or a file in the page cache. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Bytes from `offset`: at least one, at most `maxBytes`; fewer than asked where the source is contiguous no further. */
  read(offset: number, maxBytes: number): Buffer;
  /** Set for a source that repeats itself with this period: ranges that start a period apart are equal. */
  readonly periodBytes?: number;
}

/** A prime, so that no two offsets that are multiples of a common unit (1 MiB, 8 MiB, …) show the same bytes. */
export const PATTERN_BYTES = 8_388_593;

let pattern: Buffer | undefined;

function sharedPattern(): Buffer {
  // AES-CTR over zeros: fast, incompressible, and the same on every machine.
  pattern ??= createCipheriv('aes-128-ctr', Buffer.alloc(16, 0x5a), Buffer.alloc(16)).update(
    Buffer.alloc(PATTERN_BYTES),
  );
  return pattern;
}

/** The one endless pattern that all generated content is cut out of. */
export const patternSource: ByteSource = {
  sizeBytes: Number.MAX_SAFE_INTEGER,
  periodBytes: PATTERN_BYTES,
  read(offset, maxBytes) {
    const start = offset % PATTERN_BYTES;
    return sharedPattern().subarray(start, Math.min(PATTERN_BYTES, start + maxBytes));
  },
};

/** A source over buffers, one after the other, that the caller promises not to change any more. */
export function bufferSource(pieces: readonly Buffer[]): ByteSource {
  let sizeBytes = 0;
  const placed = pieces.map((bytes) => {
    const start = sizeBytes;
    sizeBytes += bytes.length;
    return { start, bytes };
  });
  return {
    sizeBytes,
    read(offset, maxBytes) {
      const piece = placed.findLast(({ start }) => start <= offset);
      if (piece === undefined) throw new RangeError(`there is no byte ${offset} of ${sizeBytes}`);
      const from = offset - piece.start;
      return piece.bytes.subarray(from, from + maxBytes);
    },
  };
}

const openFiles = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** A source over an open file; the descriptor is closed when nothing refers to the source any more. */
export function descriptorSource(descriptor: number, sizeBytes: number): ByteSource {
  const source: ByteSource = {
    sizeBytes,
    read(offset, maxBytes) {
      const buffer = Buffer.allocUnsafe(Math.min(maxBytes, sizeBytes - offset));
      const bytesRead = readSync(descriptor, buffer, 0, buffer.length, offset);
      if (bytesRead === 0) {
        throw new Error(`file ended at byte ${offset} of ${sizeBytes}: it was changed while in use`);
      }
      return buffer.subarray(0, bytesRead);
    },
  };
  openFiles.register(source, descriptor);
  return source;
}

/** A source over a file that must not change while it is in use. */
export function fileSource(path: string): ByteSource {
  const descriptor = openSync(path, 'r');
  return descriptorSource(descriptor, fstatSync(descriptor).size);
}
