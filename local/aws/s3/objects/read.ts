// GetObject, HeadObject and GetObjectAttributes.
import { slice } from '../../content/content.ts';
import { xmlDocument } from '../../http/xml.ts';
import { invalidArgument, invalidRequest } from '../../s3-errors.ts';
import type { Bucket, ObjectPart, ObjectVersion } from '../../state/buckets.ts';
import {
  authorize,
  objectArn,
  partNumberOf,
  requestHeader,
  type S3Answer,
  type S3Request,
  useKey,
} from '../request.ts';
import { checkReadConditions } from './conditions.ts';
import { requestedObject } from './find-object.ts';
import { checksumElements, checksumHeaders, objectHeaders, versionHeaders } from './object-headers.ts';
import { parseRange, type Range, unsatisfiable } from './range.ts';
import { requireRestored } from './storage-class.ts';

/** S3 API, GetObject. */
export function getObject(request: S3Request): S3Answer {
  const { bucket, version } = target(request);
  requireRestored(version, "The operation is not valid for the object's storage class");
  useKey(request, { bucket, ...version }, 'kms:Decrypt');
  const answer = describe(request, bucket, version);
  const { start, end } = answer.range;
  request.noteBytes(end - start);
  return {
    status: answer.status,
    headers: { ...answer.headers, ...overrides(request) },
    content: slice(version.content, start, end),
  };
}

/** S3 API, HeadObject. */
export function headObject(request: S3Request): S3Answer {
  const { bucket, version } = target(request);
  if (wantsChecksum(request)) {
    // S3 decrypts to tell the checksum of an object under a KMS key (S3 API, HeadObject).
    useKey(request, { bucket, ...version }, 'kms:Decrypt');
  }
  const { status, headers, range } = describe(request, bucket, version);
  return {
    status,
    headers: { ...headers, ...overrides(request) },
    contentLength: range.end - range.start,
  };
}

/** S3 API, GetObjectAttributes. */
export function getObjectAttributes(request: S3Request): S3Answer {
  const { bucket, version } = requestedObject(request);
  const versioned = request.query.has('versionId') ? 'Version' : '';
  authorize(request, `s3:GetObject${versioned}Attributes`, objectArn(bucket, request.key));
  useKey(request, { bucket, ...version }, 'kms:Decrypt');
  const wanted = wantedAttributes(request);
  return {
    headers: { 'last-modified': version.lastModified.toUTCString(), ...versionHeaders(bucket, version) },
    xml: xmlDocument('GetObjectAttributesResponse', {
      ETag: wanted.has('ETag') ? version.etag : undefined,
      Checksum: wanted.has('Checksum') ? attributeChecksum(version) : undefined,
      ObjectParts:
        wanted.has('ObjectParts') && version.parts ? listedParts(request, version, version.parts) : undefined,
      StorageClass: wanted.has('StorageClass') ? version.storageClass : undefined,
      ObjectSize: wanted.has('ObjectSize') ? version.sizeBytes : undefined,
    }),
  };
}

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

function wantedAttributes(request: S3Request): Set<string> {
  const value = requestHeader(request, 'x-amz-object-attributes') ?? '';
  const wanted = new Set(value.split(',').map((name) => name.trim()));
  if (![...wanted].every((name) => ATTRIBUTES.includes(name))) {
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', value);
  }
  return wanted;
}

function target(request: S3Request): { bucket: Bucket; version: ObjectVersion } {
  const found = requestedObject(request);
  checkReadConditions(request, found.version);
  return found;
}

function wantsChecksum(request: S3Request): boolean {
  return requestHeader(request, 'x-amz-checksum-mode')?.toUpperCase() === 'ENABLED';
}

