// The headers in which an object's properties travel: which ones are kept, and how they are read and written.
import { AwsError } from '../../aws-error.ts';
import { ALGORITHMS, type Checksum, type ChecksumAlgorithm } from '../../content/checksum.ts';
import { header } from '../../http/headers.ts';
import { checksumHeader } from '../../http/upload.ts';
import { decode } from '../../http/uri.ts';
import { invalidArgument, invalidRequest, s3Error } from '../../s3-errors.ts';
import type {
  Bucket,
  BucketEncryption,
  ContentHeaders,
  EncryptionAlgorithm,
  Metadata,
  ObjectEncryption,
  ObjectVersion,
  Tags,
} from '../../state/buckets.ts';
import type { RequestedEncryption } from '../../state/object-encryption.ts';
import { isAllowed, objectArn, requestHeader, type S3Request } from '../request.ts';

type Headers = Record<string, string | undefined>;

/** System metadata that S3 keeps with an object (S3 user guide, working with object metadata). */
const KEPT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
];

const METADATA_PREFIX = 'x-amz-meta-';

/** All user metadata of an object together (S3 user guide, working with object metadata). */
const MAX_METADATA_BYTES = 2048;

const MAX_TAGS = 10; // S3 user guide, object tagging
const MAX_TAG_KEY_LENGTH = 128;
const MAX_TAG_VALUE_LENGTH = 256;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** The content headers of a request; `aws-chunked` belongs to the transfer, not to the object. */
export function readContentHeaders(request: S3Request): ContentHeaders {
  const kept: Record<string, string> = { 'content-type': 'binary/octet-stream' };
  for (const name of KEPT_HEADERS) {
    const value = header(request.headers, name);
    if (value !== undefined) kept[name] = value;
  }
  const encodings = kept['content-encoding']?.split(',').map((encoding) => encoding.trim());
  delete kept['content-encoding'];
  const left = encodings?.filter((encoding) => encoding !== 'aws-chunked' && encoding !== '').join(',');
  return left ? { ...kept, 'content-encoding': left } : kept;
}

/** @throws MetadataTooLarge */
export function readMetadata(request: S3Request): Metadata {
  const metadata: Record<string, string> = {};
  let sizeBytes = 0;
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith(METADATA_PREFIX)) {
      const value = header(request.headers, name) ?? '';
      metadata[name.slice(METADATA_PREFIX.length)] = decodedText(value);
      sizeBytes += name.length - METADATA_PREFIX.length + value.length;
    }
  }
  if (sizeBytes > MAX_METADATA_BYTES) throw s3Error('MetadataTooLarge');
  return metadata;
}

/** The tags of an `x-amz-tagging` header. @throws InvalidArgument, InvalidTag, BadRequest */
export function readTags(request: S3Request): Tags {
  const value = requestHeader(request, 'x-amz-tagging') ?? '';
  const pairs = [...new URLSearchParams(value)];
  return validTags(pairs);
}

/** @throws InvalidTag, BadRequest as S3 does for tags beyond its limits. */
export function validTags(pairs: readonly (readonly [string, string])[]): Tags {
  if (pairs.length > MAX_TAGS) {
    throw new AwsError(400, 'BadRequest', `Object tags cannot be greater than ${MAX_TAGS}`);
  }
  const tags: Record<string, string> = {};
  for (const [key, value] of pairs) {
    if (Object.hasOwn(tags, key)) {
      throw new AwsError(400, 'InvalidTag', 'Cannot provide multiple Tags with the same key');
    }
    if (key.toLowerCase().startsWith('aws:')) {
      throw new AwsError(400, 'InvalidTag', 'System tags cannot be added/updated by requester');
    }
    if (key === '' || key.length > MAX_TAG_KEY_LENGTH || !TAG_TEXT.test(key)) {
      throw new AwsError(400, 'InvalidTag', 'The TagKey you have provided is invalid');
    }
    if (value.length > MAX_TAG_VALUE_LENGTH || !TAG_TEXT.test(value)) {
      throw new AwsError(400, 'InvalidTag', 'The TagValue you have provided is invalid');
    }
    tags[key] = value;
  }
  return tags;
}

/** What the request says about encryption; nothing means the bucket's default. @throws InvalidArgument */
export function readEncryption(request: S3Request): RequestedEncryption {
  const algorithm = requestHeader(request, 'x-amz-server-side-encryption');
  const keyId = requestHeader(request, 'x-amz-server-side-encryption-aws-kms-key-id');
  const bucketKey = requestHeader(request, 'x-amz-server-side-encryption-bucket-key-enabled');
  if (algorithm !== undefined && !isEncryptionAlgorithm(algorithm)) {
    throw invalidArgument(
      'The encryption method specified is not supported',
      'x-amz-server-side-encryption',
      algorithm,
    );
  }
  if (keyId !== undefined && (algorithm === undefined || algorithm === 'AES256')) {
    throw invalidArgument(
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
      'x-amz-server-side-encryption',
    );
  }
  return {
    ...(algorithm !== undefined && { algorithm }),
    ...(keyId !== undefined && { keyId }),
    ...(bucketKey !== undefined && { bucketKey: bucketKey.toLowerCase() === 'true' }),
  };
}

