// Which operation a request to S3 means: by method, by what the path names, and by the subresource in the query.
import type { IncomingHttpHeaders } from 'node:http';
import { invalidArgument } from '../s3-errors.ts';
import { getBucketLifecycleConfiguration, getObjectLockConfiguration } from './bucket-configuration.ts';
import { deleteBucketPolicy, getBucketPolicy, putBucketPolicy } from './bucket-policy.ts';
import {
  createBucket,
  deleteBucket,
  deleteBucketEncryption,
  getBucketEncryption,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  putBucketEncryption,
  putBucketVersioning,
} from './buckets.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './listing/list.ts';
import { listBuckets } from './listing/list-buckets.ts';
import { completeMultipartUpload } from './multipart/complete.ts';
import {
  abortMultipartUpload,
  createMultipartUpload,
  uploadPart,
  uploadPartCopy,
} from './multipart/multipart.ts';
import { listMultipartUploads, listParts } from './multipart/multipart-lists.ts';
import {
  deleteObjectAnnotation,
  getObjectAnnotation,
  listObjectAnnotations,
  putObjectAnnotation,
} from './objects/annotations.ts';
import { copyObject } from './objects/copy.ts';
import { deleteObject, deleteObjects } from './objects/delete.ts';
import { getObject, getObjectAttributes, headObject } from './objects/read.ts';
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './objects/tagging.ts';
import { putObject } from './objects/write.ts';
import type { S3Operation } from './request.ts';

/** An operation under the name that the S3 API gives it. */
interface NamedOperation {
  readonly name: string;
  readonly run: S3Operation;
}

/** `METHOD level[?subresource]`, where the level is what the path names. */
const OPERATIONS: Readonly<Record<string, NamedOperation>> = {
  'GET service': { name: 'ListBuckets', run: listBuckets },
  'PUT bucket': { name: 'CreateBucket', run: createBucket },
  'HEAD bucket': { name: 'HeadBucket', run: headBucket },
  'DELETE bucket': { name: 'DeleteBucket', run: deleteBucket },
  'GET bucket': { name: 'ListObjects', run: listObjects },
  'GET bucket?list-type': { name: 'ListObjectsV2', run: listObjectsV2 },
  'GET bucket?versions': { name: 'ListObjectVersions', run: listObjectVersions },
  'GET bucket?uploads': { name: 'ListMultipartUploads', run: listMultipartUploads },
  'GET bucket?location': { name: 'GetBucketLocation', run: getBucketLocation },
  'GET bucket?encryption': { name: 'GetBucketEncryption', run: getBucketEncryption },
  'PUT bucket?encryption': { name: 'PutBucketEncryption', run: putBucketEncryption },
  'DELETE bucket?encryption': { name: 'DeleteBucketEncryption', run: deleteBucketEncryption },
  'GET bucket?versioning': { name: 'GetBucketVersioning', run: getBucketVersioning },
  'PUT bucket?versioning': { name: 'PutBucketVersioning', run: putBucketVersioning },
  'PUT bucket?policy': { name: 'PutBucketPolicy', run: putBucketPolicy },
  'GET bucket?policy': { name: 'GetBucketPolicy', run: getBucketPolicy },
  'DELETE bucket?policy': { name: 'DeleteBucketPolicy', run: deleteBucketPolicy },
  'GET bucket?lifecycle': { name: 'GetBucketLifecycleConfiguration', run: getBucketLifecycleConfiguration },
  'GET bucket?object-lock': { name: 'GetObjectLockConfiguration', run: getObjectLockConfiguration },
  'POST bucket?delete': { name: 'DeleteObjects', run: deleteObjects },
  'GET object': { name: 'GetObject', run: getObject },
  'HEAD object': { name: 'HeadObject', run: headObject },
  'PUT object': { name: 'PutObject', run: putObject },
  'PUT object copy': { name: 'CopyObject', run: copyObject },
  'DELETE object': { name: 'DeleteObject', run: deleteObject },
  'GET object?attributes': { name: 'GetObjectAttributes', run: getObjectAttributes },
  'GET object?tagging': { name: 'GetObjectTagging', run: getObjectTagging },
  'PUT object?tagging': { name: 'PutObjectTagging', run: putObjectTagging },
  'DELETE object?tagging': { name: 'DeleteObjectTagging', run: deleteObjectTagging },
  'GET object?annotation': { name: 'ListObjectAnnotations', run: listObjectAnnotations },
  'GET object?annotation&annotationName': { name: 'GetObjectAnnotation', run: getObjectAnnotation },
  'PUT object?annotation&annotationName': { name: 'PutObjectAnnotation', run: putObjectAnnotation },
  'DELETE object?annotation&annotationName': { name: 'DeleteObjectAnnotation', run: deleteObjectAnnotation },
  'POST object?uploads': { name: 'CreateMultipartUpload', run: createMultipartUpload },
  'PUT object?uploadId': { name: 'UploadPart', run: uploadPart },
  'PUT object?uploadId copy': { name: 'UploadPartCopy', run: uploadPartCopy },
  'POST object?uploadId': { name: 'CompleteMultipartUpload', run: completeMultipartUpload },
  'DELETE object?uploadId': { name: 'AbortMultipartUpload', run: abortMultipartUpload },
  'GET object?uploadId': { name: 'ListParts', run: listParts },
};

/**
 * The query parameters that make another operation of a request: all that the S3 API has, so that one without an entry
 * above is refused instead of being taken for the operation without it. A test compares them with the SDK's model.
 */
const SUBRESOURCES: readonly string[] = [
  ...['abac', 'accelerate', 'acl', 'analytics', 'annotation', 'attributes', 'cors', 'delete', 'encryption'],
  ...['intelligent-tiering', 'inventory', 'legal-hold', 'lifecycle', 'list-type', 'location', 'logging'],
  ...['metadataAnnotationTable', 'metadataConfiguration', 'metadataInventoryTable', 'metadataJournalTable'],
  ...['metadataTable', 'metrics', 'notification', 'object-lock', 'ownershipControls', 'policy'],
  ...['policyStatus', 'publicAccessBlock', 'renameObject', 'replication', 'requestPayment', 'restore'],
  ...['retention', 'select', 'session', 'tagging', 'torrent', 'uploadId', 'uploads', 'versioning'],
  ...['versions', 'website'],
];

/**
 * The operation, or undefined if it is none that the embedded AWS has.
 * @throws InvalidArgument for two subresources at once
 */
export function operationOf(
  method: string,
  bucketName: string,
  key: string,
  query: ReadonlyMap<string, string>,
  headers: IncomingHttpHeaders,
): NamedOperation | undefined {
  const level = bucketName === '' ? 'service' : key === '' ? 'bucket' : 'object';
  const [subresource, ...conflicting] = SUBRESOURCES.filter((name) => query.has(name));
  if (conflicting.length > 0) {
    throw invalidArgument(`Conflicting query string parameters: ${[subresource, ...conflicting].join(', ')}`);
  }
  const one = query.has('annotationName') ? '&annotationName' : '';
  const copy = headers['x-amz-copy-source'] === undefined ? '' : ' copy';
  const found =
    OPERATIONS[`${method} ${level}${subresource === undefined ? '' : `?${subresource}`}${one}${copy}`];
  // The SDKs name the operation in the query; ListDirectoryBuckets differs from ListBuckets in nothing else.
  const named = query.get('x-id');
  return named === undefined || named === found?.name ? found : undefined;
}
