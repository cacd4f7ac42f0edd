// What an operator is advised to change after a denial: for whom, in which policy, with which statement.
import { describe, expect, it } from 'vitest';
import { type RequestTarget, S3RequestError } from '../../../functions/sync-artifacts/aws/errors.ts';
import { OPERATIONS } from '../../../functions/sync-artifacts/aws/operations.ts';
import { adviseOnDenial, readDenial } from '../../../functions/sync-artifacts/result/advice.ts';
import { toJobFailure } from '../../../functions/sync-artifacts/result/failure.ts';

const SESSION = 'arn:aws:sts::111122223333:assumed-role/sync-artifacts/sync-artifacts';
const ROLE = 'arn:aws:iam::111122223333:role/sync-artifacts';
const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SOURCE_KEY = 'arn:aws:kms:us-east-1:111122223333:key/9999abcd-12ab-34cd-56ef-1234567890ab';

const copy: RequestTarget = {
  operation: 'CopyObject',
  side: 'destination',
  bucket: 'copies',
  key: 'a b.zip',
  region: 'eu-west-1',
  copySource: { bucket: 'artifacts', key: 'a b.zip' },
  kmsKeyId: KEY,
};

const denied = (action: string, resource: string, reason: string): string =>
  `User: ${SESSION} is not authorized to perform: ${action} on resource: ${resource} ${reason}`;

describe('the message of a denial', () => {
  it.each([
    ['because no identity-based policy allows the kms:Decrypt action', 'identity-based policy', false],
    ['because no resource-based policy allows the kms:Decrypt action', 'resource-based policy', false],
    ['because no permissions boundary allows the kms:Decrypt action', 'permissions boundary', false],
    ['because no VPC endpoint policy allows the kms:Decrypt action', 'VPC endpoint policy', false],
    ['with an explicit deny in a service control policy', 'service control policy', true],
    ['with an explicit deny in an identity-based policy', 'identity-based policy', true],
  ])('%s names the policy', (reason, name, denies) => {
    expect(readDenial(denied('kms:Decrypt', KEY, reason))).toEqual({
      principalArn: ROLE,
      action: 'kms:Decrypt',
      resourceArn: KEY,
      policy: { name, denies },
    });
  });

  it.each(['Access Denied', '', 'The ciphertext refers to a customer master key that does not exist'])(
    '"%s" names nothing',
    (message) => {
      expect(readDenial(message)).toEqual({});
    },
  );

  it('names a resource with spaces as a whole', () => {
    const message = denied(
      's3:PutObject',
      '"arn:aws:s3:::copies/a b.zip"',
      'because no identity-based policy',
    );
    expect(readDenial(message).resourceArn).toBe('arn:aws:s3:::copies/a b.zip');
  });
});

it.each([
  ['permissions boundary', undefined],
  ['session policy', undefined],
  ['service control policy', undefined],
  ['identity-based policy', undefined],
  ['VPC endpoint policy', { AWS: ROLE }],
  ['resource-based policy', { AWS: ROLE }],
])('a statement for a %s names a principal only where such policies have one', (name, principal) => {
  const message = denied('kms:Decrypt', KEY, `because no ${name} allows the kms:Decrypt action`);

  const { statement, text } = adviseOnDenial(copy, message);

  expect(statement?.Principal).toEqual(principal);
  expect(statement?.Resource).toBe(name === 'resource-based policy' ? '*' : KEY);
  expect(text).toContain(
    name === 'identity-based policy' ? 'IAM policy' : name.replace('resource-based', 'key'),
  );
});

