// What copies ought to be: from manifests, from the event of a job, or from an execution of a pipeline.
import type { ObjectChecksum } from '../../functions/sync-artifacts/types.ts';

/** One copy as it was made, as far as that is known. */
export interface ExpectedCopy {
  readonly artifact: string;
  readonly executionId?: string;
  readonly revision?: string;
  readonly source: ExpectedObject;
  readonly destination: ExpectedObject;
  readonly bytes: number;
  readonly checksum?: ObjectChecksum;
  /** The very key; undefined where only that it is a KMS key is known. */
  readonly kmsKeyArn?: string;
  /** The destination is the source itself, which nobody copied or encrypted. */
  readonly isSource?: true;
}

/** Where an object is, or was. */
export interface ExpectedObject {
  readonly bucket: string;
  readonly key: string;
  readonly region?: string;
  readonly versionId?: string;
  readonly eTag?: string;
  /** Account that must own the bucket. */
  readonly owner?: string;
}
