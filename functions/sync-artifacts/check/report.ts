// The answer to a check event, as plain data: what a job with these parameters would run into, and what to change.
import type { FailureTypeName } from '../errors.ts';
import type { DenialAdvice } from '../result/advice.ts';
import type { DestinationEncryption, SourceReader } from '../types.ts';

/** The property that makes an event a check event. */
export const CHECK_EVENT = 'ArtifactSync.check';

/** What a check event asks. It is invoked directly and synchronously; there is no job and no result for CodePipeline. */
export interface CheckRequest {
  /** The action's UserParameters: JSON text as in the action, or the object itself. */
  readonly userParameters: unknown;
  /** Account of the pipeline, 12 digits. */
  readonly accountId: string;
  /**
   * Input artifacts as a job's event has them, of an earlier execution of the pipeline.
   * @default none: sources are not looked at, and destinations are tried at keys of artifacts that do not exist
   */
  readonly inputArtifacts?: readonly unknown[];
}

/** The whole report. */
export interface CheckReport {
  /** Changes when a reader of version 1 could misread it. */
  readonly version: 1;
  /** Would a job with these parameters, artifacts and permissions run, as far as can be seen without copying? */
  readonly ok: boolean;
  /** Region of the function. */
  readonly region: string;
  /** About parameters, settings and artifacts as a whole. When they cannot be used, there are no sources and destinations. */
  readonly findings: readonly Finding[];
  /** In the order of the artifacts; empty without `inputArtifacts`. */
  readonly sources: readonly SourceCheck[];
  /** In the order of the parameters. */
  readonly destinations: readonly DestinationCheck[];
}

/** One thing that is wrong. */
export interface Finding {
  /** `error`: a job would fail. `warning`: it would run, but slower or with less than it could have. */
  readonly severity: 'error' | 'warning';
  /** How such a job would fail; only of errors. */
  readonly type?: FailureTypeName;
  /** For people: what was given, what is expected, what to do. */
  readonly message: string;
  /** The request that was refused; absent when no request was. */
  readonly request?: {
    readonly operation: string;
    readonly bucket: string;
    readonly key?: string;
    readonly region: string;
    /** AWS's error code, such as `AccessDenied`. */
    readonly errorCode: string;
    readonly requestId?: string;
  };
  /** Of a denial: what to allow, to whom, where. */
  readonly denial?: Omit<DenialAdvice, 'text'>;
}

/** One input artifact. */
export interface SourceCheck {
  readonly artifact: string;
  readonly bucket: string;
  readonly key: string;
  /** Found out; absent when the artifact could not be read. */
  readonly region?: string;
  readonly sizeBytes?: number;
  /** `artifactCredentials`: not looked at or not readable by the role, so that only a relay can copy it. */
  readonly readableBy: SourceReader;
  readonly findings: readonly Finding[];
}

/** One destination. */
export interface DestinationCheck {
  readonly bucket: string;
  /** Keys that were tried, in the order of the artifacts. */
  readonly keys: readonly string[];
  /** Found out; absent when the bucket could not be found. */
  readonly region?: string;
  /** As given in the parameters or by the bucket, the key made an ARN. */
  readonly encryption?: Pick<DestinationEncryption, 'algorithm' | 'kmsKeyId'> & {
    /** The key that S3 answered with: an alias resolved. */
    readonly kmsKeyArn?: string;
  };
  /** Was an upload started and aborted at every key: are all permissions and keys there that a copy needs to write? */
  readonly writable: boolean;
  readonly findings: readonly Finding[];
}
