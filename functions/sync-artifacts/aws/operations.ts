// The one table of API operations: which IAM actions each needs, on what, and why. Grants, advice, checks and documents are made from it.
import { omitUndefined } from '../util.ts';

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
interface OperationPermissions {
  readonly operation: string;
  readonly side: Side;
  readonly needs: readonly Grant[];
}

/** Makes the grants of one kind of target. */
function grantsOn(on: GrantTarget) {
  return (action: string, why: string, when?: GrantCondition): Grant => ({
    action,
    on,
    why,
    ...omitUndefined({ when }),
  });
}

const onSourceBucket = grantsOn('source bucket');
const onSource = grantsOn('source objects');
const onSourceKey = grantsOn('source keys');
const onBucket = grantsOn('destination buckets');
const onObject = grantsOn('destination objects');
const onKey = grantsOn('destination keys');
const onJob = grantsOn('any job');

// A request pinned to a version is authorised by the ...Version action, an unpinned one by the plain one; which of the
// two a job sends depends on whether the bucket is versioned (S3 user guide, required permissions for API operations).
const readSource = [
  onSource('s3:GetObject', 'the current version, in a bucket without versioning'),
  onSource('s3:GetObjectVersion', 'the version that the job is pinned to', 'versioned'),
];
const readSourceTags = (why: string): readonly Grant[] => [
  onSource('s3:GetObjectTagging', why),
  onSource('s3:GetObjectVersionTagging', why),
];
const decryptSource = onSourceKey(
  'kms:Decrypt',
  'S3 decrypts the source for the caller, in the region of the source or of the destination',
);
const encryptDestination = [
  onKey('kms:GenerateDataKey', 'S3 makes the data key of the copy'),
  onKey('kms:Decrypt', 'S3 reads its own parts back when the upload is completed'),
];
const writeDestination = onObject('s3:PutObject', 'every write is authorised as PutObject');
const tagDestination = onObject('s3:PutObjectTagging', 'the copy carries the tags of the source', 'tags');
const showChecksum = 'S3 wants it to show the checksum of an encrypted object';
const answer = 'the answer; a job is not a resource that IAM knows';

/** Makes the operations of one side. */
function operationsOf(side: Side, needs: Readonly<Record<string, readonly Grant[]>>): OperationPermissions[] {
  return Object.entries(needs).map(([operation, grants]) => ({ operation, side, needs: grants }));
}

/** Every operation that the function's own role calls. */
export const OPERATIONS: readonly OperationPermissions[] = [
  ...operationsOf('source', {
    HeadObject: [
      ...readSource,
      onSourceBucket('s3:ListBucket', 'without it S3 answers 403 for an object that is gone, not 404'),
      onSourceKey('kms:Decrypt', showChecksum),
      ...readSourceTags('S3 tells the number of tags only to who may read them'),
    ],
    GetObjectAttributes: [
      onSource('s3:GetObjectAttributes', 'part sizes, to cut the copy where the source was cut'),
      onSource('s3:GetObjectVersionAttributes', 'the same of the version that is pinned', 'versioned'),
      ...readSource,
      decryptSource,
    ],
    GetObjectTagging: readSourceTags('the copy carries the tags of the source'),
  }),
  ...operationsOf('destination', {
    HeadBucket: [onBucket('s3:ListBucket', 'HeadBucket is authorised as ListBucket')],
    GetBucketEncryption: [
      onBucket('s3:GetEncryptionConfiguration', 'names the KMS key that copies must end up under'),
    ],
    HeadObject: [
      onObject('s3:GetObject', 'is it already there, and is the finished copy right'),
      onObject('s3:GetObjectVersion', 'proof is read from the version that was written', 'versioned'),
      onBucket('s3:ListBucket', 'tells "not there yet" (404) from "not allowed" (403)'),
      onKey('kms:Decrypt', showChecksum),
      onObject(
        's3:GetObjectTagging',
        'S3 tells the number of tags, by which a copy is known again, only to who may read them',
      ),
      onObject('s3:GetObjectVersionTagging', 'the same of the version that was written'),
    ],
    CopyObject: [
      ...readSource,
      decryptSource,
      ...readSourceTags('CopyObject brings the tags along'),
      writeDestination,
      tagDestination,
      ...encryptDestination,
    ],
    CreateMultipartUpload: [writeDestination, tagDestination, ...encryptDestination],
    UploadPartCopy: [...readSource, decryptSource, writeDestination, ...encryptDestination],
    UploadPart: [writeDestination, ...encryptDestination],
    PutObject: [writeDestination, tagDestination, ...encryptDestination],
    CompleteMultipartUpload: [writeDestination, ...encryptDestination],
    AbortMultipartUpload: [onObject('s3:AbortMultipartUpload', 'a failed copy leaves no parts behind')],
    ListParts: [
      onObject('s3:ListMultipartUploadParts', 'a continued job asks S3 what it has copied already'),
    ],
    ListMultipartUploads: [
      onBucket('s3:ListBucketMultipartUploads', 'a continued job finds the uploads that it began'),
    ],
    DeleteObject: [
      onObject('s3:DeleteObject', 'a copy that proved wrong is removed, in a bucket without versioning'),
      onObject(
        's3:DeleteObjectVersion',
        'a copy that proved wrong is removed, exactly the version written',
        'versioned',
      ),
    ],
  }),
  ...operationsOf('codepipeline', {
    GetJobDetails: [
      onJob(
        'codepipeline:GetJobDetails',
        'names pipeline, stage and action in every log line; fresh artifactCredentials for a relay that outlives those of the event',
      ),
    ],
    PutJobSuccessResult: [onJob('codepipeline:PutJobSuccessResult', answer)],
    PutJobFailureResult: [onJob('codepipeline:PutJobFailureResult', answer)],
  }),
];

/** What only the job's `artifactCredentials` call: the reads of a relay. They have the rights of the pipeline's role. */
export const RELAY_OPERATIONS = operationsOf('source', { GetObject: [...readSource, decryptSource] });

const whichToCopy = 'which annotations there are to copy';

/** What a job with `Annotations: copy` calls besides; roles have no grants for it unless they are added. */
export const ANNOTATION_OPERATIONS: readonly OperationPermissions[] = [
  ...operationsOf('source', {
    ListObjectAnnotations: [
      onSource('s3:ListObjectAnnotations', whichToCopy),
      onSource('s3:ListObjectVersionAnnotations', whichToCopy, 'versioned'),
    ],
    GetObjectAnnotation: [
      onSource('s3:GetObjectAnnotation', 'reads an annotation'),
      onSource(
        's3:GetObjectVersionAnnotation',
        'reads an annotation of the version that is pinned',
        'versioned',
      ),
      decryptSource,
    ],
  }),
  ...operationsOf('destination', {
    ListObjectAnnotations: [onObject('s3:ListObjectAnnotations', 'which annotations the copy has already')],
    PutObjectAnnotation: [onObject('s3:PutObjectAnnotation', 'writes an annotation'), ...encryptDestination],
  }),
];
