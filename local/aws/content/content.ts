// The bytes of an object as extents over immutable sources: slicing, joining and copying cost nothing.
import { type ByteSource, bufferSource, fileSource, PATTERN_BYTES, patternSource } from './byte-source.ts';

/** A run of bytes in one source. */
export interface Extent {
  readonly source: ByteSource;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Immutable bytes of any length, held as extents. */
export interface Content {
  readonly sizeBytes: number;
  readonly extents: readonly Extent[];
}

/** No bytes at all. */
export const EMPTY: Content = { sizeBytes: 0, extents: [] };

/** How much of a source is taken at a time: large enough to be fast, small enough to bound memory. */
const READ_BYTES = 1024 * 1024;

/** Pseudo-random content of any size that takes no memory; another seed gives other bytes. */
export function generated(sizeBytes: number, seed = 0): Content {
  // Knuth's multiplicative hash spreads neighbouring seeds over the whole pattern.
  const rotation = Math.imul(seed, 0x9e3779b1) >>> 0;
  return join([{ source: patternSource, offset: rotation % PATTERN_BYTES, sizeBytes }]);
}

/** Content of a buffer (not copied: leave it alone afterwards) or of a string's UTF-8. */
export function fromBuffer(bytes: Buffer | Uint8Array | string): Content {
  const buffer =
    typeof bytes === 'string'
      ? Buffer.from(bytes)
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return fromSource(bufferSource([buffer]));
}

/** Content of a file, read when needed; the file must not change meanwhile. */
export function fromFile(path: string): Content {
  return fromSource(fileSource(path));
}

/** All bytes of a source. */
export function fromSource(source: ByteSource): Content {
  return join([{ source, offset: 0, sizeBytes: source.sizeBytes }]);
}

/** The bytes from `start` up to, not including, `end`. */
export function slice(content: Content, start: number, end: number = content.sizeBytes): Content {
  if (start < 0 || end > content.sizeBytes || start > end) {
    throw new RangeError(`bytes ${start}..${end} are not within ${content.sizeBytes} bytes`);
  }
  const extents: Extent[] = [];
  let position = 0;
  for (const extent of content.extents) {
    const from = Math.max(start - position, 0);
    const to = Math.min(end - position, extent.sizeBytes);
    if (from < to) {
      extents.push({ source: extent.source, offset: extent.offset + from, sizeBytes: to - from });
    }
    position += extent.sizeBytes;
    if (position >= end) break;
  }
  return join(extents);
}

/** One content after the other; neighbours in the same source become one extent again. */
export function concat(contents: readonly Content[]): Content {
  return join(contents.flatMap((content) => content.extents));
}

/** The bytes in order, in chunks of at most 1 MiB. */
export function* chunks(content: Content, maxBytes: number = READ_BYTES): Generator<Buffer> {
  for (const { source, offset, sizeBytes } of content.extents) {
    let done = 0;
    while (done < sizeBytes) {
      const chunk = source.read(offset + done, Math.min(maxBytes, sizeBytes - done));
      done += chunk.length;
      yield chunk;
    }
  }
}

/** All bytes in one buffer: for small content only. */
export function toBuffer(content: Content): Buffer {
  return Buffer.concat([...chunks(content)]);
}

/**
 * Compares without reading what need not be read: stretches that lie at the same place of the same source are equal.
 * Returns the offset of the first difference, or undefined if the contents are equal.
 */
export function firstDifference(a: Content, b: Content): number | undefined {
  const commonBytes = Math.min(a.sizeBytes, b.sizeBytes);
  const left = cursor(a);
  const right = cursor(b);
  let position = 0;
  while (position < commonBytes) {
    const x = left.current();
    const y = right.current();
    let stretchBytes = Math.min(x.sizeBytes, y.sizeBytes);
    if (x.source !== y.source || x.offset !== y.offset) {
      const bytesOfX = x.source.read(x.offset, Math.min(stretchBytes, READ_BYTES));
      const bytesOfY = y.source.read(y.offset, Math.min(stretchBytes, READ_BYTES));
      stretchBytes = Math.min(bytesOfX.length, bytesOfY.length);
      if (bytesOfX.compare(bytesOfY, 0, stretchBytes, 0, stretchBytes) !== 0) {
        let index = 0;
        while (bytesOfX[index] === bytesOfY[index]) {
          index += 1;
        }
        return position + index;
      }
    }
    left.advance(stretchBytes);
    right.advance(stretchBytes);
    position += stretchBytes;
  }
  return a.sizeBytes === b.sizeBytes ? undefined : commonBytes;
}

/** Whether both hold the same bytes. */
export function compareContent(a: Content, b: Content): boolean {
  return a.sizeBytes === b.sizeBytes && firstDifference(a, b) === undefined;
}

/** Where an extent starts, made unique for sources that repeat themselves. */
function canonicalOffset(source: ByteSource, offset: number): number {
  return source.periodBytes === undefined ? offset : offset % source.periodBytes;
}

function join(extents: readonly Extent[]): Content {
  const joined: Extent[] = [];
  let sizeBytes = 0;
  for (const extent of extents) {
    if (extent.sizeBytes === 0) continue;
    sizeBytes += extent.sizeBytes;
    const { source } = extent;
    const offset = canonicalOffset(source, extent.offset);
    const last = joined.at(-1);
    if (last?.source === source && canonicalOffset(source, last.offset + last.sizeBytes) === offset) {
      joined[joined.length - 1] = { ...last, sizeBytes: last.sizeBytes + extent.sizeBytes };
    } else {
      joined.push({ source, offset, sizeBytes: extent.sizeBytes });
    }
  }
  return { sizeBytes, extents: joined };
}

function cursor(content: Content): { current(): Extent; advance(bytes: number): void } {
  let index = 0;
  let done = 0;
  return {
    current() {
      const extent = content.extents[index];
      if (extent === undefined) throw new RangeError('read past the end of the content');
      const offset = canonicalOffset(extent.source, extent.offset + done);
      return { source: extent.source, offset, sizeBytes: extent.sizeBytes - done };
    },
    advance(bytes) {
      done += bytes;
      if (done === content.extents[index]?.sizeBytes) {
        index += 1;
        done = 0;
      }
    },
  };
}
