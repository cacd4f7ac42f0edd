// The plain data that the steps of a sync hand to each other.
import type { ChecksumAlgorithmName } from './checksums.ts';

/** How copies are made: let the plan choose, only server-side, always streamed through the function; or not at all, only looked for. */
export type Mode = 'auto' | 'copy' | 'relay' | 'audit';

/** How strongly a copy can be shown to equal its source, weakest first (DESIGN section 3.8). */
export const PROOF_STRENGTH = { 'size-only': 0, etag: 1, relayed: 2, composite: 2, checksum: 2 } as const;

/** The kind of proof that a copy has. */
export type ProofKind = keyof typeof PROOF_STRENGTH;

/** The weakest proof that a user accepts. */
export type MinimumProof = 'size-only' | 'etag' | 'checksum';

/** What to do where another object is: replace it, or fail and leave it. */
type Overwrite = 'replace' | 'never';

/** What becomes of the S3 annotations of a source. */
type Annotations = 'exclude' | 'copy';

/** Live credentials of a job. Never log, never put into an error, a token or a file. */
export interface ArtifactCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** An input artifact of the action and where CodePipeline keeps it. */
export interface Artifact {
  readonly name: string;
  readonly bucket: string;
  readonly key: string;
  readonly revision?: string;
}

/** One destination as the user asked for it; nothing here was looked up. */
export interface DestinationRequest {
  readonly bucket: string;
  readonly region?: string;
  readonly kmsKeyId?: string;
  readonly bucketOwner: string;
  readonly keyTemplate: string;
  /** From a set of the function's configuration: what it says is not looked up. */
  readonly configured?: true;
}

/** A CodePipeline job, parsed and validated. */
export interface SyncJob {
  readonly id: string;
  readonly accountId: string;
  readonly artifacts: readonly Artifact[];
  readonly destinations: readonly DestinationRequest[];
  readonly mode: Mode;
  readonly minimumProof: MinimumProof;
  readonly overwrite: Overwrite;
  readonly annotations: Annotations;
  readonly executionId?: string;
  /** Where the manifest goes: each of the action's output artifacts, since a pipeline fails an action that leaves one out. */
  readonly outputArtifacts: readonly Artifact[];
  /** The key of the pipeline's own artifact store, for the manifest. */
  readonly encryptionKeyId?: string;
  readonly artifactCredentials?: ArtifactCredentials;
  readonly continuationToken?: string;
  /** Everything that identifies the action and its inputs, as one string: what a continuation token is bound to. */
  readonly binding: string;
}

/** A checksum as S3 reports it. `COMPOSITE` values depend on the part boundaries and end in `-N`. */
export interface ObjectChecksum {
  readonly algorithm: ChecksumAlgorithmName;
  readonly type: 'FULL_OBJECT' | 'COMPOSITE';
  /** Base64, for `COMPOSITE` with the number of parts behind a dash. */
  readonly value: string;
}

/** Content headers that belong to an object and must survive a copy. */
export interface ContentHeaders {
  readonly CacheControl?: string;
  readonly ContentDisposition?: string;
  readonly ContentEncoding?: string;
  readonly ContentLanguage?: string;
  readonly ContentType?: string;
  readonly Expires?: Date;
}

/** What HeadObject tells about an object. */
export interface ObjectFacts {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly versionId?: string;
  /** Whether it is the version "null" of a bucket that keeps versions or did so once; of others S3 names no version. */
  readonly isNullVersion?: true;
  readonly lastModified?: Date;
  readonly checksum?: ObjectChecksum;
  readonly headers: ContentHeaders;
  readonly metadata: Readonly<Record<string, string>>;
  /** `undefined` when S3 did not say, which is also its answer for an object without tags. */
  readonly tagCount?: number;
  /** `aws:kms` or `aws:kms:dsse` for a copy that is right. */
  readonly encryption?: string;
  readonly kmsKeyArn?: string;
}

/** One object tag. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Whose permissions read the source. */
export type SourceReader = 'role' | 'artifactCredentials';

/** A source artifact as S3 has it, pinned to one version and ETag. */
export interface SourceFacts extends ObjectFacts {
  readonly artifact: Artifact;
  readonly bucketOwner: string;
  readonly region: string;
  readonly readableBy: SourceReader;
  /** `undefined` when neither identity may read the tags. */
  readonly tags: readonly Tag[] | undefined;
  /** Part sizes in bytes of an object whose checksum is `COMPOSITE`, so that a copy can reproduce them. */
  readonly partSizesBytes?: readonly number[];
}

