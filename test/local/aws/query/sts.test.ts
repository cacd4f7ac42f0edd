// Roles and their sessions: how IAM makes roles, who may assume them, what the sessions may do, and what is refused.
import { describe, expect, test } from 'vitest';
import type { Credentials } from '../../../../local/aws/state/identities.ts';
import type { Role } from '../../../../local/aws/state/roles.ts';
import { codeOf } from '../../../contract/server/errors.ts';
import { freshName, signedPost, useAws } from '../running-aws.ts';

const ACCOUNT = '111122223333';
const OTHER = '444455556666';

describe('STS', () => {
  const aws = useAws();

  async function ask(
    action: string,
    form: Record<string, string> = {},
    credentials = aws().admin,
    service = 'sts',
  ) {
    const body = new URLSearchParams({ Action: action, Version: '2011-06-15', ...form }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await signedPost(aws(), { service, credentials, headers, body });
    const xml = await response.text();
    const at = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
    return { status: response.status, xml, at };
  }

  async function assume(roleArn: string, more: Record<string, string> = {}, credentials?: Credentials) {
    const form = { RoleArn: roleArn, RoleSessionName: 'session', ...more };
    const answer = await ask('AssumeRole', form, credentials);
    return {
      ...answer,
      credentials: {
        accessKeyId: answer.at('AccessKeyId'),
        secretAccessKey: answer.at('SecretAccessKey'),
        sessionToken: answer.at('SessionToken'),
      },
    };
  }

  const trusting = (Principal: object, Condition?: object): object => ({
    Statement: { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition && { Condition }) },
  });

  const roleThatTrusts = (Principal: object, Condition?: object, accountId = OTHER): Role =>
    aws().world.roles.create({ accountId, name: freshName(), trustPolicy: trusting(Principal, Condition) });

  function bucketAndRole(accountId = ACCOUNT): { name: string; role: Role } {
    const bucket = aws().world.createBucket({
      name: freshName(),
      region: 'us-east-1',
      ownerAccountId: accountId,
    });
    const role = aws().world.roles.create({
      accountId,
      name: bucket.name,
      trustPolicy: trusting({ AWS: ACCOUNT }),
      policies: {
        use: {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: ['s3:PutObject', 's3:GetObject'],
            Resource: `${bucket.arn}/*`,
          },
        },
      },
    });
    return { name: bucket.name, role };
  }

  test('names the caller, whatever it may do', async () => {
    const someone = aws().someone();
    const { at } = await ask('GetCallerIdentity', {}, someone.credentials);
    expect([at('Arn'), at('Account')]).toEqual([someone.principalArn, ACCOUNT]);
  });

  test('makes sessions that may do what their role may, in its account', async () => {
    const { name: Bucket, role } = bucketAndRole(OTHER);
    const { credentials, at } = await assume(role.arn);
    const s3 = aws().s3({ credentials });
    expect(at('Arn')).toBe(`arn:aws:sts::${OTHER}:assumed-role/${role.name}/session`);
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: 'x' }))).toBe('none');
    aws().world.roles.putPolicy(role, 'use', {
      Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' },
    });
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: 'x' }))).toBe('AccessDenied');
    expect(await codeOf(s3.getObject({ Bucket, Key: 'k' }))).toBe('none');
  });

  test('limits a session to its policy', async () => {
    const { name: Bucket, role } = bucketAndRole();
    const Policy = JSON.stringify({ Statement: { Effect: 'Allow', Action: 's3:PutObject', Resource: '*' } });
    const { credentials } = await assume(role.arn, { Policy });
    const s3 = aws().s3({ credentials });
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: 'x' }))).toBe('none');
    expect(await codeOf(s3.getObject({ Bucket, Key: 'k' }))).toBe('AccessDenied');
  });

  test('makes no session for one whom the role does not trust, or whose own account does not allow it', async () => {
    const { role } = bucketAndRole(OTHER);
    const nobody = aws().someone();
    const denied = `User: ${nobody.principalArn} is not authorized to perform: sts:AssumeRole on resource: ${role.arn}`;
    const unallowed = await assume(role.arn, {}, nobody.credentials);
    expect([unallowed.status, unallowed.at('Code'), unallowed.at('Message')]).toEqual([
      403,
      'AccessDenied',
      denied,
    ]);
    expect((await assume(roleThatTrusts({ AWS: OTHER }).arn)).at('Code')).toBe('AccessDenied');
    expect((await assume(`arn:aws:iam::${OTHER}:role/nowhere`)).at('Code')).toBe('AccessDenied');
  });

  test('tells the trust policy the role of the caller, the session name and the external id', async () => {
    const { role: caller } = bucketAndRole();
    aws().world.roles.putPolicy(caller, 'assume', {
      Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' },
    });
    const { arn } = roleThatTrusts(
      { AWS: ACCOUNT },
      {
        ArnEquals: { 'aws:PrincipalArn': caller.arn },
        StringEquals: { 'sts:ExternalId': 'e', 'sts:RoleSessionName': 'session' },
      },
    );
    const { credentials } = await assume(caller.arn);
    expect((await assume(arn, { ExternalId: 'e' }, credentials)).status).toBe(200);
    expect((await assume(arn, {}, credentials)).at('Code')).toBe('AccessDenied');
    expect((await assume(arn, { ExternalId: 'e', RoleSessionName: 'x2' }, credentials)).at('Code')).toBe(
      'AccessDenied',
    );
    expect((await assume(arn, { ExternalId: 'e' })).at('Code')).toBe('AccessDenied');
  });

  test('gives a role to the service that it trusts, for whom it asks', () => {
    const { world } = aws();
    const onlyMine = { StringEquals: { 'aws:SourceAccount': ACCOUNT } };
    const { arn } = roleThatTrusts({ Service: 'lambda.amazonaws.com' }, onlyMine, ACCOUNT);
    const input = { roleArn: arn, sessionName: 'function' };
    const lambda = { type: 'Service', arn: 'lambda.amazonaws.com' } as const;
    const facts = { 'aws:SourceAccount': ACCOUNT };
    expect(world.assumeRole(lambda, input, facts).caller.type).toBe('AssumedRole');
    expect(() => world.assumeRole(lambda, input)).toThrow('not authorized to perform: sts:AssumeRole');
    const events = { type: 'Service', arn: 'events.amazonaws.com' } as const;
    expect(() => world.assumeRole(events, input, facts)).toThrow('not authorized');
  });

  test.for([
    [{ RoleSessionName: 'a b' }, 'ValidationError'],
    [{ DurationSeconds: '60' }, 'ValidationError'],
    [{ DurationSeconds: '43200' }, 'ValidationError'],
    [{ Policy: '{' }, 'MalformedPolicyDocument'],
    [{ Policy: ' '.repeat(3000) }, 'ValidationError'],
  ] as const)('refuses %j', async ([form, code]) => {
    const answer = await assume(bucketAndRole().role.arn, form);
    expect([answer.status, answer.at('Code')]).toEqual([400, code]);
  });

  test('does not know what it does not implement, nor who is not there', async () => {
    expect((await ask('GetSessionToken')).at('Code')).toBe('NotImplemented');
    const stranger = { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'x' };
    expect((await ask('GetCallerIdentity', {}, stranger)).at('Code')).toBe('InvalidClientTokenId');
  });

  test('gives sessions of roles that were made over the API of IAM', async () => {
    const iam = (action: string, form: Record<string, string>) => ask(action, form, aws().admin, 'iam');
    const { name: Bucket } = aws().world.createBucket({ name: freshName(), region: 'us-east-1' });
    const RoleName = freshName();
    const trust = JSON.stringify(trusting({ AWS: ACCOUNT }));
    const use = (Action: string) => JSON.stringify({ Statement: { Effect: 'Allow', Action, Resource: '*' } });
    const created = await iam('CreateRole', { RoleName, AssumeRolePolicyDocument: trust });
    const arn = created.at('Arn');
    const policy = { RoleName, PolicyName: 'use' };
    await iam('PutRolePolicy', { ...policy, PolicyDocument: use('s3:PutObject') });
    const got = await iam('GetRolePolicy', policy);
    const put = { Bucket, Key: 'k', Body: 'x' };
    const { credentials } = await assume(arn);
    const before = await codeOf(aws().s3({ credentials }).putObject(put));
    await iam('DeleteRolePolicy', policy);
    const after = await codeOf(aws().s3({ credentials }).putObject(put));
    const deleted = await iam('DeleteRole', { RoleName });

    expect(arn).toBe(`arn:aws:iam::${ACCOUNT}:role/${RoleName}`);
    expect(decodeURIComponent(got.at('PolicyDocument'))).toBe(use('s3:PutObject'));
    expect([before, after]).toEqual(['none', 'AccessDenied']);
    expect(deleted.status).toBe(200);
    expect((await iam('GetRole', { RoleName })).at('Code')).toBe('NoSuchEntity');
    expect((await assume(arn)).at('Code')).toBe('AccessDenied');
  });

  test.for([
    ['CreateRole', { RoleName: 'r' }, 'ValidationError'],
    ['CreateRole', { RoleName: 'r', AssumeRolePolicyDocument: '{}' }, 'MalformedPolicyDocument'],
    ['PutRolePolicy', { RoleName: 'nowhere', PolicyName: 'p', PolicyDocument: '{}' }, 'NoSuchEntity'],
    ['ListUsers', {}, 'NotImplemented'],
  ] as const)('IAM refuses %s with %j', async ([action, form, code]) => {
    expect((await ask(action, form, aws().admin, 'iam')).at('Code')).toBe(code);
    const nobody = aws().someone().credentials;
    const denied = await ask('GetRole', { RoleName: 'r' }, nobody, 'iam');
    expect(denied.at('Message')).toContain('because no identity-based policy allows the iam:GetRole action');
  });

  test('is in the log with what IAM was asked', async () => {
    const { role } = bucketAndRole(OTHER);
    await assume(role.arn);
    expect(aws().world.requests.at(-1)).toMatchObject({
      service: 'sts',
      operation: 'AssumeRole',
      accesses: [{ action: 'sts:AssumeRole', resource: role.arn, effect: 'Allow' }],
    });
  });
});

