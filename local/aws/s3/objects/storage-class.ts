// Storage classes: those that objects can be written into, and those that cannot be read without a restore.
import { AwsError } from '../../aws-error.ts';
import { s3Error } from '../../s3-errors.ts';
import type { ObjectVersion } from '../../state/buckets.ts';
import { requestHeader, type S3Request } from '../request.ts';

/** S3 user guide, storage classes: RestoreObject, which is not served here, comes before a read. */
const ARCHIVES = ['GLACIER', 'DEEP_ARCHIVE'];

/** S3 API, StorageClass, in general purpose buckets. */
const STORAGE_CLASSES = [
  ...['STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'],
  ...ARCHIVES,
];

/** The storage class that a write asks for. @throws InvalidStorageClass */
export function storageClassOf(request: S3Request): string {
  const storageClass = requestHeader(request, 'x-amz-storage-class') ?? 'STANDARD';
  if (!STORAGE_CLASSES.includes(storageClass)) {
    throw s3Error('InvalidStorageClass', {
      StorageClassRequested: storageClass,
    });
  }
  return storageClass;
}

/** @throws InvalidObjectState for the bytes of an archived object */
export function requireRestored({ storageClass }: ObjectVersion, message: string): void {
  if (ARCHIVES.includes(storageClass)) {
    throw new AwsError(403, 'InvalidObjectState', message, { StorageClass: storageClass });
  }
}
