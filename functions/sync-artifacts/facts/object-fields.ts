// Names the two ends of a copy: in the fields of a request, and in what a message says that it was about.
import type { RequestTarget } from '../aws/errors.ts';
import type { CopyTask, SourceFacts } from '../types.ts';

/** A source, and who reads it where. */
export type SourcePlace = Pick<SourceFacts, 'artifact' | 'bucketOwner' | 'region' | 'readableBy'>;

/** Where a copy goes, whatever it is a copy of. */
export type CopyPlace = Pick<CopyTask, 'destination' | 'key'>;

/** Names a version of a source, and who must own its bucket. */
export function sourceObject({ artifact, bucketOwner }: SourcePlace, versionId: string | undefined) {
  return {
    Bucket: artifact.bucket,
    Key: artifact.key,
    VersionId: versionId,
    ExpectedBucketOwner: bucketOwner,
  };
}

/** What a request to the source is about. */
export function sourceTarget(
  { artifact: { bucket, key }, region, readableBy }: SourcePlace,
  operation: string,
): RequestTarget {
  return { operation, side: 'source', bucket, key, region, principal: readableBy };
}

/** Names the object that is written, and who must own its bucket. */
export function destinationFields({ destination, key }: CopyPlace) {
  return { Bucket: destination.bucket, Key: key, ExpectedBucketOwner: destination.bucketOwner };
}

/** What a request to the destination is about. */
export function destinationTarget({ destination, key }: CopyPlace, operation: string): RequestTarget {
  const { bucket, region, encryption } = destination;
  return { operation, side: 'destination', bucket, key, region, kmsKeyId: encryption.kmsKeyId };
}

/** Names the copy in a log line. */
export function copyFields({ destination, key }: CopyPlace) {
  return { bucket: destination.bucket, key };
}