describe('roles', () => {
  const aws = useAws();
  const trustPolicy = {
    Statement: { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' },
  };
  const wide = (length: number) => ({
    Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${'b'.repeat(length)}` },
  });

  test.for([
    ['a trust policy that is too long', { trustPolicy: { ...trustPolicy, Id: 'x'.repeat(2048) } }, 'ACLSize'],
    ['inline policies that are too long together', { policies: { a: wide(6000), b: wide(6000) } }, '10240'],
    ['a policy that is none', { policies: { a: {} } }, 'Syntax errors'],
    ['a trust policy that names a resource', { trustPolicy: wide(3) }, 'prohibited field Resource|Principal'],
    [
      'trust in a role that is not there',
      {
        trustPolicy: {
          Statement: {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${OTHER}:role/nobody` },
            Action: 'sts:AssumeRole',
          },
        },
      },
      'Invalid principal',
    ],
  ] as const)('with %s are refused', ([, more, expected]) => {
    const create = () =>
      aws().world.roles.create({ accountId: ACCOUNT, name: freshName(), trustPolicy, ...more });
    expect(create).toThrow(new RegExp(expected));
  });

  test('have names that are unique in their account', () => {
    const role = { accountId: ACCOUNT, name: freshName(), trustPolicy };
    aws().world.roles.create(role);
    expect(() => aws().world.roles.create({ ...role, path: '/other/' })).toThrow('already exists');
    expect(aws().world.roles.create({ ...role, accountId: OTHER }).arn).toContain(OTHER);
  });
});
