// Conditional requests: on reads, on the source of a copy, and on what a write would replace.
import { notImplemented, s3Error } from '../../s3-errors.ts';
import { type Bucket, changesOf, latest, type ObjectVersion } from '../../state/buckets.ts';
import { authorize, objectArn, requestHeader, type S3Request } from '../request.ts';

/** @throws PreconditionFailed, or NotModified (304) where the read is merely unnecessary. */
export function checkReadConditions(request: S3Request, version: ObjectVersion): void {
  const failed = evaluate(request, '', version);
  if (failed === 'if-none-match' || failed === 'if-modified-since') {
    throw s3Error('NotModified', {}, { etag: `"${version.etag}"` });
  }
  if (failed !== undefined) {
    throw s3Error('PreconditionFailed', { Condition: failed });
  }
}

/** The `x-amz-copy-source-if-*` headers of CopyObject and UploadPartCopy. @throws PreconditionFailed */
export function checkSourceConditions(request: S3Request, source: ObjectVersion): void {
  const failed = evaluate(request, 'x-amz-copy-source-', source);
  if (failed !== undefined) throw s3Error('PreconditionFailed', { Condition: `x-amz-copy-source-${failed}` });
}

/**
 * If-None-Match and If-Match of a write, against what is there. Reading the ETag by If-Match takes s3:GetObject.
 * @throws PreconditionFailed, NoSuchKey, NotImplemented, AccessDenied; ConditionalRequestConflict where the condition
 * holds, but only since the key was written or deleted after the write began
 */
export function checkWriteConditions(request: S3Request, bucket: Bucket, changesAtBeginning?: number): void {
  const ifNoneMatch = requestHeader(request, 'if-none-match');
  const ifMatch = requestHeader(request, 'if-match');
  if (ifNoneMatch === undefined && ifMatch === undefined) return;
  const existing = latest(bucket, request.key);
  const present = existing?.deleteMarker === false ? existing : undefined;
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw notImplemented('If-None-Match');
    if (present !== undefined) throw s3Error('PreconditionFailed', { Condition: 'If-None-Match' });
  }
  if (ifMatch !== undefined) {
    if (ifMatch === '*') throw notImplemented('If-Match');
    authorize(request, 's3:GetObject', objectArn(bucket, request.key));
    if (present === undefined) throw s3Error('NoSuchKey', { Key: request.key });
    if (!matches(ifMatch, present.etag)) throw s3Error('PreconditionFailed', { Condition: 'If-Match' });
  }
  if (changesAtBeginning !== undefined && changesAtBeginning !== changesOf(bucket, request.key)) {
    throw s3Error('ConditionalRequestConflict', {
      Condition: ifMatch === undefined ? 'If-None-Match' : 'If-Match',
      Key: request.key,
    });
  }
}

/**
 * If-Match of a deletion; `*` is any object. Reading the ETag takes s3:GetObject.
 * @throws PreconditionFailed, AccessDenied
 */
export function checkDeleteCondition(
  request: S3Request,
  bucket: Bucket,
  key: string,
  version: ObjectVersion | undefined,
  ifMatch: string | undefined,
): void {
  if (ifMatch === undefined) return;
  authorize(request, 's3:GetObject', objectArn(bucket, key));
  if (version === undefined || version.deleteMarker || !matches(ifMatch, version.etag)) {
    throw s3Error('PreconditionFailed', { Condition: 'If-Match' });
  }
}

type Condition = 'if-match' | 'if-none-match' | 'if-modified-since' | 'if-unmodified-since';

/** The condition that does not hold. ETags win over dates (S3 API, CopyObject and GetObject). */
function evaluate(request: S3Request, prefix: string, version: ObjectVersion): Condition | undefined {
  const ifMatch = requestHeader(request, `${prefix}if-match`);
  const unmodifiedSince = readDate(requestHeader(request, `${prefix}if-unmodified-since`));
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, version.etag)) return 'if-match';
  } else if (unmodifiedSince !== undefined && seconds(version) > unmodifiedSince) {
    return 'if-unmodified-since';
  }
  const ifNoneMatch = requestHeader(request, `${prefix}if-none-match`);
  const modifiedSince = readDate(requestHeader(request, `${prefix}if-modified-since`));
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, version.etag)) return 'if-none-match';
  } else if (
    modifiedSince !== undefined &&
    seconds(version) <= modifiedSince &&
    // A date in the future cannot be that of an answer (RFC 9110, If-Modified-Since).
    modifiedSince * 1000 <= Date.now()
  ) {
    return 'if-modified-since';
  }
  return undefined;
}

function matches(condition: string, etag: string): boolean {
  return condition.split(',').some((candidate) => {
    const bare = candidate.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
    return bare === '*' || bare === etag;
  });
}

function seconds(version: ObjectVersion): number {
  return Math.floor(version.lastModified.getTime() / 1000);
}

function readDate(value: string | undefined): number | undefined {
  const date = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.floor(date / 1000);
}
