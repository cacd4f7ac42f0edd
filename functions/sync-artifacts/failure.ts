// Turns any error into a CodePipeline failure type and a message that says what to change.
import type { FailureTypeName } from './metrics.ts';
import { partitionOf } from './partition.ts';

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

/** The error code that AWS gave, such as `NoSuchKey`; for HEAD requests, which have no body, by status. */
export function errorCode(error: unknown): string {
  const { name, Code, code } = asAwsError(error);
  const given = [Code, name, code].find((candidate) => candidate !== undefined && !NO_CODES.has(candidate));
  if (given !== undefined && !/^\d+$/.test(given)) return given;
  const status = httpStatus(error);
  return (status === undefined ? undefined : CODE_BY_STATUS[status]) ?? code ?? name ?? 'UnknownError';
}

/** HTTP status of an AWS error, if there was an answer at all. */
export function httpStatus(error: unknown): number | undefined {
  const { $metadata, $response } = asAwsError(error);
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** A response header of an AWS error, such as `x-amz-bucket-region`. */
export function responseHeader(error: unknown, name: string): string | undefined {
  return asAwsError(error).$response?.headers?.[name];
}

/** Is it a denial: of IAM, of a bucket or key policy, or since the bucket belongs to another account? */
export function isAccessDenied(error: unknown): boolean {
  return DENIED.has(errorCode(error)) || httpStatus(error) === 403;
}

/** Is the object, version, upload or bucket not there? */
export function isNotFound(error: unknown): boolean {
  return httpStatus(error) === 404;
}

/** Does the server lack what was asked for? So S3 servers other than AWS answer. */
export function isUnsupported(error: unknown): boolean {
  const status = httpStatus(error);
  const code = errorCode(error);
  if (code === 'NoSuchBucket') return false;
  return status === 404 || status === 405 || status === 501 || (status === 400 && UNSUPPORTED.has(code));
}

/** Did S3 ask to slow down? */
export function isThrottling(error: unknown): boolean {
  return THROTTLED.has(errorCode(error)) || httpStatus(error) === 429;
}

/** Would the same request possibly succeed a moment later? */
export function isTransient(error: unknown): boolean {
  const status = httpStatus(error);
  const code = errorCode(error);
  if (isThrottling(error) || TRANSIENT.has(code)) return true;
  // A refusal inside a `200 OK` comes from the SDK with status 503: its code tells more.
  if (status !== undefined && status >= 500 && status !== 501) return !REFUSAL.test(code);
  return (status === undefined || (status >= 200 && status < 300)) && isNetworkError(error);
}

/** Does the error mean that credentials ran out? */
export function isExpired(error: unknown): boolean {
  return ['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired'].includes(errorCode(error));
}

interface AwsError {
  readonly name?: string;
  readonly message?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly BucketName?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Record<string, string | undefined>;
  };
  readonly $retryable?: unknown;
}

const NO_CODES = new Set(['UnknownError', 'Unknown', 'Error', 'S3ServiceException', 'S3RequestError', '']);
const CODE_BY_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  400: 'BadRequest',
  403: 'AccessDenied',
  404: 'NotFound',
  412: 'PreconditionFailed',
  500: 'InternalError',
  501: 'NotImplemented',
  503: 'ServiceUnavailable',
};
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'AllAccessDisabled', 'Forbidden']);
/** With status 400. Others say what is wrong with the request or its credentials. */
const UNSUPPORTED = new Set([
  'BadRequest',
  'InvalidRequest',
  'InvalidArgument',
  'MalformedXML',
  'NotImplemented',
  'UnsupportedOperation',
]);
const REFUSAL = /^(?:AccessDenied|AllAccessDisabled|NoSuch\w+|Invalid\w+|PreconditionFailed|KMS\.\w+)$/;
const THROTTLED = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'BandwidthLimitExceeded',
  'KMS.ThrottlingException',
]);
const TRANSIENT = new Set([
  'InternalError',
  'InternalFailure',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'RequestTimeout',
  'RequestTimeoutException',
  'TimeoutError',
  'OperationAborted',
  'IncompleteBody',
  'RequestTimeTooSkewed',
  'KMS.KMSInternalException',
  'KMS.DependencyTimeoutException',
  'KMS.KeyUnavailableException',
]);
const NETWORK = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SOCKET_CLOSED',
  'UND_ERR_SOCKET',
]);

