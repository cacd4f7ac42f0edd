// Finds the version that a read or a copy means, with the permissions that this takes and the errors that S3 gives.
import { s3Error } from '../../s3-errors.ts';
import { type Bucket, latest, type ObjectVersion, versionOf } from '../../state/buckets.ts';
import { authorize, bucketOf, objectArn, type S3Request } from '../request.ts';

/** The actions on the latest and on a named version. */
export interface ReadActions {
  readonly latest: string;
  readonly version: string;
}

const READ_OBJECT: ReadActions = { latest: 's3:GetObject', version: 's3:GetObjectVersion' };
/** What reading tags needs. */
export const READ_TAGS: ReadActions = {
  latest: 's3:GetObjectTagging',
  version: 's3:GetObjectVersionTagging',
};

/** The version that the path and the query of a request name. @throws the errors of `bucketOf` and `findObject` */
export function requestedObject(
  request: S3Request,
  actions?: ReadActions,
): { bucket: Bucket; version: ObjectVersion } {
  const bucket = bucketOf(request);
  const versionId = request.query.get('versionId');
  return { bucket, version: findObject(request, bucket, request.key, versionId, actions) };
}

/**
 * Without s3:ListBucket nobody learns that a key does not exist: S3 answers 403 instead of 404.
 * @throws AccessDenied, NoSuchKey, NoSuchVersion, MethodNotAllowed (a delete marker named by its version id)
 */
export function findObject(
  request: S3Request,
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  actions: ReadActions = READ_OBJECT,
): ObjectVersion {
  const action = versionId === undefined ? actions.latest : actions.version;
  authorize(request, action, objectArn(bucket, key), { 's3:VersionId': versionId });
  const version = versionId === undefined ? latest(bucket, key) : versionOf(bucket, key, versionId);
  if (version !== undefined && !version.deleteMarker) return version;
  // A latest delete marker hides the object from reads; about tags nothing can be asked of it at all.
  if (version !== undefined && (versionId !== undefined || actions !== READ_OBJECT)) {
    throw s3Error(
      'MethodNotAllowed',
      {},
      { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId, allow: 'DELETE' },
    );
  }
  authorize(request, 's3:ListBucket', bucket.arn);
  if (versionId !== undefined) throw s3Error('NoSuchVersion', { Key: key, VersionId: versionId });
  throw s3Error(
    'NoSuchKey',
    { Key: key },
    version && { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId },
  );
}
