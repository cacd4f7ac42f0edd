// What errors of the SDK mean for a request, and for the pipeline.
import { describe, expect, it } from 'vitest';
import {
  errorCode,
  isTransient,
  redirectRegion,
  S3RequestError,
} from '../../../functions/sync-artifacts/aws/errors.ts';
import { SyncError } from '../../../functions/sync-artifacts/errors.ts';
import { toJobFailure } from '../../../functions/sync-artifacts/result/failure.ts';

describe('an error', () => {
  const target = {
    operation: 'CopyObject',
    side: 'destination',
    bucket: 'b',
    key: 'k',
    region: 'r',
  } as const;
  const answered = (status: number, name = 'UnknownError') => ({
    name,
    $metadata: { httpStatusCode: status },
  });

  it.each([
    [answered(404), 'NotFound'],
    [answered(503), 'ServiceUnavailable'],
    [answered(418), 'UnknownError'],
    [answered(400, '400'), 'BadRequest'],
    [{ name: 'Error', code: 'ECONNRESET' }, 'ECONNRESET'],
    ['text', 'UnknownError'],
    [undefined, 'UnknownError'],
  ])('%o has the code %s', (error, code) => {
    expect(errorCode(error)).toBe(code);
  });

  it.each([
    [answered(500), true],
    [answered(501), false],
    [answered(200, 'InternalError'), true],
    [answered(400, 'RequestTimeout'), true],
    [answered(400, 'InvalidRequest'), false],
    [answered(429), true],
    [answered(403, 'RequestTimeTooSkewed'), true],
    [answered(400, 'KMS.ThrottlingException'), true],
    [Object.assign(answered(200), { code: 'ECONNRESET' }), true],
    [Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), true],
    [Object.assign(new Error('x'), { code: 'HPE_INVALID_CONSTANT' }), true],
    [new Error('socket hang up'), true],
    [new DOMException('stopped', 'AbortError'), false],
    [new TypeError('defect'), false],
  ])('%o is worth another try: %s', (error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });

  it('that nobody foresaw is a JobFailed that asks to be reported', () => {
    expect(toJobFailure(new TypeError('x is not a function'))).toEqual({
      type: 'JobFailed',
      message: expect.stringMatching(/^Unexpected TypeError: x is not a function\. .* report it\.$/),
    });
    expect(toJobFailure('text').message).toContain('Unexpected Error: text');
  });

  it('that knows its type keeps it', () => {
    expect(toJobFailure(new SyncError('RevisionOutOfSync', 'Changed.'))).toEqual({
      type: 'RevisionOutOfSync',
      message: 'Changed.',
    });
  });

  it.each([
    ['PermanentRedirect', 301, 'ConfigurationError', "correct the destination's Region"],
    ['KMS.InvalidStateException', 400, 'ConfigurationError', 'not usable'],
    ['KMS.SomethingNew', 400, 'ConfigurationError', "check the key's state"],
    ['KMS.KMSInternalException', 500, 'SystemUnavailable', 'retry the stage'],
    ['ExpiredToken', 400, 'SystemUnavailable', 'codepipeline:GetJobDetails'],
    ['SignatureDoesNotMatch', 403, 'PermissionError', 'were refused'],
    ['NoSuchUpload', 404, 'JobFailed', 'look at what else writes to this key'],
    ['InvalidObjectState', 403, 'RevisionUnavailable', 'is archived: restore it'],
    ['MethodNotAllowed', 405, 'JobFailed', 'would be refused again'],
  ])('%s (%d) of S3 is a %s', (code, status, type, says) => {
    const failure = toJobFailure(new S3RequestError(target, answered(status, code)));
    expect(failure.type).toBe(type);
    expect(failure.message).toContain(`CopyObject on s3://b/k in r: ${code}`);
    expect(failure.message).toContain(says);
  });

  it('without a reason to a HEAD is taken for a key that is not usable', () => {
    const head = { ...target, operation: 'HeadObject', side: 'source' } as const;
    expect(toJobFailure(new S3RequestError(head, answered(400)))).toEqual({
      type: 'ConfigurationError',
      message: expect.stringContaining("the object's KMS key is disabled or pending deletion"),
    });
  });

  it('of a denial in another partition names resources of that partition', () => {
    const denied = { ...target, region: 'cn-north-1', copySource: { bucket: 'source', key: 'k' } };
    const { message } = toJobFailure(new S3RequestError(denied, answered(403, 'AccessDenied')));
    expect(message).toContain('Allow s3:PutObject on arn:aws-cn:s3:::b/k for');
    expect(message).toContain('on arn:aws-cn:s3:::source/k');
  });

  it('of a redirect tells the region, from the header or from the body', () => {
    const header = { $response: { statusCode: 301, headers: { 'x-amz-bucket-region': 'eu-west-1' } } };
    expect(redirectRegion(header)).toBe('eu-west-1');
    expect(redirectRegion({ ...answered(400), Region: 'eu-west-2' })).toBe('eu-west-2');
    expect(redirectRegion(answered(301))).toBeUndefined();
    expect(redirectRegion({ ...answered(403), Region: 'eu-west-2' })).toBeUndefined();
  });
});
