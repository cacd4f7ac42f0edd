// The errors that end a job, and what CodePipeline is told of any error.
import { errorCode } from '../aws/errors.ts';
import type { FailureTypeName } from '../telemetry/metrics.ts';
import { requestFailure } from './request-failure.ts';

/** An error that already knows its failure type; its message is written for the pipeline's operator. */
export class SyncError extends Error {
  readonly failureType: FailureTypeName;

  constructor(failureType: FailureTypeName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = failureType;
    this.failureType = failureType;
  }
}

/** Bad parameters or settings; nothing was written. */
export class ConfigurationError extends SyncError {
  constructor(message: string, options?: ErrorOptions) {
    super('ConfigurationError', message, options);
  }
}

/** What a request was about, for messages. */
export interface RequestTarget {
  /** API operation, such as `UploadPartCopy`. */
  readonly operation: string;
  /** Which bucket the request concerns first. */
  readonly side: 'source' | 'destination';
  readonly bucket: string;
  readonly key?: string;
  readonly region: string;
  /** The source of a server-side copy, as `bucket/key`. */
  readonly copySource?: { readonly bucket: string; readonly key: string };
  /** The KMS key that the request names or needs. */
  readonly kmsKeyId?: string;
  /** Whose credentials signed the request. */
  readonly principal?: 'role' | 'artifactCredentials';
}

/** An S3 request that failed for good, with what it was about. */
export class S3RequestError extends Error {
  readonly target: RequestTarget;

  constructor(target: RequestTarget, cause: unknown) {
    super(`${target.operation} failed: ${errorCode(cause)}`, { cause });
    this.name = 'S3RequestError';
    this.target = target;
  }
}

/** A failure as CodePipeline is told about it. */
export interface JobFailure {
  readonly type: FailureTypeName;
  readonly message: string;
}

/** Classifies any error. Nothing of the event, of credentials or of headers gets into the message. */
export function toJobFailure(error: unknown): JobFailure {
  if (error instanceof SyncError) return { type: error.failureType, message: error.message };
  if (error instanceof S3RequestError) return requestFailure(error);
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return {
    type: 'JobFailed',
    message: `Unexpected ${name}: ${message}. This is a defect of the function: look for the log line "Job failed" of this request and report it.`,
  };
}
