// The errors of S3 that have one message each, as data (S3 API, error responses), and makers of errors that several operations give, each in its own words.
import { AwsError } from './aws-error.ts';

/** The messages by status and code. */
const ERRORS = {
  301: {
    PermanentRedirect:
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
  },
  304: {
    NotModified: 'Not Modified',
  },
  400: {
    AccessControlListNotSupported: 'The bucket does not allow ACLs',
    AnnotationLimitExceeded: 'The request would exceed the maximum number of annotations allowed per object.',
    AuthorizationQueryParametersError: 'X-Amz-Expires must be a number of seconds up to a week',
    EntityTooSmall: 'Your proposed upload is smaller than the minimum allowed size',
    ExpiredToken: 'The provided token has expired.',
    InvalidAnnotationName: 'The annotation name you provided is invalid.',
    InvalidBucketAclWithObjectOwnership:
      "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    InvalidBucketName: 'The specified bucket is not valid.',
    InvalidDigest: 'The Content-MD5 you specified was invalid.',
    InvalidLocationConstraint: 'The specified location-constraint is not valid',
    InvalidPart:
      "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    InvalidPartOrder:
      'The list of parts was not in ascending order. The parts list must be specified in order by part number.',
    InvalidStorageClass: 'The storage class you specified is not valid',
    InvalidToken: 'The provided token is malformed or otherwise invalid.',
    KeyTooLongError: 'Your key is too long',
    MalformedXML: 'The XML you provided was not well-formed or did not validate against our published schema',
    MetadataTooLarge: 'Your metadata headers exceed the maximum allowed metadata size',
    XAmzContentSHA256Mismatch: "The provided 'x-amz-content-sha256' header does not match what was computed.",
  },
  403: {
    InvalidAccessKeyId: 'The AWS Access Key Id you provided does not exist in our records.',
    RequestTimeTooSkewed: 'The difference between the request time and the current time is too large.',
  },
  404: {
    NoSuchAnnotation: 'The specified annotation does not exist on this object.',
    NoSuchBucket: 'The specified bucket does not exist',
    NoSuchBucketPolicy: 'The bucket policy does not exist',
    NoSuchKey: 'The specified key does not exist.',
    NoSuchLifecycleConfiguration: 'The lifecycle configuration does not exist',
    NoSuchUpload:
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    NoSuchVersion: 'The specified version does not exist.',
    ObjectLockConfigurationNotFoundError: 'Object Lock configuration does not exist for this bucket',
    ServerSideEncryptionConfigurationNotFoundError: 'The server side encryption configuration was not found',
  },
  405: {
    MethodNotAllowed: 'The specified method is not allowed against this resource.',
  },
  409: {
    BucketAlreadyExists: 'The requested bucket name is not available.',
    BucketAlreadyOwnedByYou:
      'Your previous request to create the named bucket succeeded and you already own it.',
    BucketNotEmpty: 'The bucket you tried to delete is not empty',
    ConditionalRequestConflict:
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
  },
  411: {
    MissingContentLength: 'You must provide the Content-Length HTTP header.',
  },
  412: {
    PreconditionFailed: 'At least one of the pre-conditions you specified did not hold',
  },
  500: {
    InternalError: 'We encountered an internal error. Please try again.',
  },
  503: {
    SlowDown: 'Please reduce your request rate.',
  },
} as const;

/** A code of the table. */
export type S3ErrorCode = {
  [Status in keyof typeof ERRORS]: keyof (typeof ERRORS)[Status];
}[keyof typeof ERRORS];

const BY_CODE = new Map<string, { readonly status: number; readonly message: string }>(
  Object.entries(ERRORS).flatMap(([status, messages]) =>
    Object.entries(messages).map(([code, message]) => [code, { status: Number(status), message }]),
  ),
);

/** The error of a code, with the further elements and the headers of its answer. */
export function s3Error(
  code: S3ErrorCode,
  details?: AwsError['details'],
  headers?: AwsError['headers'],
): AwsError {
  const { status = 500, message = '' } = BY_CODE.get(code) ?? {};
  return new AwsError(status, code, message, details, headers);
}

/** A request that S3 cannot carry out, or not in this form. */
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