function asAwsError(error: unknown): AwsError {
  return typeof error === 'object' && error !== null ? error : {};
}

function isNetworkError(error: unknown): boolean {
  const { name, code, message } = asAwsError(error);
  if (name === 'AbortError') return false;
  if (code !== undefined && (NETWORK.has(code) || code.startsWith('HPE_'))) return true;
  return (
    name === 'TimeoutError' ||
    /socket hang up|premature close|terminated|deserialization error|stalled|truncated/i.test(message ?? '')
  );
}

function requestFailure({ target, cause }: S3RequestError): JobFailure {
  const code = errorCode(cause);
  const context = `${where(target)}: ${code}${requestId(cause)}`;
  const said = asAwsError(cause).message ?? '';
  const speaker = httpStatus(cause) === undefined ? 'The network' : 'AWS';
  const details = said === '' || said === code || NO_CODES.has(said) ? '' : ` ${speaker} said: ${said}`;
  const fail = (type: FailureTypeName, advice: string): JobFailure => ({
    type,
    message: `${context}. ${advice}${details}`,
  });

  if (isExpired(cause)) {
    return fail(
      'SystemUnavailable',
      "The job's artifactCredentials ran out and GetJobDetails gave no new ones: retry the stage; for long relays allow codepipeline:GetJobDetails.",
    );
  }
  const kms = kmsFailure(code, target);
  if (kms !== undefined) return fail('ConfigurationError', kms);
  if (code === 'NoSuchBucket') {
    const missing = asAwsError(cause).BucketName ?? target.bucket;
    return fail(
      'ConfigurationError',
      `Bucket ${missing} does not exist: create it or correct the bucket's name in UserParameters.`,
    );
  }
  if (isSourceChange(code, target) || isHiddenAbsence(said, target)) {
    return fail(
      'RevisionOutOfSync',
      'The source artifact changed or vanished while it was being copied: release the change again.',
    );
  }
  if (target.side === 'source' && isNotFound(cause)) {
    return fail(
      'RevisionUnavailable',
      'The source artifact does not exist: check the lifecycle rules of the artifact bucket, then release the change again.',
    );
  }
  if (code === 'BadRequest' && target.operation === 'HeadObject') {
    return fail(
      'ConfigurationError',
      "S3 gives no reason to a HEAD request; usually the object's KMS key is disabled or pending deletion: enable it, or release the change again.",
    );
  }
  if (CREDENTIALS.has(code)) {
    return fail(
      'PermissionError',
      `The credentials of ${principalName(target, said)} were refused: check the function's execution role.`,
    );
  }
  if (isAccessDenied(cause)) return fail('PermissionError', denialAdvice(target, said));
  if (isTransient(cause)) {
    return fail(
      'SystemUnavailable',
      'S3, KMS or the network kept failing after retries: retry the stage; if it lasts, look at the AWS Health Dashboard.',
    );
  }
  if (
    code === 'PermanentRedirect' ||
    code === 'AuthorizationHeaderMalformed' ||
    code === 'IllegalLocationConstraintException'
  ) {
    return fail(
      'ConfigurationError',
      "The bucket is in another region than given or found: correct the destination's Region.",
    );
  }
  return fail('JobFailed', 'S3 refused the request; the same request would be refused again.');
}

const CREDENTIALS = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
]);

function where({ operation, bucket, key, region, copySource }: RequestTarget): string {
  const object = key === undefined ? `s3://${bucket}` : `s3://${bucket}/${key}`;
  const from = copySource === undefined ? '' : ` from s3://${copySource.bucket}/${copySource.key}`;
  return `${operation} on ${object}${from} in ${region}`;
}

function requestId(cause: unknown): string {
  const id = asAwsError(cause).$metadata?.requestId;
  return id === undefined ? '' : ` (request id ${id})`;
}

/** The pinned source is gone or another one: known facts no longer hold. */
function isSourceChange(code: string, target: RequestTarget): boolean {
  if (code === 'PreconditionFailed') return true;
  const readsSource = target.copySource !== undefined || target.operation === 'GetObject';
  return readsSource && ['NoSuchKey', 'NoSuchVersion', 'NotFound'].includes(code);
}

/** Without s3:ListBucket, S3 says that instead of "not found"; but what a copy reads was there when it began. */
function isHiddenAbsence(said: string, { operation }: RequestTarget): boolean {
  return operation === 'GetObject' && said.includes('s3:ListBucket');
}

