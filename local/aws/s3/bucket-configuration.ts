// GetBucketLifecycleConfiguration and GetObjectLockConfiguration: what a bucket was made with.
import { xmlDocument } from '../http/xml.ts';
import { s3Error } from '../s3-errors.ts';
import { permittedBucket, type S3Answer, type S3Request } from './request.ts';

/** S3 API, GetBucketLifecycleConfiguration. */
export function getBucketLifecycleConfiguration(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:GetLifecycleConfiguration');
  if (bucket.lifecycleRules.length === 0) {
    throw s3Error('NoSuchLifecycleConfiguration', {
      BucketName: bucket.name,
    });
  }
  const rules = bucket.lifecycleRules.map((rule) => ({
    ID: rule.id,
    Filter: { Prefix: rule.prefix },
    Status: rule.status,
    ...(rule.expireAfterDays === undefined ? {} : { Expiration: { Days: rule.expireAfterDays } }),
    ...(rule.abortIncompleteUploadAfterDays === undefined
      ? {}
      : { AbortIncompleteMultipartUpload: { DaysAfterInitiation: rule.abortIncompleteUploadAfterDays } }),
  }));
  return { xml: xmlDocument('LifecycleConfiguration', { Rule: rules }) };
}

/** S3 API, GetObjectLockConfiguration: buckets here have no default retention. */
export function getObjectLockConfiguration(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:GetBucketObjectLockConfiguration');
  if (!bucket.objectLock) {
    throw s3Error('ObjectLockConfigurationNotFoundError', { BucketName: bucket.name });
  }
  return { xml: xmlDocument('ObjectLockConfiguration', { ObjectLockEnabled: 'Enabled' }) };
}
