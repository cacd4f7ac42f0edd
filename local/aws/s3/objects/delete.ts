// DeleteObject and DeleteObjects.
import { AwsError } from '../../aws-error.ts';
import { children, text, xmlDocument } from '../../http/xml.ts';
import { invalidRequest, notImplemented, s3Error } from '../../s3-errors.ts';
import { type Bucket, latest, type ObjectVersion, remove, versionOf } from '../../state/buckets.ts';
import {
  authorize,
  bucketOf,
  objectArn,
  requestHeader,
  type S3Answer,
  type S3Request,
  xmlBody,
} from '../request.ts';
import { checkDeleteCondition } from './conditions.ts';
import { hasIntegrityHeader } from './write.ts';

/** Keys in one DeleteObjects (S3 API). */
const MAX_KEYS = 1000;

/** S3 API, DeleteObject: a version for good, else a marker that hides the latest one. */
export function deleteObject(request: S3Request): S3Answer {
  const bucket = bucketOf(request);
  const versionId = request.query.get('versionId');
  authorizeDelete(request, bucket, request.key, versionId);
  const victim = targetOf(bucket, request.key, versionId);
  checkDeleteCondition(request, bucket, request.key, victim, requestHeader(request, 'if-match'));
  const deletion = remove(bucket, request.key, versionId);
  return {
    status: 204,
    headers: {
      'x-amz-version-id': deletion.versionId,
      'x-amz-delete-marker': deletion.deleteMarker ? 'true' : undefined,
    },
  };
}

/** S3 API, DeleteObjects: each key on its own, with an error of its own. */
export async function deleteObjects(request: S3Request): Promise<S3Answer> {
  bucketOf(request);
  if (!hasIntegrityHeader(request)) {
    throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  }
  const document = await xmlBody(request, 'Delete');
  const objects = children(document, 'Object').map((element) => {
    const key = text(element, 'Key');
    if (key === undefined || key === '') throw s3Error('MalformedXML');
    return { element, key, versionId: text(element, 'VersionId') };
  });
  if (objects.length === 0 || objects.length > MAX_KEYS) throw s3Error('MalformedXML');
  const bucket = bucketOf(request);
  const deleted: Record<string, string | boolean | undefined>[] = [];
  const errors: Record<string, string | undefined>[] = [];
  for (const { element, key, versionId } of objects) {
    try {
      authorizeDelete(request, bucket, key, versionId);
      if (text(element, 'Size') !== undefined || text(element, 'LastModifiedTime') !== undefined) {
        throw notImplemented('Size or LastModifiedTime');
      }
      const victim = targetOf(bucket, key, versionId);
      // Unlike DeleteObject, which does not mind.
      if (versionId !== undefined && victim === undefined)
        throw s3Error('NoSuchVersion', { Key: key, VersionId: versionId });
      checkDeleteCondition(request, bucket, key, victim, text(element, 'ETag'));
      const deletion = remove(bucket, key, versionId);
      deleted.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: deletion.deleteMarker ? true : undefined,
        DeleteMarkerVersionId: deletion.deleteMarker ? deletion.versionId : undefined,
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  const quiet = text(document, 'Quiet') === 'true';
  return { xml: xmlDocument('DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors }) };
}

function authorizeDelete(
  request: S3Request,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
): void {
  const action = versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
  authorize(request, action, objectArn(bucket, key), { 's3:VersionId': versionId });
}

function targetOf(bucket: Bucket, key: string, versionId: string | undefined): ObjectVersion | undefined {
  return versionId === undefined ? latest(bucket, key) : versionOf(bucket, key, versionId);
}
