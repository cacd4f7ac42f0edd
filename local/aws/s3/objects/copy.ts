// CopyObject.
import type { AwsError } from '../../aws-error.ts';
import { checksumOf, DEFAULT_ALGORITHM } from '../../content/checksum.ts';
import { timestamp, xmlDocument } from '../../http/xml.ts';
import { MAX_SINGLE_REQUEST_BYTES } from '../../limits.ts';
import { invalidArgument, invalidRequest } from '../../s3-errors.ts';
import {
  type Annotation,
  type Bucket,
  type NewVersion,
  store,
  type Tags,
  UNCHOSEN_ENCRYPTION,
} from '../../state/buckets.ts';
import { authorize, objectArn, requestHeader, type S3Answer, type S3Request } from '../request.ts';
import { checkWriteConditions } from './conditions.ts';
import { type CopySource, copySourceOf } from './copy-source.ts';
import {
  checksumElements,
  encryptionHeaders,
  newVersionHeaders,
  quoted,
  readAlgorithm,
  readContentHeaders,
  readMetadata,
} from './object-headers.ts';
import { storageClassOf } from './storage-class.ts';
import { etagOf, prepareWrite } from './write.ts';

/** S3 API, CopyObject: metadata and tags come along unless a directive replaces them. */
export function copyObject(request: S3Request): S3Answer {
  const { bucket, encryption, tags } = prepareWrite(request);
  const source = copySourceOf(request);
  const { version } = source;
  if (version.sizeBytes > MAX_SINGLE_REQUEST_BYTES) throw sourceTooLarge();
  const replaceMetadata = directive(request, 'x-amz-metadata-directive') === 'REPLACE';
  const replaceTags = directive(request, 'x-amz-tagging-directive') === 'REPLACE';
  refuseCopyOntoItself(request, bucket, source, replaceMetadata);
  const annotations = copiedAnnotations(request, bucket, source);
  checkWriteConditions(request, bucket);
  const algorithm = readAlgorithm(request) ?? version.checksum?.algorithm ?? DEFAULT_ALGORITHM;
  const copy: NewVersion = {
    key: request.key,
    content: version.content,
    etag: etagOf(version.content, encryption),
    headers: replaceMetadata ? readContentHeaders(request) : copiedHeaders(version.headers),
    metadata: replaceMetadata ? readMetadata(request) : version.metadata,
    tags: replaceTags ? tags : copiedTags(request, bucket, source),
    encryption,
    checksum: { algorithm, type: 'FULL_OBJECT', value: checksumOf(version.content, algorithm) },
    storageClass: storageClassOf(request),
    annotations,
  };
  const stored = store(bucket, copy);
  request.noteBytes(stored.sizeBytes);
  return {
    headers: {
      ...encryptionHeaders(encryption),
      ...newVersionHeaders(stored),
      ...sourceVersionHeader(source),
    },
    xml: xmlDocument('CopyObjectResult', {
      LastModified: timestamp(stored.lastModified),
      ETag: quoted(stored.etag),
      ...checksumElements(stored.checksum),
    }),
  };
}

/** The error for a source of more than one request may copy. */
export function sourceTooLarge(): AwsError {
  return invalidRequest(
    `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_SINGLE_REQUEST_BYTES}`,
  );
}

/** The version that was copied, if the source bucket has versions. */
export function sourceVersionHeader({ bucket, version }: CopySource): Record<string, string> {
  return bucket.versioning === 'Unversioned' ? {} : { 'x-amz-copy-source-version-id': version.versionId };
}

function directive(request: S3Request, name: string): 'COPY' | 'REPLACE' {
  const value = requestHeader(request, name) ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE') throw unknownDirective(name, value);
  return value;
}

function unknownDirective(name: string, value: string): AwsError {
  return invalidArgument(`Unknown ${name.slice('x-amz-'.length)}.`, name, value);
}

/** A website redirect is not copied (S3 API, CopyObject). */
function copiedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const { 'x-amz-website-redirect-location': _notCopied, ...copied } = headers;
  return copied;
}

/** Tags come along only if the caller may read them there and write them here. */
function copiedTags(request: S3Request, bucket: Bucket, source: CopySource): Tags {
  if (Object.keys(source.version.tags).length > 0) authorizeBoth(request, bucket, source, 'Tagging');
  return source.version.tags;
}

/** Annotations come along unless the directive excludes them, and only if the caller may read them there and write them here. */
function copiedAnnotations(
  request: S3Request,
  bucket: Bucket,
  source: CopySource,
): ReadonlyMap<string, Annotation> {
  const name = 'x-amz-object-annotation-directive';
  // In a presigned URL it is a query parameter (S3 API, CopyObject).
  const value = requestHeader(request, name) ?? request.query.get(name) ?? 'COPY';
  if (value !== 'COPY' && value !== 'EXCLUDE') throw unknownDirective(name, value);
  if (value === 'EXCLUDE' || source.version.annotations.size === 0) return new Map();
  authorizeBoth(request, bucket, source, 'Annotation');
  return source.version.annotations;
}

/** What comes along with an object is read at the source, of the version if one is named, and written at the destination. */
function authorizeBoth(
  request: S3Request,
  bucket: Bucket,
  source: CopySource,
  what: 'Tagging' | 'Annotation',
): void {
  const version = source.versionId === undefined ? '' : 'Version';
  authorize(request, `s3:GetObject${version}${what}`, objectArn(source.bucket, source.version.key));
  authorize(request, `s3:PutObject${what}`, objectArn(bucket, request.key));
}

function refuseCopyOntoItself(
  request: S3Request,
  bucket: Bucket,
  source: CopySource,
  replaceMetadata: boolean,
): void {
  const itself =
    source.bucket === bucket && source.version.key === request.key && source.versionId === undefined;
  const changesSomething =
    replaceMetadata ||
    // The bucket's encryption may be another one than the object has.
    bucket.encryption !== UNCHOSEN_ENCRYPTION ||
    source.version.encryption.keyArn !== undefined ||
    ['x-amz-server-side-encryption', 'x-amz-storage-class', 'x-amz-website-redirect-location'].some(
      (name) => requestHeader(request, name) !== undefined,
    );
  if (itself && !changesSomething) {
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
}
