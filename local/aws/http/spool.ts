// Keeps large uploads: the first in memory, then on disk, where many share a file that has no name and vanishes with its last reader.
import { randomUUID } from 'node:crypto';
import { openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type ByteSource, bufferSource, descriptorSource } from '../content/byte-source.ts';
import { type Content, fromSource, slice } from '../content/content.ts';

/** Uploads share files of this size, so that ten thousand parts do not take ten thousand descriptors. */
const FILE_BYTES = 128 * 1024 ** 2;

/** Uploads up to this size stay in memory. */
const SMALL_BYTES = 1024 ** 2;
/** So much of larger ones that a server ever receives does, too, which is faster: few tests and replays send more. */
const MEMORY_BYTES = 256 * 1024 ** 2;

/** Room for one upload, to be filled from its start to its end. */
interface Reservation {
  write(bytes: Buffer): void;
  /** What was written, once all of it has been. */
  content(): Content;
}

/** Hands out room in memory and in unlinked files: their space is free again as soon as nothing refers to them, even after a crash. */
export class Spool {
  readonly #directory: string;
  #memoryBytes: number;
  #file: { readonly descriptor: number; readonly source: ByteSource; used: number } | undefined;

  constructor(directory: string, memoryBytes = MEMORY_BYTES) {
    this.#directory = directory;
    this.#memoryBytes = memoryBytes;
  }

  reserve(sizeBytes: number): Reservation {
    if (sizeBytes <= SMALL_BYTES) return inMemory();
    if (sizeBytes <= this.#memoryBytes) {
      this.#memoryBytes -= sizeBytes;
      return inMemory();
    }
    if (this.#file === undefined || this.#file.used + sizeBytes > this.#file.source.sizeBytes) {
      this.#file = this.#open(Math.max(sizeBytes, FILE_BYTES));
    }
    const { descriptor, source, used: start } = this.#file;
    this.#file.used += sizeBytes;
    let written = 0;
    return {
      write(bytes) {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(descriptor, bytes, done, bytes.length - done, start + written + done);
        }
        written += bytes.length;
      },
      content: () => slice(fromSource(source), start, start + sizeBytes),
    };
  }

  #open(sizeBytes: number) {
    const path = join(this.#directory, `upload-${randomUUID()}`);
    const descriptor = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    // The source owns the descriptor: it is closed when neither the spool nor any content refers to the source.
    return { descriptor, source: descriptorSource(descriptor, sizeBytes), used: 0 };
  }
}

function inMemory(): Reservation {
  const pieces: Buffer[] = [];
  return {
    write: (bytes) => void pieces.push(bytes),
    content: () => fromSource(bufferSource(pieces)),
  };
}
