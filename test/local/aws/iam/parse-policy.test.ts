// What policies say: patterns, operators and variables; and what is refused when a policy is put.
import { describe, expect, it } from 'vitest';
import { decide } from '../../../../local/aws/iam/evaluate.ts';
import { parsePolicy } from '../../../../local/aws/iam/parse-policy.ts';
import type { PolicyKind } from '../../../../local/aws/iam/policy.ts';
import { allowAll, policy, type StatementJson, session } from './policies.ts';

/** A policy variable as it is written in policies. */
const of = (name: string): string => `$\{${name}}`;

type Facts = Readonly<Record<string, string | readonly string[]>>;

function isAllowed(
  statement: StatementJson,
  {
    action = 's3:GetObject',
    resource = 'arn:aws:s3:::b/k',
    facts = {} as Facts,
    version = '2012-10-17',
  } = {},
): boolean {
  const parsed = parsePolicy('identity', 'p', { Version: version, Statement: statement });
  const request = { caller: session([parsed]), action, resource, facts };
  return decide(request).effect === 'Allow';
}

const holds = (condition: StatementJson, facts: Facts): boolean =>
  isAllowed(allowAll(undefined, { Condition: condition }), { facts });

describe('actions', () => {
  it.each([
    ['*', true],
    ['s3:*', true],
    ['s3:GetObject', true],
    ['S3:getobject', true],
    ['s3:Get*', true],
    ['s3:GetObj?ct', true],
    ['s3:GetObjectVersion', false],
    ['s3:Get', false],
    ['kms:*', false],
  ])('%s on s3:GetObject: %s', (pattern, expected) => {
    expect(isAllowed({ Effect: 'Allow', Action: ['sqs:*', pattern], Resource: '*' })).toBe(expected);
    expect(isAllowed({ Effect: 'Allow', NotAction: ['sqs:*', pattern], Resource: '*' })).toBe(!expected);
  });
});

describe('resources', () => {
  it.each([
    ['*', true],
    ['arn:aws:s3:::b/k', true],
    ['arn:aws:s3:::b/*', true],
    ['arn:aws:s3:::*', true],
    ['arn:aws:s3:*', true],
    ['arn:*:s3:::b/?', true],
    ['arn:aws:s3:::b', false],
    ['arn:aws:s3:::B/k', false],
    ['arn:aws:s3:::b/k.', false],
    ['arn:aws:*/k', false],
    ['arn:aws:*:::b2/*', false],
  ])('%s on arn:aws:s3:::b/k: %s', (pattern, expected) => {
    const other = 'arn:aws:s3:::other';
    expect(isAllowed({ Effect: 'Allow', Action: '*', Resource: [other, pattern] })).toBe(expected);
    expect(isAllowed({ Effect: 'Allow', Action: '*', NotResource: [other, pattern] })).toBe(!expected);
  });
});

