// The errors that several operations of S3 answer.
import { AwsError } from '../aws-error.ts';

/** What S3 cannot do, or not like this. */
export function invalidRequest(message: string): AwsError {
  return new AwsError(400, 'InvalidRequest', message);
}

/** A header or query parameter whose value S3 does not understand. */
export function invalidArgument(message: string, name?: string, value?: string): AwsError {
  return new AwsError(400, 'InvalidArgument', message, { ArgumentName: name, ArgumentValue: value });
}

/** A header whose meaning is not supported on an operation. */
export function notImplemented(headerName: string): AwsError {
  const message = 'A header you provided implies functionality that is not implemented';
  return new AwsError(501, 'NotImplemented', message, { Header: headerName });
}

/** The 412 that names the condition. */
export function preconditionFailed(condition: string): AwsError {
  const message = 'At least one of the pre-conditions you specified did not hold';
  return new AwsError(412, 'PreconditionFailed', message, { Condition: condition });
}

/** A bucket that is not there. */
export function noSuchBucket(name: string): AwsError {
  return new AwsError(404, 'NoSuchBucket', 'The specified bucket does not exist', { BucketName: name });
}

/** An object that is not there, or hidden by the delete marker that the headers tell of. */
export function noSuchKey(key: string, headers?: AwsError['headers']): AwsError {
  return new AwsError(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key }, headers);
}

/** A version that is not there. */
export function noSuchVersion(key: string, versionId: string): AwsError {
  const details = { Key: key, VersionId: versionId };
  return new AwsError(404, 'NoSuchVersion', 'The specified version does not exist.', details);
}
