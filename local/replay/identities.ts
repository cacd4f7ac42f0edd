// Who acts in a replay, and exactly what they may do: the least that the function needs on the real AWS.
import type { Grant } from '../aws/identities.ts';

/** Reading artifacts: the object as pinned to a version, its tags, its part layout, and 404 instead of 403 for what is gone. */
export const SOURCE_OBJECT_ACTIONS = [
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectTagging',
  's3:GetObjectVersionTagging',
  's3:GetObjectAttributes',
  's3:GetObjectVersionAttributes',
];
/** On the source bucket itself. */
export const SOURCE_BUCKET_ACTIONS = ['s3:ListBucket'];

/** Writing copies, proving them, and removing exactly those that turned out wrong. */
export const DESTINATION_OBJECT_ACTIONS = [
  's3:PutObject',
  's3:PutObjectTagging',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:GetObjectTagging',
  's3:GetObjectVersionTagging',
  's3:GetObjectAttributes',
  's3:GetObjectVersionAttributes',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
];
/** On a destination bucket itself. */
export const DESTINATION_BUCKET_ACTIONS = [
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:GetEncryptionConfiguration',
];

/** Multipart copies need Decrypt on the destination key as well (S3 API, CreateMultipartUpload). */
export const DESTINATION_KEY_ACTIONS = ['kms:GenerateDataKey', 'kms:Decrypt'];
export const SOURCE_KEY_ACTIONS = ['kms:Decrypt'];

/** CodePipeline knows no resources for these. */
export const JOB_ACTIONS = [
  'codepipeline:PutJobSuccessResult',
  'codepipeline:PutJobFailureResult',
  'codepipeline:GetJobDetails',
];

/** What the function's role is to reach. */
export interface RoleScope {
  readonly sourceBuckets: Iterable<string>;
  readonly sourceKeyArns: Iterable<string>;
  readonly destinationBuckets: Iterable<string>;
  readonly destinationKeyArns: Iterable<string>;
}

/** The permissions of the function's role. */
export function roleGrants(scope: RoleScope): Grant[] {
  const sources = [...scope.sourceBuckets];
  const destinations = [...scope.destinationBuckets];
  return [
    { actions: SOURCE_OBJECT_ACTIONS, resources: sources.map(objectsOf) },
    { actions: SOURCE_BUCKET_ACTIONS, resources: sources.map(bucketArn) },
    { actions: SOURCE_KEY_ACTIONS, resources: [...scope.sourceKeyArns] },
    { actions: DESTINATION_OBJECT_ACTIONS, resources: destinations.map(objectsOf) },
    { actions: DESTINATION_BUCKET_ACTIONS, resources: destinations.map(bucketArn) },
    { actions: DESTINATION_KEY_ACTIONS, resources: [...scope.destinationKeyArns] },
    { actions: JOB_ACTIONS, resources: ['*'] },
  ].filter(({ resources }) => resources.length > 0);
}

/** Session of the role, as Lambda assumes it. */
export function roleSessionArn(accountId: string, functionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${functionName}/${functionName}`;
}

function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

function objectsOf(bucket: string): string {
  return `${bucketArn(bucket)}/*`;
}