describe('operators', () => {
  const vs = 'kms:ViaService';
  const arn = 'aws:PrincipalArn';
  const role = 'arn:aws:iam::111122223333:role/path/R';
  it.each<readonly [StatementJson, Facts, boolean]>([
    [{ StringEquals: { [vs]: 'a' } }, { [vs]: 'a' }, true],
    [{ StringEquals: { [vs]: 'A' } }, { [vs]: 'a' }, false],
    [{ StringEquals: { [vs]: '*' } }, { [vs]: 'a' }, false],
    [{ StringEquals: { [vs]: ['b', 'a'] } }, { [vs]: 'a' }, true],
    [{ StringEquals: { [vs]: 'a' } }, {}, false],
    [{ StringEquals: { 'KMS:viaservice': 'a' } }, { [vs]: 'a' }, true],
    [{ StringEqualsIfExists: { [vs]: 'a' } }, {}, true],
    [{ StringEqualsIfExists: { [vs]: 'a' } }, { [vs]: 'b' }, false],
    [{ StringNotEquals: { [vs]: ['b', 'a'] } }, { [vs]: 'a' }, false],
    [{ StringNotEquals: { [vs]: ['b', 'c'] } }, { [vs]: 'a' }, true],
    [{ StringNotEquals: { [vs]: 'a' } }, {}, true],
    [{ StringEqualsIgnoreCase: { [vs]: 'A' } }, { [vs]: 'a' }, true],
    [{ StringNotEqualsIgnoreCase: { [vs]: 'A' } }, { [vs]: 'a' }, false],
    [{ StringLike: { [vs]: 's3.*.amazonaws.com' } }, { [vs]: 's3.eu-west-1.amazonaws.com' }, true],
    [{ StringLike: { [vs]: 's3.*.amazonaws.com' } }, { [vs]: 'ec2.eu-west-1.amazonaws.com' }, false],
    [{ StringNotLike: { [vs]: 's3.*' } }, { [vs]: 's3.eu-west-1.amazonaws.com' }, false],
    [{ ArnEquals: { [arn]: role } }, {}, true],
    [{ ArnLike: { [arn]: 'arn:aws:iam::*:role/*' } }, {}, true],
    [{ ArnLike: { [arn]: 'arn:aws:iam::*:role/R' } }, {}, false],
    [{ ArnNotEquals: { [arn]: role } }, {}, false],
    [{ ArnNotLike: { [arn]: 'arn:aws:iam::444455556666:role/*' } }, {}, true],
    [{ NumericLessThan: { 's3:TlsVersion': 1.2 } }, { 's3:TlsVersion': '1.1' }, true],
    [{ NumericLessThan: { 's3:TlsVersion': '1.2' } }, { 's3:TlsVersion': '1.2' }, false],
    [{ NumericLessThan: { 's3:TlsVersion': 1.2 } }, {}, false],
    [{ NumericLessThanEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10' }, true],
    [{ NumericGreaterThan: { 's3:max-keys': 10 } }, { 's3:max-keys': '9' }, false],
    [{ NumericGreaterThanEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10' }, true],
    [{ NumericEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10.0' }, true],
    [{ NumericNotEquals: { 's3:max-keys': 10 } }, { 's3:max-keys': '10.0' }, false],
    [{ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': 'false' }, true],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, { 'aws:SecureTransport': 'true' }, false],
    [{ Bool: { 'aws:SecureTransport': 'false' } }, {}, false],
    [{ BoolIfExists: { 'aws:SecureTransport': 'false' } }, {}, true],
    [{ Null: { [vs]: 'true' } }, {}, true],
    [{ Null: { [vs]: 'true' } }, { [vs]: 'a' }, false],
    [{ Null: { [vs]: false } }, { [vs]: 'a' }, true],
    [{ Null: { 'kms:ResourceAliases': 'true' } }, { 'kms:ResourceAliases': [] }, true],
    [
      { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'b' } },
      { 'kms:ResourceAliases': ['a', 'b'] },
      true,
    ],
    [
      { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'c' } },
      { 'kms:ResourceAliases': ['a', 'b'] },
      false,
    ],
    [{ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'c' } }, {}, false],
    [
      { 'ForAnyValue:StringNotEquals': { 'kms:ResourceAliases': 'a' } },
      { 'kms:ResourceAliases': ['a', 'b'] },
      true,
    ],
    [
      { 'ForAllValues:StringLike': { 'kms:ResourceAliases': 'a*' } },
      { 'kms:ResourceAliases': ['a1', 'a2'] },
      true,
    ],
    [
      { 'ForAllValues:StringLike': { 'kms:ResourceAliases': 'a*' } },
      { 'kms:ResourceAliases': ['a1', 'b'] },
      false,
    ],
    [{ 'ForAllValues:StringLike': { 'kms:ResourceAliases': 'a*' } }, {}, true],
    [{ 'ForAnyValue:StringEqualsIfExists': { 'kms:ResourceAliases': 'a' } }, {}, true],
    [{ StringEquals: { [vs]: 'a' }, Null: { 's3:prefix': 'false' } }, { [vs]: 'a' }, false],
    [{ StringEquals: { [vs]: 'a', 's3:prefix': 'p' } }, { [vs]: 'a', 's3:prefix': 'p' }, true],
    [{ StringEquals: { [vs]: 'a', 's3:prefix': 'p' } }, { [vs]: 'a', 's3:prefix': 'q' }, false],
    [
      { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'x' } },
      { 'kms:EncryptionContext:aws:s3:arn': 'x' },
      true,
    ],
  ])('%j with %j: %s', (condition, facts, expected) => {
    expect(holds(condition, facts)).toBe(expected);
  });
});

describe('policy variables', () => {
  const home = (resource: string): StatementJson => ({ Effect: 'Allow', Action: '*', Resource: resource });
  it('stand for what the request says', () => {
    const statement = home(`arn:aws:s3:::b/${of('aws:PrincipalAccount')}/*`);
    expect(isAllowed(statement, { resource: 'arn:aws:s3:::b/111122223333/k' })).toBe(true);
    expect(isAllowed(statement, { resource: 'arn:aws:s3:::b/444455556666/k' })).toBe(false);
  });
  it('match nothing where the request does not say', () => {
    expect(isAllowed(home(`arn:aws:s3:::b/${of('s3:prefix')}*`))).toBe(false);
  });
  it('bring no wildcards along', () => {
    const condition = { StringLike: { 'kms:ViaService': `${of('s3:prefix')}` } };
    expect(holds(condition, { 'kms:ViaService': 'abc', 's3:prefix': '*' })).toBe(false);
    expect(holds(condition, { 'kms:ViaService': '*', 's3:prefix': '*' })).toBe(true);
  });
  it('escape the characters that have a meaning', () => {
    const statement = home(`arn:aws:s3:::b/${of('*')}${of('?')}${of('$')}`);
    expect(isAllowed(statement, { resource: 'arn:aws:s3:::b/*?$' })).toBe(true);
    expect(isAllowed(statement, { resource: 'arn:aws:s3:::b/abc' })).toBe(false);
  });
  it('are plain text in the older version of the language', () => {
    const statement = home(`arn:aws:s3:::b/${of('x')}`);
    expect(isAllowed(statement, { resource: `arn:aws:s3:::b/${of('x')}`, version: '2008-10-17' })).toBe(true);
  });
});

describe('a policy is refused', () => {
  const ok = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const condition = (block: unknown): StatementJson => ({ ...ok, Condition: block });
  const everybody = { ...ok, Principal: '*' };
  const rows: readonly (readonly [PolicyKind, unknown, RegExp])[] = [
    ['identity', '{', /valid JSON/],
    ['identity', '[]', /valid JSON/],
    ['identity', {}, /Syntax errors/],
    ['identity', { Statement: [] }, /required field Statement/],
    ['identity', { Statement: [ok], Sid: 'x' }, /Unknown field Sid/],
    ['identity', { Statement: [ok], Version: '2020-01-01' }, /valid version.*2020-01-01/],
    ['identity', { ...ok, Effects: 'Allow' }, /Unknown field Effects/],
    ['identity', { ...ok, Effect: undefined }, /required field Effect/],
    ['identity', { ...ok, Effect: 'allow' }, /Invalid effect: allow/],
    ['identity', { ...ok, Sid: 'with space' }, /alpha-numeric.*with space/],
    [
      'identity',
      {
        Statement: [
          { ...ok, Sid: 'A' },
          { ...ok, Sid: 'A' },
        ],
      },
      /must be unique/,
    ],
    ['identity', { ...ok, Action: undefined }, /must contain actions/],
    ['identity', { ...ok, Action: [] }, /must contain actions/],
    ['identity', { ...ok, Action: [1] }, /no text/],
    ['identity', { ...ok, Action: 'GetObject' }, /prefaced by a vendor.*"GetObject"/],
    ['identity', { ...ok, NotAction: 's3:*' }, /not both/],
    ['identity', { ...ok, Resource: undefined }, /must contain resources/],
    ['identity', { ...ok, Resource: 'bucket/*' }, /bucket\/\* must be in ARN format/],
    ['identity', everybody, /should not specify a principal/],
    ['identity', { ...ok, NotPrincipal: '*' }, /cannot evaluate NotPrincipal/],
    [
      'identity',
      { ...ok, Resource: `arn:aws:s3:::b/${of('aws:PrincipalTag/team')}` },
      /cannot evaluate.*PrincipalTag/,
    ],
    [
      'identity',
      { ...ok, Resource: `arn:aws:s3:::b/${of('kms:ResourceAliases')}` },
      /cannot evaluate.*ResourceAliases/,
    ],
    ['identity', condition([]), /not an object/],
    ['identity', condition({ StringEquals: 'x' }), /StringEquals is not an object/],
    ['identity', condition({ StringEqual: { 's3:prefix': 'x' } }), /cannot evaluate.*operator StringEqual,/],
    ['identity', condition({ IpAddress: { 's3:prefix': 'x' } }), /cannot evaluate.*operator IpAddress/],
    ['identity', condition({ 'ForSome:StringEquals': { 's3:prefix': 'x' } }), /cannot evaluate.*ForSome/],
    ['identity', condition({ NullIfExists: { 's3:prefix': 'true' } }), /cannot evaluate.*NullIfExists/],
    ['identity', condition({ Null: { 's3:prefix': 'yes' } }), /expected true or false/],
    ['identity', condition({ constructor: { 's3:prefix': 'x' } }), /cannot evaluate.*operator constructor/],
    ['identity', condition({ StringEquals: { 's3:prefixes': 'x' } }), /cannot evaluate.*key s3:prefixes/],
    ['identity', condition({ StringEquals: { 'aws:SourceIp': 'x' } }), /cannot evaluate.*key aws:SourceIp/],
    ['identity', condition({ StringEquals: { 's3:prefix': {} } }), /no text/],
    [
      'identity',
      condition({ StringEquals: { 'kms:ResourceAliases': 'x' } }),
      /use ForAnyValue or ForAllValues/,
    ],
    ['identity', condition({ NumericLessThan: { 's3:TlsVersion': 'new' } }), /expected a number/],
    ['identity', condition({ Bool: { 'aws:SecureTransport': 'no' } }), /expected true or false/],
    ['identity', condition({ ArnEquals: { 'aws:PrincipalArn': 'R' } }), /cannot evaluate.*"R"/],
    ['bucket', ok, /required field Principal/],
    ['bucket', { ...everybody, Action: 'kms:Decrypt' }, /invalid action "kms:Decrypt"/],
    ['bucket', { ...everybody, Principal: {} }, /Invalid principal/],
    ['bucket', { ...everybody, Principal: 'root' }, /Invalid principal/],
    [
      'bucket',
      { ...everybody, Principal: { AWS: 'arn:aws:iam::111122223333:role/*' } },
      /Invalid principal.*role\/\*/,
    ],
    ['bucket', { ...everybody, Principal: { AWS: 'arn:aws:iam::1:root' } }, /Invalid principal/],
    ['bucket', { ...everybody, Principal: { AWS: 'arn:aws:sts::111122223333:role/R' } }, /Invalid principal/],
    [
      'bucket',
      { ...everybody, Principal: { AWS: 'arn:aws:iam::111122223333:assumed-role/R/S' } },
      /Invalid principal/,
    ],
    ['bucket', { ...everybody, Principal: { Service: 'example.com' } }, /Invalid principal/],
    ['bucket', { ...everybody, Principal: { Federated: 'example.com' } }, /cannot evaluate.*Federated/],
    ['key', { ...everybody }, /invalid action "s3:GetObject"/],
    ['trust', { ...everybody, Action: 'sts:AssumeRole' }, /prohibited field Resource/],
    ['trust', { Effect: 'Allow', Principal: '*', Action: 's3:GetObject' }, /STS AssumeRole actions/],
  ];
  it.each(rows)('%s %j', (kind, json, expected) => {
    const given =
      typeof json === 'string' ||
      (json as StatementJson).Statement ||
      Object.keys(json as object).length === 0;
    const document = given ? (json as string | object) : { Version: '2012-10-17', Statement: json };
    expect(() => parsePolicy(kind, 'p', document)).toThrow(expected);
  });

  it('but not for Sids that only IAM minds', () => {
    const sid = { ...allowAll('*', { Action: 'kms:*' }), Sid: 'Allow access through S3' };
    expect(policy('key', sid, sid).statements).toHaveLength(2);
  });
});