/** The encryption that a copy must have. */
export interface DestinationEncryption {
  readonly algorithm: 'aws:kms' | 'aws:kms:dsse';
  /** What is sent to S3: a key ARN or alias ARN wherever one could be made. */
  readonly kmsKeyId: string;
  /** The key that an alias means now, as S3 answered; absent where nobody asked or S3 did not say. */
  readonly keyArn?: string;
}

/** A destination bucket as S3 has it. */
export interface DestinationFacts {
  readonly bucket: string;
  readonly region: string;
  readonly bucketOwner: string;
  readonly encryption: DestinationEncryption;
}

/** One artifact on its way to one destination. */
export interface CopyTask {
  /** Position in artifacts x destinations, the same in every invocation of a job. */
  readonly index: number;
  readonly source: SourceFacts;
  readonly destination: DestinationFacts;
  readonly key: string;
  /** What is at the destination already. */
  readonly existing?: ObjectFacts;
  /** Set while nobody has looked at the destination, of which `existing` then says nothing: what is needed for a look. */
  readonly unseen?: DestinationRequest;
  /** The upload that an earlier invocation of the job says it began. */
  readonly uploadId?: string;
}

/** What S3 reported of an object when it was written. */
export interface WrittenObject {
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  readonly checksum?: ObjectChecksum | undefined;
  readonly encryption?: string | undefined;
  readonly kmsKeyArn?: string | undefined;
  /** The parts were cut as the source's are, so that COMPOSITE checksums can be compared. */
  readonly sameLayout: boolean;
  /** Every byte went through the function, and its checksum is the one that S3 stored. */
  readonly hashedInTransit: boolean;
  /** The upload was started by an earlier attempt, so its headers and encryption are to be looked at. */
  readonly resumed: boolean;
}

/** The proof of one copy. */
export interface Proof {
  readonly kind: ProofKind;
  readonly algorithm?: ChecksumAlgorithmName;
  /** The key that the object really has, as S3 reports it. */
  readonly kmsKeyArn: string;
  /** `false` when the key was asked for by alias, so that only its account and region could be checked. */
  readonly kmsKeyResolved: boolean;
}

/** How a copy was made. */
export type StrategyName = 'same-object' | 'skip' | 'object' | 'multipart' | 'relay';

/** What an unfinished job hands to its next invocation. Holds no secret. */
export interface Checkpoint {
  /** The first job's id: the correlation id of all invocations. */
  readonly firstJobId: string;
  /** When the first invocation began, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Finished parts and copies so far; a job that stops growing is stuck. */
  readonly progress: number;
  /** Invocations in a row that finished nothing. */
  readonly idleInvocations: number;
  /** Connections that earlier jobs had left open when this one began: the plan depends on them, and must stay the same. */
  readonly openConnections: number;
  /** The pinned source of each artifact, in the job's order. */
  readonly pins: readonly SourcePin[];
  /** How each copy was finished, in the order of artifacts x destinations; `undefined` for one that is not. */
  readonly finished: readonly (FinishedCopy | undefined)[];
  /** Unfinished uploads by position of their copies, as many as fit: for servers that do not list them. */
  readonly uploads?: readonly UnfinishedUpload[];
}

/** Position of a copy, and the id of its upload. */
export type UnfinishedUpload = readonly [copy: number, uploadId: string];

/** The source that an earlier invocation of the job began to copy. */
export interface SourcePin {
  readonly etagDigest: string;
  readonly versionId?: string;
}

/** A copy that an earlier invocation finished. */
export interface FinishedCopy {
  readonly strategy: StrategyName;
  readonly proof: ProofKind;
  /** Digest of the version or ETag that was at the destination then: what is there now must be that. */
  readonly identity: string;
}

/** One finished copy. */
export interface CopyReport {
  readonly task: CopyTask;
  readonly strategy: StrategyName;
  readonly proof?: Proof;
  readonly versionId?: string;
  readonly etag?: string;
  readonly checksum?: ObjectChecksum;
  /** From when the job began to copy to the proof of this one; `undefined` when an earlier invocation finished it. */
  readonly durationMs?: number;
}