/** Does S3 know the algorithm? */
export function isEncryptionAlgorithm(value: string): value is EncryptionAlgorithm {
  return value === 'AES256' || value === 'aws:kms' || value === 'aws:kms:dsse';
}

/** The checksum algorithm that a header names. @throws InvalidRequest for one that S3 does not have. */
export function readAlgorithm(
  request: S3Request,
  name = 'x-amz-checksum-algorithm',
): ChecksumAlgorithm | undefined {
  const value = requestHeader(request, name);
  if (value === undefined) return undefined;
  const algorithm = ALGORITHMS.find((known) => known === value.toUpperCase());
  if (algorithm === undefined) {
    throw invalidRequest(
      `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${ALGORITHMS.join(', ')}]`,
    );
  }
  return algorithm;
}

/** How an object is encrypted, as every answer about it says. */
export function encryptionHeaders(encryption: ObjectEncryption): Headers {
  return {
    'x-amz-server-side-encryption': encryption.algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id': encryption.keyArn,
    'x-amz-server-side-encryption-bucket-key-enabled': encryption.bucketKey ? 'true' : undefined,
  };
}

/** The headers of a checksum. */
export function checksumHeaders(checksum: Checksum | undefined): Headers {
  return checksum === undefined
    ? {}
    : { [checksumHeader(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type };
}

/** The elements of a checksum in an XML result. */
export function checksumElements(checksum: Checksum | undefined): Record<string, string> {
  return checksum === undefined
    ? {}
    : { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type };
}

/** The version id, which only buckets that are or were versioned show. */
export function versionHeaders(bucket: Bucket, version: ObjectVersion): Headers {
  return bucket.versioning === 'Unversioned' && version.versionId === 'null'
    ? {}
    : { 'x-amz-version-id': version.versionId };
}

/** The version id that a write made: none for a version that is `null` (S3 user guide, suspended buckets). */
export function newVersionHeaders({ versionId }: ObjectVersion): Headers {
  return versionId === 'null' ? {} : { 'x-amz-version-id': versionId };
}

/** Everything that GetObject and HeadObject say about an object but for length, range and checksum. */
export function objectHeaders(request: S3Request, bucket: Bucket, version: ObjectVersion): Headers {
  const headers: Headers = {
    ...version.headers,
    etag: quoted(version.etag),
    'last-modified': version.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-storage-class': version.storageClass === 'STANDARD' ? undefined : version.storageClass,
    ...encryptionHeaders(version.encryption),
    ...versionHeaders(bucket, version),
  };
  for (const [name, value] of Object.entries(version.metadata)) {
    headers[METADATA_PREFIX + name] = headerText(value);
  }
  const tagCount = Object.keys(version.tags).length;
  const readTags = request.query.has('versionId') ? 's3:GetObjectVersionTagging' : 's3:GetObjectTagging';
  if (tagCount > 0 && isAllowed(request, readTags, objectArn(bucket, version.key))) {
    headers['x-amz-tagging-count'] = String(tagCount);
  }
  return headers;
}

/** An ETag as headers and documents show it. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

/** The elements of a bucket's default encryption. */
export function encryptionElements({ algorithm, keyId, bucketKey }: BucketEncryption) {
  return {
    Rule: {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, KMSMasterKeyID: keyId },
      BucketKeyEnabled: bucketKey ?? false,
    },
  };
}

/** S3 keeps what an RFC 2047 encoded word means (S3 user guide, working with object metadata). */
function decodedText(value: string): string {
  return value.replace(/=\?UTF-8\?([BQ])\?([^?]*)\?=/gi, (_word, encoding: string, text: string) =>
    encoding.toUpperCase() === 'B'
      ? Buffer.from(text, 'base64').toString('utf8')
      : decode(
          text
            .replaceAll('%', '%25')
            .replaceAll('_', ' ')
            .replace(/=(?=[0-9A-F]{2})/gi, '%'),
        ),
  );
}

/** S3 sends what is not printable ASCII as an RFC 2047 encoded word. */
function headerText(value: string): string {
  return /^[\t\x20-\x7e]*$/.test(value) ? value : `=?UTF-8?B?${Buffer.from(value).toString('base64')}?=`;
}
