// PutObject, and what all ways of writing an object have in common: its encryption, its tags, its ETag.
import { type Checksum, checksumOf, DEFAULT_ALGORITHM, md5Of } from '../../content/checksum.ts';
import type { Content } from '../../content/content.ts';
import type { Upload } from '../../http/upload.ts';
import { invalidRequest, s3Error } from '../../s3-errors.ts';
import {
  type Bucket,
  changesOf,
  type ObjectEncryption,
  type ObjectProperties,
  opaqueEtag,
  store,
} from '../../state/buckets.ts';
import { encryptionOf } from '../../state/object-encryption.ts';
import { authorize, bucketOf, objectArn, type S3Answer, type S3Request, useKey } from '../request.ts';
import { checkWriteConditions } from './conditions.ts';
import {
  checksumHeaders,
  encryptionHeaders,
  newVersionHeaders,
  quoted,
  readAlgorithm,
  readContentHeaders,
  readEncryption,
  readMetadata,
  readTags,
} from './object-headers.ts';
import { storageClassOf } from './storage-class.ts';

/** Keys are at most this long in UTF-8 (S3 user guide, object keys). */
const MAX_KEY_BYTES = 1024;

/** S3 API, PutObject: in place of what is there, unless If-None-Match or If-Match forbid it. */
export async function putObject(request: S3Request): Promise<S3Answer> {
  const { bucket, ...settled } = prepareWrite(request);
  requireIntegrityHeader(request, bucket, 'Put Object');
  const object = propertiesOf(request, settled);
  checkWriteConditions(request, bucket);
  const changesAtBeginning = changesOf(bucket, request.key);
  // The checksum that the SDK says it computes; here it only has to be one that S3 knows.
  readAlgorithm(request, 'x-amz-sdk-checksum-algorithm');
  const upload = await request.receive();
  request.noteBytes(upload.content.sizeBytes);
  // Another request may have written the key, or removed the bucket, while this one's body came in.
  checkWriteConditions(request, bucketOf(request), changesAtBeginning);
  const checksum = checksumOfUpload(upload);
  const version = store(bucket, {
    ...object,
    content: upload.content,
    etag: etagOf(upload.content, object.encryption),
    checksum,
  });
  return {
    headers: {
      etag: quoted(version.etag),
      ...encryptionHeaders(object.encryption),
      ...checksumHeaders(checksum),
      ...newVersionHeaders(version),
    },
  };
}

type SettledProperties = Pick<ObjectProperties, 'encryption' | 'tags'>;

/** The properties of a new object as the headers of the request have them. @throws MetadataTooLarge, InvalidStorageClass */
export function propertiesOf(request: S3Request, settled: SettledProperties): ObjectProperties {
  return {
    ...settled,
    key: request.key,
    headers: readContentHeaders(request),
    metadata: readMetadata(request),
    storageClass: storageClassOf(request),
  };
}

/**
 * What PutObject, CopyObject and CreateMultipartUpload settle before anything else.
 * @throws the errors of `bucketOf`, AccessDenied, and those of KMS
 */
export function prepareWrite(request: S3Request): { readonly bucket: Bucket } & SettledProperties {
  const bucket = bucketOf(request);
  if (Buffer.byteLength(request.key) > MAX_KEY_BYTES) throw s3Error('KeyTooLongError');
  authorize(request, 's3:PutObject', objectArn(bucket, request.key));
  const tags = readTags(request);
  if (Object.keys(tags).length > 0) {
    authorize(request, 's3:PutObjectTagging', objectArn(bucket, request.key));
  }
  const encryption = encryptionOf(request.world, bucket, request.caller.accountId, readEncryption(request));
  useKey(request, { bucket, key: request.key, encryption }, 'kms:GenerateDataKey');
  return { bucket, encryption, tags };
}

/** Does the request carry a digest of its body, in a header or in a trailer? */
export function hasIntegrityHeader({ headers }: S3Request): boolean {
  return Object.keys(headers).some(
    (name) =>
      name === 'content-md5' ||
      name === 'x-amz-trailer' ||
      (name.startsWith('x-amz-checksum-') && !NO_DIGESTS.has(name)),
  );
}

const NO_DIGESTS = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-checksum-mode']);

/** @throws InvalidRequest in a bucket with Object Lock, unless the request carries a digest of its body. */
export function requireIntegrityHeader(request: S3Request, bucket: Bucket, operation: string): void {
  if (bucket.objectLock && !hasIntegrityHeader(request)) {
    throw invalidRequest(
      `Content-MD5 OR x-amz-checksum- HTTP header is required for ${operation} requests with Object Lock parameters`,
    );
  }
}

/** The MD5, but under a KMS key something that is none and says nothing about the content. */
export function etagOf(content: Content, encryption: ObjectEncryption): string {
  return encryption.algorithm === 'AES256' ? md5Of(content) : opaqueEtag();
}

/** The checksum that the client gave, else S3's default. */
function checksumOfUpload({ content, checksums }: Upload): Checksum {
  const [given] = checksums;
  const algorithm = given?.[0] ?? DEFAULT_ALGORITHM;
  return { algorithm, type: 'FULL_OBJECT', value: given?.[1] ?? checksumOf(content, algorithm) };
}
