// Takes in a request body: unframed, hashed in passing, checked against what the client announced.
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import {
  ALGORITHMS,
  type ChecksumAlgorithm,
  digestBytes,
  type RunningDigest,
  rememberDigest,
  runningDigest,
} from '../content/checksum.ts';
import type { Content } from '../content/content.ts';
import { MAX_SINGLE_REQUEST_BYTES } from '../limits.ts';
import { s3Error } from '../s3-errors.ts';
import { header } from './headers.ts';
import { decodeAwsChunked } from './signature/aws-chunked.ts';
import type { Signature } from './signature/sigv4.ts';
import type { Spool } from './spool.ts';

/** A received body and the checksums that the client gave and that were found right. */
export interface Upload {
  readonly content: Content;
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>;
}

/** CompleteMultipartUpload sends the checksum of the whole object where other requests send that of their body. */
export type ChecksumSubject = 'of the body' | 'of the object';

/** How a body is received. */
interface UploadOptions {
  readonly spool: Spool;
  readonly signature: Signature;
  readonly checksums: ChecksumSubject;
}

/** @throws MissingContentLength, EntityTooLarge, IncompleteBody, InvalidDigest, BadDigest, XAmzContentSHA256Mismatch */
export async function receive(request: IncomingMessage, options: UploadOptions): Promise<Upload> {
  const { headers } = request;
  const payloadHash = header(headers, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD';
  const framed = payloadHash.startsWith('STREAMING-');
  const sizeBytes = announcedSize(request, framed);
  const trailerNames = (header(headers, 'x-amz-trailer') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const announced = ALGORITHMS.filter((algorithm) => {
    const name = checksumHeader(algorithm);
    return (
      options.checksums === 'of the body' && (headers[name] !== undefined || trailerNames.includes(name))
    );
  });
  const isHash = /^[0-9a-f]{64}$/.test(payloadHash);
  const contentMd5 = header(headers, 'content-md5');
  const names = new Set<ChecksumAlgorithm>(announced);
  if (isHash) names.add('SHA256');
  if (contentMd5 !== undefined) names.add('MD5');
  const running = new Map([...names].map((name) => [name, runningDigest(name)] as const));

  const trailers = new Map<string, string>();
  const signed = payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const body = framed ? decodeAwsChunked(request, trailers, signed ? options.signature : undefined) : request;
  const content = await keep(body, sizeBytes, [...running.values()], options.spool);

  const digests = new Map([...running].map(([name, digest]) => [name, digest.digest()] as const));
  for (const [name, digest] of digests) rememberDigest(content, name, digest);
  if (isHash && digests.get('SHA256')?.toString('hex') !== payloadHash) {
    throw s3Error('XAmzContentSHA256Mismatch');
  }
  if (contentMd5 !== undefined) checkMd5(contentMd5, digests.get('MD5'));
  const checksums = new Map<ChecksumAlgorithm, string>();
  for (const algorithm of announced) {
    const name = checksumHeader(algorithm);
    const given = header(headers, name) ?? trailers.get(name);
    checksums.set(algorithm, checkedChecksum(algorithm, given, digests.get(algorithm)));
  }
  return { content, checksums };
}

/** `x-amz-checksum-crc32` and its like. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** @throws BadDigest, or InvalidRequest if it is not even as long as it should be. */
function checkedChecksum(
  algorithm: ChecksumAlgorithm,
  given: string | undefined,
  computed: Buffer | undefined,
): string {
  if (given === undefined || Buffer.from(given, 'base64').length !== digestBytes(algorithm)) {
    throw new AwsError(400, 'InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
  }
  if (computed?.toString('base64') !== given) {
    throw new AwsError(
      400,
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    );
  }
  return given;
}

function checkMd5(given: string, computed: Buffer | undefined): void {
  if (Buffer.from(given, 'base64').length !== 16) throw s3Error('InvalidDigest');
  if (computed?.toString('base64') !== given) {
    throw new AwsError(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function announcedSize(request: IncomingMessage, framed: boolean): number {
  const name = framed ? 'x-amz-decoded-content-length' : 'content-length';
  const value = header(request.headers, name);
  const hasBody = request.method === 'PUT' || request.method === 'POST';
  if (value === undefined && (framed || request.headers['transfer-encoding'] !== undefined || hasBody)) {
    throw s3Error('MissingContentLength');
  }
  const sizeBytes = Number(value ?? 0);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new AwsError(400, 'InvalidArgument', `${name} must be a number of bytes`);
  }
  if (sizeBytes > MAX_SINGLE_REQUEST_BYTES) {
    throw new AwsError(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
  }
  return sizeBytes;
}

async function keep(
  body: AsyncIterable<Buffer>,
  sizeBytes: number,
  digests: readonly RunningDigest[],
  spool: Spool,
): Promise<Content> {
  const reservation = spool.reserve(sizeBytes);
  let received = 0;
  for await (const piece of body) {
    received += piece.length;
    if (received > sizeBytes) break;
    for (const digest of digests) digest.update(piece);
    reservation.write(piece);
  }
  if (received !== sizeBytes) {
    throw new AwsError(
      400,
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }
  return reservation.content();
}
