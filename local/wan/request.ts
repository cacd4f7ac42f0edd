// What the model needs to know of a request, read off its request line and headers.
import type { IncomingHttpHeaders } from 'node:http';
import { roundTripMs, type WanModel } from './model.ts';

/** What costs time in a request, besides its round trip. */
type RequestKind = 'copy' | 'upload' | 'multipart' | 'plain';

/** One request, as far as the model looks at it. */
export interface WanRequest {
  readonly service: string;
  readonly region: string;
  readonly kind: RequestKind;
  /** The prefix whose write rate the request counts against; undefined when it does not write to S3. */
  readonly writePrefix: string | undefined;
  /** Bytes in the request's body. */
  readonly uploadBytes: number;
  /** Bytes that a copy moves, when the request itself says so (a copy of a range). */
  readonly copyBytes: number | undefined;
}

/** The parts of an HTTP request that say what it is. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** Classifies a request. Never throws: what it cannot read counts as a plain request to the home region. */
export function describeRequest(head: RequestHead, homeRegion: string): WanRequest {
  const scope = credentialScope(head);
  const service = scope?.service ?? 's3';
  const isS3 = service === 's3';
  const writes = isS3 && head.method !== 'GET' && head.method !== 'HEAD';
  const uploadBytes = isS3 ? contentBytes(head.headers) : 0;
  const kind = kindOf(head, isS3, uploadBytes);
  return {
    service,
    region: scope?.region ?? homeRegion,
    kind,
    writePrefix: writes ? prefixOf(head.url) : undefined,
    uploadBytes,
    copyBytes: kind === 'copy' ? rangeBytes(head.headers['x-amz-copy-source-range']) : undefined,
  };
}

function kindOf(head: RequestHead, isS3: boolean, uploadBytes: number): RequestKind {
  if (isS3 && head.headers['x-amz-copy-source'] !== undefined) return 'copy';
  // CreateMultipartUpload and CompleteMultipartUpload (S3 API).
  if (isS3 && head.method === 'POST' && /[?&]upload(?:s|Id=)/.test(head.url)) return 'multipart';
  return uploadBytes > 0 && head.method === 'PUT' ? 'upload' : 'plain';
}

/**
 * How long a request takes under the model on a connection that is already open, in milliseconds: from its arrival to
 * the first byte of its answer.
 *
 * @param copyBytes - bytes that a copy moves; ignored for other requests.
 */
export function responseTimeMs(model: WanModel, request: WanRequest, copyBytes: number): number {
  if (request.service === 'codepipeline') return model.codePipelineMs;
  const tripMs = roundTripMs(model, request.region);
  switch (request.kind) {
    case 'copy':
      return tripMs + model.copyServiceMs + (copyBytes / model.copyBytesPerSecond) * 1000;
    case 'upload':
      return tripMs + (request.uploadBytes / model.transferBytesPerSecond) * 1000;
    case 'multipart':
      return tripMs + model.multipartServiceMs / 2;
    case 'plain':
      return tripMs;
  }
}

/** Region and service of the SigV4 credential scope, in the header or (presigned) in the query. */
function credentialScope(head: RequestHead): { region: string; service: string } | undefined {
  const credential =
    head.headers.authorization?.match(/Credential=([^,\s]+)/)?.[1] ??
    decodeQuery(head.url.match(/[?&]X-Amz-Credential=([^&]+)/i)?.[1]);
  // AKID/20260102/eu-west-1/s3/aws4_request
  const [, , region, service] = credential?.split('/') ?? [];
  return region && service ? { region, service } : undefined;
}

function decodeQuery(value: string | undefined): string | undefined {
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Bucket and key up to the last slash: the prefix as far as a request shows it. Assumes path-style addressing. */
function prefixOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.slice(0, path.lastIndexOf('/') + 1);
}

function contentBytes(headers: IncomingHttpHeaders): number {
  const bytes = Number(headers['x-amz-decoded-content-length'] ?? headers['content-length'] ?? 0);
  return Number.isFinite(bytes) ? bytes : 0;
}

/** A header that is sent twice arrives as one string with a comma (Node.js, `message.headers`), which is not a range. */
function rangeBytes(range: string | string[] | undefined): number | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(String(range));
  return match ? Number(match[2]) - Number(match[1]) + 1 : undefined;
}
