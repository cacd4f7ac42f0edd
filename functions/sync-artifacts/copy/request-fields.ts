// Which fields belong to which copy request; the strategies read as algorithms because this is data.
import type { CompletedPart } from '@aws-sdk/client-s3';
import type { RequestTarget } from '../aws/errors.ts';
import { CHECKSUMS, type ComputedAlgorithm, DEFAULT_CHECKSUM, isComputed } from '../checksums.ts';
import { type ChecksumFields, checksumOf } from '../facts/head-object.ts';
import { type CopyPlace, destinationTarget } from '../facts/object-fields.ts';
import { type PartLayout, partCount } from '../plan/part-layout.ts';
import type { CopyTask, Tag, WrittenObject } from '../types.ts';

/** Names the pinned source: S3 refuses another version or other content (412). */
export function sourceFields({ source }: CopyTask) {
  const { bucket, key } = source.artifact;
  const path = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
  return {
    CopySource:
      source.versionId === undefined ? path : `${path}?versionId=${encodeURIComponent(source.versionId)}`,
    CopySourceIfMatch: source.etag === '' ? undefined : source.etag,
    ExpectedSourceBucketOwner: source.bucketOwner,
  };
}

/** SSE-KMS under the destination's key, with an S3 Bucket Key, which dual-layer encryption does not know. */
export function encryptionFields({ destination }: CopyPlace) {
  const { algorithm, kmsKeyId } = destination.encryption;
  return {
    ServerSideEncryption: algorithm,
    SSEKMSKeyId: kmsKeyId,
    BucketKeyEnabled: algorithm === 'aws:kms' ? true : undefined,
  };
}

/** Content headers, metadata and tags, for requests that do not take them over from the source. */
export function descriptionFields({ source }: CopyTask) {
  return { ...source.headers, Metadata: { ...source.metadata }, Tagging: tagging(source.tags) };
}

/** CopyObject takes tags over only where the caller may read them; those that are known are set instead. */
export function copiedTagFields({ source }: CopyTask) {
  if (source.tags?.length === 0) return {};
  return { TaggingDirective: 'REPLACE', Tagging: tagging(source.tags) } as const;
}

/**
 * The checksum of a multipart upload: the source's kind where S3 can make it from parts, so that the two can be compared; else S3's
 * default, so that every part carries one.
 */
export function uploadChecksumFields({ source: { checksum } }: CopyTask, layout: PartLayout) {
  if (checksum !== undefined && layout.kind === 'reproduced')
    return { ChecksumAlgorithm: checksum.algorithm, ChecksumType: 'COMPOSITE' } as const;
  const isComparable = checksum?.type === 'FULL_OBJECT' && CHECKSUMS[checksum.algorithm].wholeFromParts;
  const ChecksumAlgorithm = isComparable ? checksum.algorithm : DEFAULT_CHECKSUM;
  return { ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' } as const;
}

/** The checksum that relayed bytes are hashed with: one that can be compared with the source's where there is one, else S3's default. */
export function relayAlgorithm(task: CopyTask, layout: PartLayout): ComputedAlgorithm {
  const { checksum } = task.source;
  const wholeInOnePart = checksum?.type === 'FULL_OBJECT' && partCount(layout) === 1;
  const wanted = wholeInOnePart ? checksum.algorithm : uploadChecksumFields(task, layout).ChecksumAlgorithm;
  return isComputed(wanted) ? wanted : DEFAULT_CHECKSUM;
}

/** A finished part as an answer shows it, in the form that CompleteMultipartUpload wants. */
export function completedPart(PartNumber: number, answer: WriteAnswer): CompletedPart {
  const checksum = checksumOf(answer);
  return {
    PartNumber,
    ETag: answer.ETag,
    ...(checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value }),
  };
}

interface WriteAnswer extends ChecksumFields {
  readonly ETag?: string | undefined;
}

interface WriteHeaders {
  readonly VersionId?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly SSEKMSKeyId?: string | undefined;
}

/** What an answer to a write says of the object. */
export function writtenObject(
  answer: WriteAnswer,
  headers: WriteHeaders,
  how: Pick<WrittenObject, 'sameLayout' | 'hashedInTransit' | 'resumed'>,
): WrittenObject {
  return {
    etag: answer.ETag,
    versionId: headers.VersionId,
    checksum: checksumOf(answer),
    encryption: headers.ServerSideEncryption,
    kmsKeyArn: headers.SSEKMSKeyId,
    ...how,
  };
}

/** What a server-side copy is about, for messages. */
export function copyTarget(task: CopyTask, operation: string): RequestTarget {
  const { bucket, key } = task.source.artifact;
  return { ...destinationTarget(task, operation), copySource: { bucket, key } };
}

/** Tags as a header carries them; undefined when there are none. */
export function tagging(tags: readonly Tag[] = []): string | undefined {
  if (tags.length === 0) return undefined;
  return tags.map(({ Key, Value }) => `${encodeURIComponent(Key)}=${encodeURIComponent(Value)}`).join('&');
}
