// The one table of API operations: which IAM actions each needs, on what, and why. Grants, advice, checks and documents are made from it.

/** What a grant is for. Objects are what is in the buckets, keys are the KMS keys of the buckets. */
export type GrantTarget =
  | 'source bucket'
  | 'source objects'
  | 'source keys'
  | 'destination buckets'
  | 'destination objects'
  | 'destination keys'
  | 'any job';

/** When an action is needed, if not always. */
type GrantCondition = 'versioned' | 'tags' | 'alias';

/** One IAM action that an operation needs. */
export interface Grant {
  readonly action: string;
  readonly on: GrantTarget;
  readonly why: string;
  /** Only in buckets with versioning, for objects with tags, or for a key that is named by alias. */
  readonly when?: GrantCondition;
}

/** The side of a copy that a request goes to. */
export type Side = 'source' | 'destination' | 'codepipeline';

/** One API operation as the function uses it. */
export interface OperationPermissions {
  readonly operation: string;
  readonly side: Side;
  readonly needs: readonly Grant[];
}

// A request pinned to a version is authorised by the ...Version action, an unpinned one by the plain one; which of the
// two a job sends depends on whether the bucket is versioned (S3 user guide, required permissions for API operations).
const readSource: readonly Grant[] = [
  {
    action: 's3:GetObject',
    on: 'source objects',
    why: 'the current version, in a bucket without versioning',
  },
  {
    action: 's3:GetObjectVersion',
    on: 'source objects',
    why: 'the version that the job is pinned to',
    when: 'versioned',
  },
];
const readSourceTags = (why: string): readonly Grant[] => [
  { action: 's3:GetObjectTagging', on: 'source objects', why },
  { action: 's3:GetObjectVersionTagging', on: 'source objects', why },
];
const decryptSource: Grant = {
  action: 'kms:Decrypt',
  on: 'source keys',
  why: 'S3 decrypts the source for the caller, in the region of the source or of the destination',
};
const encryptDestination: readonly Grant[] = [
  { action: 'kms:GenerateDataKey', on: 'destination keys', why: 'S3 makes the data key of the copy' },
  {
    action: 'kms:Decrypt',
    on: 'destination keys',
    why: 'S3 reads its own parts back when the upload is completed',
  },
];
const writeDestination: Grant = {
  action: 's3:PutObject',
  on: 'destination objects',
  why: 'every write is authorised as PutObject',
};
const tagDestination: Grant = {
  action: 's3:PutObjectTagging',
  on: 'destination objects',
  why: 'the copy carries the tags of the source',
  when: 'tags',
};