describe('the advice after a denial of KMS', () => {
  it('is a statement for the role when its own policy lacks it', () => {
    const message = denied('kms:GenerateDataKey', KEY, 'because no identity-based policy allows the action');
    const advice = adviseOnDenial(copy, message);
    expect(advice.statement).toEqual({
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: KEY,
      Condition: { StringEquals: { 'kms:ViaService': ['s3.eu-west-1.amazonaws.com'] } },
    });
    expect(advice.text).toContain(`Allow kms:GenerateDataKey on ${KEY} for ${ROLE}, in its IAM policy.`);
    expect(advice.text).not.toContain(SESSION);
    expect(advice.text).not.toContain('key policy');
  });

  it('is a statement for the key policy when that lacks it', () => {
    const message = denied('kms:Decrypt', SOURCE_KEY, 'because no resource-based policy allows the action');
    const advice = adviseOnDenial(copy, message);
    expect(advice.statement).toEqual({
      Effect: 'Allow',
      Principal: { AWS: ROLE },
      Action: ['kms:Decrypt'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:ViaService': ['s3.us-east-1.amazonaws.com', 's3.eu-west-1.amazonaws.com'] },
      },
    });
    expect(advice.text).toContain(`Allow kms:Decrypt on ${SOURCE_KEY} for ${ROLE}, in the key policy.`);
    expect(advice.text).not.toContain('IAM policy');
  });

  it('has no statement when something denies it explicitly', () => {
    const message = denied('kms:Decrypt', KEY, 'with an explicit deny in a service control policy');
    const advice = adviseOnDenial(copy, message);
    expect(advice.statement).toBeUndefined();
    expect(advice.text).toMatch(/^An explicit deny in a service control policy refuses kms:Decrypt on /);
  });

  it('in another partition names S3 by the domain of any', () => {
    const message = denied(
      'kms:Decrypt',
      KEY.replace('aws', 'aws-cn').replace('eu-west-1', 'cn-north-1'),
      '',
    );
    const { statement } = adviseOnDenial({ ...copy, region: 'cn-north-1' }, message);
    expect(statement?.Condition).toEqual({ StringLike: { 'kms:ViaService': ['s3.cn-north-1.*'] } });
  });
});

describe('the advice after a denial of S3', () => {
  it('is a statement for the bucket policy when that lacks it', () => {
    const message = denied(
      's3:PutObject',
      '"arn:aws:s3:::copies/a b.zip"',
      'because no resource-based policy allows the action',
    );
    expect(adviseOnDenial(copy, message).statement).toEqual({
      Effect: 'Allow',
      Principal: { AWS: ROLE },
      Action: ['s3:PutObject', 's3:PutObjectTagging'],
      Resource: 'arn:aws:s3:::copies/a b.zip',
    });
  });

  it.each(
    OPERATIONS.filter(({ side }) => side !== 'codepipeline').map(
      ({ operation, side }) => [operation, side] as const,
    ),
  )('without a reason names exactly what %s on the %s needs', (operation, side) => {
    const isBucket = ['HeadBucket', 'GetBucketEncryption', 'ListMultipartUploads'].includes(operation);
    const { key: _, copySource: _source, ...bucket } = copy;
    const target = { ...(isBucket ? bucket : copy), operation, side: side as 'source' | 'destination' };
    const { statement, text } = adviseOnDenial(target, 'Access Denied');
    const needs = OPERATIONS.filter((other) => other.operation === operation && other.side === side).flatMap(
      (found) => found.needs,
    );
    const on = needs.find(({ action }) => action === statement?.Action[0])?.on;
    const expected = needs.filter((need) => need.on === on).map(({ action }) => action);
    expect([...(statement?.Action ?? [])].sort()).toEqual([...new Set(expected)].sort());
    expect(text).not.toContain('s3:*');
    expect(text).toContain('correct BucketOwner');
  });

  it('never asks for everything, whatever the operation', () => {
    const { statement, text } = adviseOnDenial({ ...copy, operation: 'SomethingNew' }, 'Access Denied');
    expect(statement).toBeUndefined();
    expect(text).toContain('what SomethingNew needs');
    expect(text).not.toContain('s3:*');
  });
});

describe('a region that is not enabled', () => {
  const failure = (code: string, status: number) =>
    toJobFailure(
      new S3RequestError(
        { ...copy, region: 'ap-east-1' },
        Object.assign(new Error('refused'), { name: code, $metadata: { httpStatusCode: status } }),
      ),
    );

  it.each([
    ['OptInRequired', 403, 'ConfigurationError'],
    ['NotSignedUp', 403, 'ConfigurationError'],
    ['InvalidToken', 400, 'PermissionError'],
  ])('shown by %s is named as an opt-in region', (code, status, type) => {
    const { type: given, message } = failure(code, status);
    expect(given).toBe(type);
    expect(message).toMatch(/ap-east-1 is (?:not enabled .*|an) opt-in region/);
    expect(message).toContain('Account settings, AWS Regions');
    expect(message).not.toContain('Allow s3:');
  });
});
