// The source of CopyObject and UploadPartCopy: which version it is, and whether the caller may read it.
import { decode } from '../../http/uri.ts';
import { invalidArgument, s3Error } from '../../s3-errors.ts';
import type { Bucket, ObjectVersion } from '../../state/buckets.ts';
import { requestHeader, requireOwner, type S3Request, useKey } from '../request.ts';
import { requireVersionId } from '../version-id.ts';
import { checkSourceConditions } from './conditions.ts';
import { findObject } from './find-object.ts';
import { requireRestored } from './storage-class.ts';

/** The version that a copy reads. */
export interface CopySource {
  readonly bucket: Bucket;
  readonly version: ObjectVersion;
  /** The version id that the client named. */
  readonly versionId: string | undefined;
}

/**
 * The source may be in any region; the one who asks must be allowed to read it and to use its key.
 * @throws InvalidArgument, NoSuchBucket, NoSuchKey, NoSuchVersion, AccessDenied, PreconditionFailed, and those of KMS
 */
export function copySourceOf(request: S3Request): CopySource {
  const { bucketName, key, versionId } = parseCopySource(requestHeader(request, 'x-amz-copy-source') ?? '');
  if (versionId !== undefined) requireVersionId(versionId, 'x-amz-copy-source');
  const bucket = request.world.buckets.get(bucketName);
  if (bucket === undefined) throw s3Error('NoSuchBucket', { BucketName: bucketName });
  requireOwner(bucket, requestHeader(request, 'x-amz-source-expected-bucket-owner'));
  const version = findObject(request, bucket, key, versionId);
  checkSourceConditions(request, version);
  requireRestored(version, "Operation is not valid for the source object's storage class");
  useKey(request, { bucket, ...version }, 'kms:Decrypt');
  return { bucket, version, versionId };
}

/** `/bucket/key?versionId=id`, of which bucket and key are URL-encoded. @throws InvalidArgument */
function parseCopySource(value: string): {
  bucketName: string;
  key: string;
  versionId: string | undefined;
} {
  const question = value.lastIndexOf('?versionId=');
  const path = question < 0 ? value : value.slice(0, question);
  const versionId = question < 0 ? undefined : decode(value.slice(question + '?versionId='.length));
  const decoded = decode(path.replace(/\+/g, ' ')).replace(/^\//, '');
  const slash = decoded.indexOf('/');
  if (slash <= 0 || slash === decoded.length - 1) {
    throw invalidArgument(
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      'x-amz-copy-source',
      value,
    );
  }
  return { bucketName: decoded.slice(0, slash), key: decoded.slice(slash + 1), versionId };
}
