// Failed requests: what each was about, and what the error that the AWS SDK threw means for the same request a moment later.

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
  /** What a write was to replace: an object that was seen, or one that the role may not read. */
  readonly replaces?: 'seen' | 'unseen';
  /** Whose credentials signed the request. */
  readonly principal?: 'role' | 'artifactCredentials';
}

/** An S3 request that failed for good, with what it was about. The questions below look through it at its cause. */
export class S3RequestError extends Error {
  readonly target: RequestTarget;

  constructor(target: RequestTarget, cause: unknown) {
    super(`${target.operation} failed: ${errorCode(cause)}`, { cause });
    this.name = 'S3RequestError';
    this.target = target;
  }
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

/** How often the request was sent. */
export function attemptCount(error: unknown): number {
  return asAwsError(error).$metadata?.attempts ?? 1;
}

/** The region in which S3 says that a bucket is, in the answer to a request that went to another one. */
export function redirectRegion(error: unknown): string | undefined {
  const status = httpStatus(error);
  if (status !== 301 && status !== 307 && status !== 400) return undefined;
  const { $response, Region } = asAwsError(error);
  return $response?.headers?.['x-amz-bucket-region'] ?? (typeof Region === 'string' ? Region : undefined);
}

/** Is it a denial: of IAM, of a bucket or key policy, or since the bucket belongs to another account? */
export function isAccessDenied(error: unknown): boolean {
  const code = errorCode(error);
  // S3 refuses to read archived objects with 403, too.
  return DENIED.has(code) || (httpStatus(error) === 403 && code !== 'InvalidObjectState');
}

/** Is the object, version, upload or bucket not there? */
export function isNotFound(error: unknown): boolean {
  return httpStatus(error) === 404;
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

/** Was the request given up by us: the deadline came, or the job had failed already? */
export function isAborted(error: unknown): boolean {
  return asAwsError(error).name === 'AbortError';
}

/** What errors of the AWS SDK may have; none of it is sure to be there. */
interface AwsError {
  readonly name?: string;
  readonly message?: string;
  readonly Code?: string;
  readonly code?: string;
  readonly BucketName?: string;
  readonly Region?: unknown;
  readonly $metadata?: {
    readonly httpStatusCode?: number;
    readonly requestId?: string;
    readonly attempts?: number;
  };
  readonly $response?: {
    readonly statusCode?: number;
    readonly headers?: Record<string, string | undefined>;
  };
  readonly $retryable?: unknown;
}

/** Names that the SDK gives to errors when AWS gave no code. */
export const NO_CODES = new Set(['UnknownError', 'Unknown', 'Error', 'S3ServiceException', '']);

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

const REFUSAL =
  /^(?:AccessDenied|AllAccessDisabled|NoSuch\w+|Invalid\w+|PreconditionFailed|ConditionalRequestConflict|KMS\.\w+)$/;

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

/** Codes of errors that pass, throttling aside. */
export const TRANSIENT = new Set([
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

/** Any error, read as one of the AWS SDK; what a failed request wraps is looked at instead of the wrapping. */
export function asAwsError(error: unknown): AwsError {
  if (error instanceof S3RequestError) return asAwsError(error.cause);
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