/** Every operation that the function's own role calls. */
export const OPERATIONS: readonly OperationPermissions[] = [
  {
    operation: 'HeadObject',
    side: 'source',
    needs: [
      ...readSource,
      {
        action: 's3:ListBucket',
        on: 'source bucket',
        why: 'without it S3 answers 403 for an object that is gone, not 404',
      },
      { ...decryptSource, why: 'S3 wants it to show the checksum of an encrypted object' },
      ...readSourceTags('S3 tells the number of tags only to who may read them'),
    ],
  },
  {
    operation: 'GetObjectAttributes',
    side: 'source',
    needs: [
      {
        action: 's3:GetObjectAttributes',
        on: 'source objects',
        why: 'part sizes, to cut the copy where the source was cut',
      },
      {
        action: 's3:GetObjectVersionAttributes',
        on: 'source objects',
        why: 'the same of the version that is pinned',
        when: 'versioned',
      },
      ...readSource,
      decryptSource,
    ],
  },
  {
    operation: 'GetObjectTagging',
    side: 'source',
    needs: readSourceTags('the copy carries the tags of the source'),
  },
  {
    operation: 'HeadBucket',
    side: 'destination',
    needs: [
      { action: 's3:ListBucket', on: 'destination buckets', why: 'HeadBucket is authorised as ListBucket' },
    ],
  },
  {
    operation: 'GetBucketEncryption',
    side: 'destination',
    needs: [
      {
        action: 's3:GetEncryptionConfiguration',
        on: 'destination buckets',
        why: 'names the KMS key that copies must end up under',
      },
    ],
  },
  {
    operation: 'HeadObject',
    side: 'destination',
    needs: [
      {
        action: 's3:GetObject',
        on: 'destination objects',
        why: 'is it already there, and is the finished copy right',
      },
      {
        action: 's3:GetObjectVersion',
        on: 'destination objects',
        why: 'proof is read from the version that was written',
        when: 'versioned',
      },
      {
        action: 's3:ListBucket',
        on: 'destination buckets',
        why: 'tells "not there yet" (404) from "not allowed" (403)',
      },
      {
        action: 'kms:Decrypt',
        on: 'destination keys',
        why: 'S3 wants it to show the checksum of an encrypted object',
      },
      {
        action: 's3:GetObjectTagging',
        on: 'destination objects',
        why: 'S3 tells the number of tags, by which a copy is known again, only to who may read them',
      },
      {
        action: 's3:GetObjectVersionTagging',
        on: 'destination objects',
        why: 'the same of the version that was written',
      },
    ],
  },
  {
    operation: 'CopyObject',
    side: 'destination',
    needs: [
      ...readSource,
      decryptSource,
      ...readSourceTags('CopyObject brings the tags along'),
      writeDestination,
      tagDestination,
      ...encryptDestination,
    ],
  },
  {
    operation: 'CreateMultipartUpload',
    side: 'destination',
    needs: [writeDestination, tagDestination, ...encryptDestination],
  },
  {
    operation: 'UploadPartCopy',
    side: 'destination',
    needs: [...readSource, decryptSource, writeDestination, ...encryptDestination],
  },
  { operation: 'UploadPart', side: 'destination', needs: [writeDestination, ...encryptDestination] },
  {
    operation: 'PutObject',
    side: 'destination',
    needs: [writeDestination, tagDestination, ...encryptDestination],
  },
  {
    operation: 'CompleteMultipartUpload',
    side: 'destination',
    needs: [writeDestination, ...encryptDestination],
  },
  {
    operation: 'AbortMultipartUpload',
    side: 'destination',
    needs: [
      {
        action: 's3:AbortMultipartUpload',
        on: 'destination objects',
        why: 'a failed copy leaves no parts behind',
      },
    ],
  },
  {
    operation: 'ListParts',
    side: 'destination',
    needs: [
      {
        action: 's3:ListMultipartUploadParts',
        on: 'destination objects',
        why: 'a continued job asks S3 what it has copied already',
      },
    ],
  },
  {
    operation: 'ListMultipartUploads',
    side: 'destination',
    needs: [
      {
        action: 's3:ListBucketMultipartUploads',
        on: 'destination buckets',
        why: 'a continued job finds the uploads that it began',
      },
    ],
  },
  {
    operation: 'DeleteObject',
    side: 'destination',
    needs: [
      {
        action: 's3:DeleteObject',
        on: 'destination objects',
        why: 'a copy that proved wrong is removed, in a bucket without versioning',
      },
      {
        action: 's3:DeleteObjectVersion',
        on: 'destination objects',
        why: 'a copy that proved wrong is removed, exactly the version written',
        when: 'versioned',
      },
    ],
  },
  {
    operation: 'GetJobDetails',
    side: 'codepipeline',
    needs: [
      {
        action: 'codepipeline:GetJobDetails',
        on: 'any job',
        why: 'names pipeline, stage and action in every log line; fresh artifactCredentials for a relay that outlives those of the event',
      },
    ],
  },
  {
    operation: 'PutJobSuccessResult',
    side: 'codepipeline',
    needs: [
      {
        action: 'codepipeline:PutJobSuccessResult',
        on: 'any job',
        why: 'the answer; a job is not a resource that IAM knows',
      },
    ],
  },
  {
    operation: 'PutJobFailureResult',
    side: 'codepipeline',
    needs: [
      {
        action: 'codepipeline:PutJobFailureResult',
        on: 'any job',
        why: 'the answer; a job is not a resource that IAM knows',
      },
    ],
  },
];

/** What only the job's `artifactCredentials` call: the reads of a relay. They have the rights of the pipeline's role. */
export const RELAY_OPERATIONS: readonly OperationPermissions[] = [
  { operation: 'GetObject', side: 'source', needs: [...readSource, decryptSource] },
];

const listAnnotations: Grant = {
  action: 's3:ListObjectAnnotations',
  on: 'source objects',
  why: 'which annotations there are to copy',
};

/** What a job with `Annotations: copy` calls besides; roles have no grants for it unless they are added. */
export const ANNOTATION_OPERATIONS: readonly OperationPermissions[] = [
  {
    operation: 'ListObjectAnnotations',
    side: 'source',
    needs: [
      listAnnotations,
      { ...listAnnotations, action: 's3:ListObjectVersionAnnotations', when: 'versioned' },
    ],
  },
  {
    operation: 'GetObjectAnnotation',
    side: 'source',
    needs: [
      { action: 's3:GetObjectAnnotation', on: 'source objects', why: 'reads an annotation' },
      {
        action: 's3:GetObjectVersionAnnotation',
        on: 'source objects',
        why: 'reads an annotation of the version that is pinned',
        when: 'versioned',
      },
      decryptSource,
    ],
  },
  {
    operation: 'ListObjectAnnotations',
    side: 'destination',
    needs: [{ ...listAnnotations, on: 'destination objects', why: 'which annotations the copy has already' }],
  },
  {
    operation: 'PutObjectAnnotation',
    side: 'destination',
    needs: [
      { action: 's3:PutObjectAnnotation', on: 'destination objects', why: 'writes an annotation' },
      ...encryptDestination,
    ],
  },
];