/** The answer's head, and which bytes it is about: all, a range, or one part. */
function describe(request: S3Request, bucket: Bucket, version: ObjectVersion) {
  const headers = objectHeaders(request, bucket, version);
  const all: Range = { start: 0, end: version.sizeBytes };
  const rangeHeader = requestHeader(request, 'range');
  if (request.query.has('partNumber')) {
    if (rangeHeader !== undefined) {
      throw invalidRequest('Cannot specify both Range header and partNumber query parameter');
    }
    return describePart(request, version, headers);
  }
  const range = rangeHeader === undefined ? undefined : parseRange(rangeHeader, version.sizeBytes);
  if (range === undefined) {
    const checksum = wantsChecksum(request) ? checksumHeaders(version.checksum) : {};
    return { status: 200, headers: { ...headers, ...checksum }, range: all };
  }
  return { status: 206, headers: { ...headers, 'content-range': contentRange(range, version) }, range };
}

function describePart(
  request: S3Request,
  version: ObjectVersion,
  headers: Record<string, string | undefined>,
) {
  const partNumber = partNumberOf(request);
  const parts: readonly ObjectPart[] = version.parts ?? [{ partNumber: 1, sizeBytes: version.sizeBytes }];
  const index = parts.findIndex((part) => part.partNumber === partNumber);
  const part = parts[index];
  if (part === undefined) {
    throw unsatisfiable(
      'The requested partnumber is not satisfiable',
      'InvalidPartNumber',
      version.sizeBytes,
    );
  }
  const start = parts.slice(0, index).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const range: Range = { start, end: start + part.sizeBytes };
  const { checksum } = version;
  const known = version.parts === undefined ? checksum?.value : part.checksum;
  return {
    status: 206,
    headers: {
      ...headers,
      ...(version.parts && { 'x-amz-mp-parts-count': String(version.parts.length) }),
      ...(part.sizeBytes > 0 && { 'content-range': contentRange(range, version) }),
      ...(wantsChecksum(request) && checksum && known && checksumHeaders({ ...checksum, value: known })),
    },
    range,
  };
}

function contentRange({ start, end }: Range, { sizeBytes }: ObjectVersion): string {
  return `bytes ${start}-${end - 1}/${sizeBytes}`;
}

/** Here, unlike everywhere else, a COMPOSITE checksum does not end in the number of parts. */
function attributeChecksum({ checksum }: ObjectVersion): Record<string, string> {
  return checksumElements(checksum && { ...checksum, value: checksum.value.replace(/-\d+$/, '') });
}

/** Only objects with a COMPOSITE checksum list their parts one by one (S3 API, GetObjectAttributes). */
function listedParts(request: S3Request, version: ObjectVersion, parts: readonly ObjectPart[]) {
  const maxParts = Math.min(Number(requestHeader(request, 'x-amz-max-parts') ?? 1000), 1000);
  const marker = Number(requestHeader(request, 'x-amz-part-number-marker') ?? 0);
  const after = parts.filter((part) => part.partNumber > marker);
  const page = after.slice(0, maxParts);
  if (version.checksum?.type !== 'COMPOSITE') return { PartsCount: parts.length };
  return {
    PartsCount: parts.length,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: maxParts,
    IsTruncated: page.length < after.length,
    Part: page.map((part) => ({
      ...(version.checksum && part.checksum && { [`Checksum${version.checksum.algorithm}`]: part.checksum }),
      PartNumber: part.partNumber,
      Size: part.sizeBytes,
    })),
  };
}

/** The headers of this one answer that `response-content-type` and its like set (S3 API, GetObject). */
const OVERRIDABLE = [
  ...['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type'],
  'expires',
];

/** @throws InvalidArgument for what a header cannot carry */
function overrides({ query }: S3Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const header of OVERRIDABLE) {
    const name = `response-${header}`;
    const value = query.get(name);
    if (value !== undefined && !/^[\t\x20-\x7e]*$/.test(value)) {
      throw invalidArgument('Header value cannot be represented using ISO-8859-1.', name, value);
    }
    if (value !== undefined) {
      headers[header] = value;
    }
  }
  return headers;
}
