// The errors that end a job and already know their failure type.

/** The failure types that `PutJobFailureResult` knows (CodePipeline API, FailureDetails). */
export const FAILURE_TYPES = [
  'JobFailed',
  'ConfigurationError',
  'PermissionError',
  'RevisionOutOfSync',
  'RevisionUnavailable',
  'SystemUnavailable',
] as const;

/** A failure type that `PutJobFailureResult` knows. */
export type FailureTypeName = (typeof FAILURE_TYPES)[number];

/** A failure as it is reported to CodePipeline. */
export interface JobFailure {
  readonly type: FailureTypeName;
  readonly message: string;
}

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