function kmsFailure(code: string, { kmsKeyId, side }: RequestTarget): string | undefined {
  if (!code.startsWith('KMS.') || code === 'KMS.ThrottlingException') return undefined;
  const key = kmsKeyId ?? `the KMS key of the ${side} bucket`;
  switch (code) {
    case 'KMS.DisabledException':
      return `KMS key ${key} (or the key of the source) is disabled: enable it, or name another in KmsKeyId or in the bucket's default encryption.`;
    case 'KMS.NotFoundException':
      return `KMS key ${key} does not exist in the bucket's region and account: correct KmsKeyId or the bucket's default encryption.`;
    case 'KMS.KMSInvalidStateException':
    case 'KMS.InvalidStateException':
      return `KMS key ${key} (or the key of the source) is not usable, perhaps pending deletion: cancel the deletion or name another key.`;
    default:
      return TRANSIENT.has(code) ? undefined : `KMS refused key ${key}: check the key's state and usage.`;
  }
}

/** IAM actions that an S3 operation needs, for the advice in a denial. */
const ACTION_BY_OPERATION: Readonly<Record<string, string>> = {
  HeadObject: 's3:GetObject',
  GetObject: 's3:GetObject',
  GetObjectTagging: 's3:GetObjectTagging',
  GetObjectAttributes: 's3:GetObjectAttributes',
  HeadBucket: 's3:ListBucket',
  GetBucketEncryption: 's3:GetEncryptionConfiguration',
  CopyObject: 's3:PutObject',
  CreateMultipartUpload: 's3:PutObject',
  UploadPart: 's3:PutObject',
  UploadPartCopy: 's3:PutObject',
  CompleteMultipartUpload: 's3:PutObject',
  PutObject: 's3:PutObject',
  AbortMultipartUpload: 's3:AbortMultipartUpload',
  ListParts: 's3:ListMultipartUploadParts',
  ListMultipartUploads: 's3:ListBucketMultipartUploads',
  DeleteObject: 's3:DeleteObject',
};

function denialAdvice(target: RequestTarget, said: string): string {
  const principal = principalName(target, said);
  if (said.includes('codepipeline:GetJobDetails')) {
    return `The job's artifactCredentials ran out and must be renewed: allow codepipeline:GetJobDetails on * for ${principal}, in its IAM policy.`;
  }
  const kmsAction = /kms:[A-Za-z]+/.exec(said)?.[0];
  if (kmsAction !== undefined) {
    const key =
      /arn:[a-z-]+:kms:[^\s"]+/.exec(said)?.[0].replace(/[.,;]$/, '') ??
      target.kmsKeyId ??
      "the bucket's KMS key";
    return `Allow ${kmsAction} on ${key} for ${principal}, in the key policy and, for a role, in its IAM policy.`;
  }
  const action = /s3:[A-Za-z]+/.exec(said)?.[0] ?? ACTION_BY_OPERATION[target.operation] ?? 's3:*';
  const bucketLevel = target.key === undefined;
  const arn = `arn:${partitionOf(target.region)}:s3:::`;
  const resource =
    /"(arn:[a-z-]+:s3:::[^"]+)"/.exec(said)?.[1] ??
    `${arn}${target.bucket}${bucketLevel ? '' : `/${target.key}`}`;
  const reading =
    target.copySource === undefined
      ? ''
      : `, and s3:GetObject with s3:GetObjectVersion on ${arn}${target.copySource.bucket}/${target.copySource.key},`;
  const keys = bucketLevel
    ? ''
    : `; S3 hides KMS denials on HEAD, so check kms:${target.side === 'source' ? 'Decrypt' : 'GenerateDataKey and kms:Decrypt'} on ${target.kmsKeyId ?? "the bucket's key"} too`;
  return (
    `Allow ${action} on ${resource}${reading} for ${principal}: look at its IAM policy first, then at the bucket policy${keys}. ` +
    `If bucket ${target.bucket} belongs to another account than expected, S3 answers the same: correct BucketOwner.`
  );
}

function principalName(target: RequestTarget, said: string): string {
  const named = /User: (arn:[^\s]+)/.exec(said)?.[1];
  if (named !== undefined) return named;
  return target.principal === 'artifactCredentials' ? "the job's artifactCredentials" : "the function's role";
}
