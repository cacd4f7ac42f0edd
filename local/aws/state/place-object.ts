// Objects that are put in place without a request, as their owner would have uploaded them.
import {
  type Checksum,
  type ChecksumAlgorithm,
  type ChecksumType,
  checksumOf,
  compositeOf,
  DEFAULT_ALGORITHM,
  md5Of,
} from '../content/checksum.ts';
import { type Content, slice } from '../content/content.ts';
import { MAX_PARTS, MAX_SINGLE_REQUEST_BYTES } from '../limits.ts';
import { type Bucket, type NewVersion, opaqueEtag } from './buckets.ts';
import type { KmsKeys } from './kms-keys.ts';
import { encryptionOf } from './object-encryption.ts';

/** How an object differs from a plain one. */
export interface PutOptions {
  readonly contentType?: string;
  /** Further content headers by lower-case name, such as `cache-control`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** `STANDARD` if absent. */
  readonly storageClass?: string;
  /** Instead of the bucket's default encryption. */
  readonly kmsKeyArn?: string;
  /** `none` for an object as it was uploaded before S3 gave every object a checksum. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type?: ChecksumType } | 'none';
  /** Makes it an object of a multipart upload with parts of this size. Objects over 5 GiB always are. */
  readonly partSizeBytes?: number;
}

/** The version as the bucket will hold it. @throws those of KMS if the bucket's key cannot be used */
export function newVersion(
  world: { readonly keys: KmsKeys },
  bucket: Bucket,
  key: string,
  content: Content,
  options: PutOptions,
): NewVersion {
  const encryption = encryptionOf(world, bucket, bucket.ownerAccountId, {
    ...(options.kmsKeyArn !== undefined && { algorithm: 'aws:kms', keyId: options.kmsKeyArn }),
  });
  const partSizeBytes = options.partSizeBytes ?? neededPartSize(content.sizeBytes);
  const parts = partSizeBytes === undefined ? undefined : split(content, partSizeBytes);
  const checksum = options.checksum === 'none' ? undefined : checksumFor(content, parts, options.checksum);
  return {
    key,
    content,
    etag: etagFor(content, parts, encryption.algorithm),
    headers: { 'content-type': options.contentType ?? 'binary/octet-stream', ...options.headers },
    metadata: options.metadata ?? {},
    tags: options.tags ?? {},
    encryption,
    storageClass: options.storageClass ?? 'STANDARD',
    ...(checksum && { checksum }),
    ...(parts && {
      parts: parts.map((part, index) => ({
        partNumber: index + 1,
        sizeBytes: part.sizeBytes,
        ...(options.checksum && checksum && { checksum: checksumOf(part, checksum.algorithm) }),
      })),
    }),
  };
}

/** Part size of large objects for which none is given. */
const LARGE_PART_BYTES = 128 * 1024 ** 2;

/** Undefined for an object that one request can upload. */
function neededPartSize(sizeBytes: number): number | undefined {
  return sizeBytes <= MAX_SINGLE_REQUEST_BYTES
    ? undefined
    : Math.max(LARGE_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
}

function split(content: Content, partSizeBytes: number): Content[] {
  const parts: Content[] = [];
  for (let start = 0; start < content.sizeBytes || start === 0; start += partSizeBytes) {
    parts.push(slice(content, start, Math.min(start + partSizeBytes, content.sizeBytes)));
  }
  return parts;
}

function checksumFor(
  content: Content,
  parts: readonly Content[] | undefined,
  wanted: { readonly algorithm: ChecksumAlgorithm; readonly type?: ChecksumType } | undefined,
): Checksum {
  const algorithm = wanted?.algorithm ?? DEFAULT_ALGORITHM;
  const type = wanted?.type ?? 'FULL_OBJECT';
  if (type === 'FULL_OBJECT') return { algorithm, type, value: checksumOf(content, algorithm) };
  const values = (parts ?? [content]).map((part) => checksumOf(part, algorithm));
  return { algorithm, type, value: compositeOf(values, algorithm) };
}

/** Only an object uploaded in one piece and not under a KMS key has its MD5 here; the others have something opaque. */
function etagFor(content: Content, parts: readonly Content[] | undefined, algorithm: string): string {
  if (parts !== undefined) return `${opaqueEtag()}-${parts.length}`;
  return algorithm === 'AES256' ? md5Of(content) : opaqueEtag();
}
