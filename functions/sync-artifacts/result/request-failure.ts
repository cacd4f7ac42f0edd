// What a failed S3 request means for the pipeline, and what to change.

import {
  asAwsError,
  errorCode,
  httpStatus,
  isAborted,
  isAccessDenied,
  isExpired,
  isNotFound,
  isTransient,
  NO_CODES,
  type RequestTarget,
  type S3RequestError,
  TRANSIENT,
} from '../aws/errors.ts';
import type { FailureTypeName, JobFailure } from '../errors.ts';
import { adviseOnDenial, readDenial } from './advice.ts';

/** The failure type of a request that failed for good, and a message with what to change. */
export function requestFailure({ target, cause }: S3RequestError): JobFailure {
  const code = errorCode(cause);
  const context = `${where(target)}: ${isAborted(cause) ? 'no answer' : code}${requestId(cause)}`;
  const reported = asAwsError(cause).message ?? '';
  const speaker = httpStatus(cause) === undefined ? 'The network' : 'AWS';
  const details =
    reported === '' || reported === code || NO_CODES.has(reported) ? '' : ` ${speaker} reported: ${reported}`;
  const fail = (type: FailureTypeName, advice: string): JobFailure => ({
    type,
    message: `${context}. ${advice}${details}`,
  });

  if (isAborted(cause)) {
    const advice =
      'Retry the stage; if it happens again, raise the timeout of the function, and check that it can reach S3 there (VPC endpoint, security group, proxy).';
    return { type: 'SystemUnavailable', message: `${context}. ${advice}` };
  }
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
  if (isSourceChange(code, target) || isHiddenAbsence(reported, target)) {
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
  if (NOT_ENABLED.has(code)) {
    return fail(
      'ConfigurationError',
      `Region ${target.region} is not enabled for the account whose credentials signed: it is an opt-in region. Enable it (Account settings, AWS Regions), wait some minutes and retry the stage.`,
    );
  }
  if (CREDENTIALS.has(code)) {
    const who =
      target.principal === 'artifactCredentials' ? "the job's artifactCredentials" : "the function's role";
    return fail(
      'PermissionError',
      code === 'InvalidToken'
        ? `S3 in ${target.region} does not accept the session of ${who}. If ${target.region} is an opt-in region, enable it for that account (Account settings, AWS Regions); otherwise check the function's execution role.`
        : `The credentials of ${who} were refused: check the function's execution role.`,
    );
  }
  if (reported.includes('codepipeline:GetJobDetails')) {
    const who = readDenial(reported).principalArn ?? "the function's role";
    return fail(
      'PermissionError',
      `The job's artifactCredentials ran out and must be renewed: allow codepipeline:GetJobDetails on * for ${who}, in its IAM policy.`,
    );
  }
  // A server may call its errors whatever it likes, `constructor` too.
  const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (known !== undefined) return fail(...known);
  if (isAccessDenied(cause)) return fail('PermissionError', adviseOnDenial(target, reported).text);
  if (isTransient(cause)) {
    return fail(
      'SystemUnavailable',
      'S3, KMS or the network kept failing after retries: retry the stage; if it lasts, look at the AWS Health Dashboard.',
    );
  }
  if (ELSEWHERE.has(code)) {
    return fail(
      'ConfigurationError',
      "The bucket is in another region than given or found: correct the destination's Region.",
    );
  }
  return fail('JobFailed', 'S3 refused the request; the same request would be refused again.');
}

/** Codes for a bucket in another region, unless their status says that the request was denied or failed for a while. */
const ELSEWHERE = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]);

/** Failures of which the code alone says what to do. */
const BY_CODE: Readonly<Record<string, readonly [FailureTypeName, string]>> = {
  NoSuchUpload: [
    'JobFailed',
    'Something else ended the upload, and those started after it: look at what else writes to this key or aborts uploads in the bucket, then retry the stage.',
  ],
  InvalidObjectState: [
    'RevisionUnavailable',
    'The source artifact is archived: restore it, keep lifecycle rules from moving artifacts to archive storage classes, and retry the stage.',
  ],
};

/** The account has not opted in to the region (AWS account guide, enable or disable Regions). */
const NOT_ENABLED = new Set(['OptInRequired', 'NotSignedUp']);

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
function isHiddenAbsence(reported: string, { operation }: RequestTarget): boolean {
  return operation === 'GetObject' && reported.includes('s3:ListBucket');
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
