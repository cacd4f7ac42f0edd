// Takes the framing off `aws-chunked` bodies: chunk sizes, chunk signatures, trailing checksums.
import { createHash, createHmac, hash } from 'node:crypto';
import { AwsError } from '../../aws-error.ts';
import type { Signature } from './sigv4.ts';

const EMPTY_SHA256 = hash('sha256', '');

/** No chunk header and no trailer is longer than this. */
const MAX_LINE_BYTES = 4096;

/**
 * Yields the bytes inside the chunks and fills in `trailers` (lower-case names) once the last chunk has passed.
 * Chunk signatures are checked if `signature` is given.
 */
export async function* decodeAwsChunked(
  body: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
  signature: Signature | undefined,
): AsyncGenerator<Buffer> {
  const reader = lineReader(body);
  let chain = signature && chunkSignatures(signature);
  for (;;) {
    const [size = '', ...extensions] = (await reader.line()).split(';');
    const sizeBytes = /^[0-9a-fA-F]{1,12}$/.test(size) ? Number.parseInt(size, 16) : Number.NaN;
    if (Number.isNaN(sizeBytes)) throw incomplete(`'${size.slice(0, 40)}' is not a chunk size`);
    const given = extensions.find((extension) => extension.startsWith('chunk-signature='))?.slice(16);
    for await (const piece of reader.bytes(sizeBytes)) {
      chain?.update(piece);
      yield piece;
    }
    chain?.check(given);
    if (sizeBytes === 0) break;
    if ((await reader.line()) !== '') throw incomplete('a chunk is longer than its header gives');
  }
  let signed = '';
  for (let line = await reader.lastLine(); line !== ''; line = await reader.lastLine()) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      chain?.checkTrailer(signed, value);
    } else {
      signed += `${name}:${value}\n`;
      trailers.set(name, value);
    }
  }
  chain = undefined;
}

interface ChunkSignatures {
  update(bytes: Buffer): void;
  check(given: string | undefined): void;
  checkTrailer(trailer: string, given: string): void;
}

/** Each chunk's signature covers the one before it, the first one the request's. */
function chunkSignatures({ signingKey, timestamp, scope, signature }: Signature): ChunkSignatures {
  let previous = signature;
  let chunk = createHash('sha256');
  const compare = (stringToSign: string, given: string | undefined): void => {
    const expected = createHmac('sha256', signingKey).update(stringToSign).digest('hex');
    if (expected !== given) {
      throw new AwsError(403, 'SignatureDoesNotMatch', 'The signature of a chunk does not match.');
    }
    previous = expected;
  };
  return {
    update: (bytes) => void chunk.update(bytes),
    check(given) {
      const sha256 = chunk.digest('hex');
      chunk = createHash('sha256');
      compare(
        `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n${previous}\n${EMPTY_SHA256}\n${sha256}`,
        given,
      );
    },
    checkTrailer(trailer, given) {
      const sha256 = hash('sha256', trailer);
      compare(`AWS4-HMAC-SHA256-TRAILER\n${timestamp}\n${scope}\n${previous}\n${sha256}`, given);
    },
  };
}

interface LineReader {
  /** Up to the next line break, which is taken too. @throws IncompleteBody at the end of the body. */
  line(): Promise<string>;
  /** As `line`, but the end of the body counts as an empty line. */
  lastLine(): Promise<string>;
  bytes(sizeBytes: number): AsyncGenerator<Buffer>;
}

function lineReader(body: AsyncIterable<Buffer>): LineReader {
  const iterator = body[Symbol.asyncIterator]();
  let pending: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done === true) return false;
    pending = pending.length === 0 ? next.value : Buffer.concat([pending, next.value]);
    return true;
  };
  const readLine = async (atEnd: string | undefined): Promise<string> => {
    for (;;) {
      const end = pending.indexOf('\r\n');
      if (end >= 0) {
        const line = pending.toString('latin1', 0, end);
        pending = pending.subarray(end + 2);
        return line;
      }
      if (pending.length > MAX_LINE_BYTES) throw incomplete('a line is too long');
      if (!(await more())) {
        if (atEnd !== undefined && pending.length === 0) return atEnd;
        throw incomplete('the body ended within a chunk header');
      }
    }
  };
  return {
    line: () => readLine(undefined),
    lastLine: () => readLine(''),
    async *bytes(sizeBytes) {
      let left = sizeBytes;
      while (left > 0) {
        if (pending.length === 0 && !(await more())) {
          throw incomplete('the body ended within a chunk');
        }
        const piece = pending.subarray(0, left);
        pending = pending.subarray(piece.length);
        left -= piece.length;
        if (piece.length > 0) yield piece;
      }
    },
  };
}

function incomplete(detail: string): AwsError {
  return new AwsError(
    400,
    'IncompleteBody',
    `The request body terminated unexpectedly or is not in the aws-chunked encoding: ${detail}`,
  );
}
