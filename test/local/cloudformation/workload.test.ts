// Stacks that a service role makes: every call that CloudFormation makes is decided under it, and what fails is rolled back.
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import type { Access } from '../../../local/aws/state/access.ts';
import { World } from '../../../local/aws/state/world.ts';
import type { StackTemplate } from '../../../local/cloudformation/cdk/assembly.ts';
import { type DeployedStack, Deployment } from '../../../local/cloudformation/deployment.ts';
import { deployStack, validateStack } from '../../../local/cloudformation/stack.ts';
import { parseTemplate } from '../../../local/cloudformation/template/parse-template.ts';
import { ACCOUNT, bucket, policy, REGION, resource, stackOf, trust } from './stack.ts';

const template = parseTemplate(
  readFileSync(new URL('../../../infra/sample-workload/template.yaml', import.meta.url), 'utf8'),
);
const NAME = 'team-workload-dev';
const BUCKET = 'artifacts-bucket';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/cloudformation`;
const EVERYTHING = { Effect: 'Allow', Action: '*', Resource: '*' };

let deployment: Deployment;
let accesses: Access[];

beforeEach(() => {
  const world = new World();
  deployment = new Deployment(world);
  accesses = [];
  const key = world.createKey({ accountId: ACCOUNT, region: REGION });
  world.createBucket({
    name: BUCKET,
    region: REGION,
    ownerAccountId: ACCOUNT,
    encryption: { algorithm: 'aws:kms', keyId: key.arn },
  });
  for (const [index, name] of ['one.zip', 'two.zip'].entries()) {
    world.putObject(BUCKET, name, generated(1000, index));
  }
  const trustPolicy = trust('cloudformation.amazonaws.com');
  world.roles.create({ accountId: ACCOUNT, name: 'cloudformation', trustPolicy });
  permit(EVERYTHING);
});

/** Gives the service role these statements, and no others. */
function permit(...statements: object[]): void {
  const role = deployment.world.roles.get(ROLE);
  if (role === undefined) throw new Error(`there is no role ${ROLE}`);
  deployment.world.roles.putPolicy(role, 'all', policy(...statements));
}

/** Deploys in the name of the service role. */
function deployAsRole(stack: StackTemplate): DeployedStack {
  const { caller } = deployment.world.assumeRole(
    { type: 'Service', arn: 'cloudformation.amazonaws.com' },
    { roleArn: ROLE, sessionName: 'AWSCloudFormation' },
  );
  accesses = [];
  return deployStack(deployment, stack, { caller, onAccess: (access) => accesses.push(access) });
}

function permitAllBut(...actions: string[]): void {
  permit(EVERYTHING, { Sid: 'No', Effect: 'Deny', Action: actions, Resource: '*' });
}

function deploy(codeKey = 'one.zip', parameters: Readonly<Record<string, string>> = {}): DeployedStack {
  const required = { WorkloadName: NAME, CodeBucket: BUCKET, CodeKey: codeKey };
  return deployAsRole(stackOf(template, { name: NAME, parameters: { ...required, ...parameters } }));
}

const asked = (): string[] =>
  accesses
    .filter(({ principalArn }) => principalArn.includes('/cloudformation/'))
    .map(({ action }) => action);
const status = (): string | undefined => deployment.stack(ACCOUNT, REGION, NAME)?.status;
const theFunction = () => deployment.world.functions.find(ACCOUNT, REGION, NAME);
const roles = (): string[] =>
  deployment.resourcesOf('AWS::IAM::Role').flatMap(({ attributes }) => attributes.Arn ?? []);

describe('a first deployment', () => {
  it('asks for every call of CloudFormation in order, and reads the code in the role’s name', () => {
    const stack = deploy();

    expect(stack.status).toBe('CREATE_COMPLETE');
    expect(asked()).toEqual([
      ...['logs:DescribeLogGroups', 'logs:CreateLogGroup', 'logs:TagResource', 'logs:PutRetentionPolicy'],
      ...['logs:DescribeLogGroups', 'logs:ListTagsForResource'],
      ...['iam:CreateRole', 'iam:PutRolePolicy', 'iam:GetRole', 'iam:GetRolePolicy'],
      ...['lambda:CreateFunction', 'lambda:TagResource', 'iam:PassRole'],
      ...['s3:GetObject', 'kms:Decrypt', 'lambda:GetFunction'],
    ]);
    expect(theFunction()?.role).toBe(roles()[0]);
  });

  it('passes the role to Lambda, and to nothing else', () => {
    permit(
      { Effect: 'Allow', NotAction: 'iam:PassRole', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: `arn:aws:iam::${ACCOUNT}:role/${NAME}-*`,
        Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
      },
    );

    expect(deploy().status).toBe('CREATE_COMPLETE');
  });

  it.each([
    ['logs:CreateLogGroup', 'LogGroup', []],
    ['iam:CreateRole', 'Role', ['logs:DeleteLogGroup']],
    ['logs:ListTagsForResource', 'LogGroup', ['logs:DeleteLogGroup']],
    ['iam:GetRolePolicy', 'Role', ['iam:DeleteRole', 'logs:DeleteLogGroup']],
    ['iam:PassRole', 'Function', ['iam:DeleteRolePolicy', 'iam:DeleteRole', 'logs:DeleteLogGroup']],
  ] as const)('without %s fails at %s, and takes back what was made', (action, resource, deletions) => {
    permitAllBut(action);

    expect(() => deploy()).toThrow(
      new RegExp(
        `^${NAME} / ${resource} \\(AWS::\\w+::${resource}\\): User: arn:aws:sts::${ACCOUNT}:assumed-role/cloudformation/AWSCloudFormation is not authorized to perform: ${action} on resource: .* with an explicit deny in an identity-based policy`,
      ),
    );

    expect(status()).toBe('ROLLBACK_COMPLETE');
    expect(asked().slice(asked().indexOf(action) + 1)).toEqual(expect.arrayContaining([...deletions]));
    expect(roles()).toEqual([]);
    expect(theFunction()).toBeUndefined();
  });

  it('that failed leaves a stack that no other deployment can change', () => {
    permitAllBut('lambda:CreateFunction');
    expect(() => deploy()).toThrow(/lambda:CreateFunction/);
    permit(EVERYTHING);

    expect(() => deploy()).toThrow(/is in ROLLBACK_COMPLETE state and can not be updated/);
  });

  it('that cannot be rolled back says so, and keeps what is left', () => {
    permitAllBut('lambda:CreateFunction', 'iam:DeleteRole');

    expect(() => deploy()).toThrow(
      /lambda:CreateFunction .* and it could not be rolled back: team-workload-dev \/ Role: .*iam:DeleteRole/,
    );

    expect(status()).toBe('ROLLBACK_FAILED');
    expect([...(deployment.stack(ACCOUNT, REGION, NAME)?.resources.keys() ?? [])]).toEqual(['Role']);
  });
});

describe('the code', () => {
  it.each([
    [
      's3:GetObject',
      /S3 Error Code: AccessDenied\. S3 Error Message: .*s3:GetObject on resource: .*one\.zip/,
    ],
    [
      'kms:Decrypt',
      /S3 Error Code: AccessDenied\. S3 Error Message: .*kms:Decrypt on resource: arn:aws:kms:/,
    ],
  ])('cannot be read without %s', (action, message) => {
    permitAllBut(action);

    expect(() => deploy()).toThrow(message);
  });

  it('is read with the key through S3 of the region only', () => {
    permit(EVERYTHING, {
      Effect: 'Deny',
      Action: 'kms:Decrypt',
      Resource: '*',
      Condition: { StringNotEquals: { 'kms:ViaService': `s3.${REGION}.amazonaws.com` } },
    });

    expect(deploy().status).toBe('CREATE_COMPLETE');
  });

  it('must be in a bucket of the function’s region', () => {
    deployment.world.createBucket({ name: 'far-bucket', region: 'us-east-1', ownerAccountId: ACCOUNT });

    expect(() => deploy('one.zip', { CodeBucket: 'far-bucket' })).toThrow(
      /PermanentRedirect.*The bucket is in this region: us-east-1/,
    );
  });

  it('cannot be read under a key that is disabled', () => {
    const [key] = deployment.world.keys.list(ACCOUNT, REGION);
    deployment.world.setKeyState(key?.arn ?? '', 'Disabled');

    expect(() => deploy()).toThrow(/KMS\.DisabledException/);
  });
});

describe('an update', () => {
  it('asks and does only what changed', () => {
    deploy();
    const before = theFunction()?.configuration.CodeSha256;

    expect(deploy('two.zip').status).toBe('UPDATE_COMPLETE');

    expect(asked()).toEqual([
      ...[
        'lambda:UpdateFunctionCode',
        'lambda:ListTags',
        's3:GetObject',
        'kms:Decrypt',
        'lambda:GetFunction',
      ],
    ]);
    expect(theFunction()?.configuration.CodeSha256).not.toBe(before);
  });

  it('of nothing asks nothing', () => {
    deploy();

    expect(deploy().status).toBe('UPDATE_COMPLETE');
    expect(accesses).toEqual([]);
  });

  it('that fails leaves everything as it was, ready for the next', () => {
    deploy();
    const before = theFunction()?.configuration;

    expect(() => deploy('none.zip')).toThrow(/NoSuchKey/);

    expect(status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(theFunction()?.configuration).toEqual(before);
    expect(deploy('two.zip').status).toBe('UPDATE_COMPLETE');
  });

  it('deletes what the template has no more, but not what it retains', () => {
    const group = (LogGroupName: string, DeletionPolicy: string): object => ({
      ...resource('AWS::Logs::LogGroup', { LogGroupName }),
      DeletionPolicy,
    });
    const all = { A: group('/a', 'Delete'), B: group('/b', 'Delete'), C: group('/c', 'Retain') };
    const heard: string[] = [];
    const onAccess = ({ action, resource }: Access): void => {
      heard.push(`${action} ${resource}`);
    };
    deployStack(deployment, stackOf({ Resources: all }));

    const { resources } = deployStack(deployment, stackOf({ Resources: { A: all.A } }), { onAccess });

    expect([...resources.keys()]).toEqual(['A']);
    expect(heard.filter((access) => access.startsWith('logs:DeleteLogGroup'))).toEqual([
      `logs:DeleteLogGroup arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/b:log-stream:`,
    ]);
  });

  it('leaves what it may not delete outside of the stack, and says so', () => {
    deploy();
    permitAllBut('iam:DeleteRole');
    const { LogGroup } = template.Resources as Readonly<Record<string, object>>;
    const without = stackOf(
      { ...template, Resources: { LogGroup } },
      { name: NAME, parameters: { WorkloadName: NAME, CodeBucket: BUCKET, CodeKey: 'one.zip' } },
    );

    const { status: after, undeleted } = deployAsRole(without);

    expect(after).toBe('UPDATE_COMPLETE');
    expect(undeleted).toEqual([expect.stringMatching(/^team-workload-dev \/ Role .*iam:DeleteRole/)]);
    expect(theFunction()).toBeUndefined();
  });

  it('leaves a bucket that is not empty, and deletes one that is', () => {
    const stores = (...ids: string[]): ReturnType<typeof stackOf> =>
      stackOf({ Resources: Object.fromEntries(['kept', ...ids].map((id) => [id, bucket(`${id}-bucket`)])) });
    deployStack(deployment, stores('full', 'empty'));
    deployment.world.putObject('full-bucket', 'key', generated(1, 1));

    const { undeleted } = deployStack(deployment, stores());

    expect(undeleted).toEqual([expect.stringMatching(/not empty: full-bucket \(BucketNotEmpty\)/)]);
    expect([...deployment.world.buckets.keys()]).toEqual([BUCKET, 'kept-bucket', 'full-bucket']);
  });

  it('does not make what it has under another logical id', () => {
    const group = resource('AWS::Logs::LogGroup', { LogGroupName: '/l' });
    deployStack(deployment, stackOf({ Resources: { A: group } }));

    expect(() => deployStack(deployment, stackOf({ Resources: { B: group } }))).toThrow(
      /\/l already exists in stack stack, made of A/,
    );
  });

  it('of another name, or of a kind that cannot be changed here, is refused', () => {
    const versioned = (name: string, Status: string): object =>
      bucket(name, { VersioningConfiguration: { Status } });
    deployStack(deployment, stackOf({ Resources: { B: versioned('some-bucket', 'Enabled') } }));

    for (const changed of [versioned('other-bucket', 'Enabled'), versioned('some-bucket', 'Suspended')]) {
      expect(() => deployStack(deployment, stackOf({ Resources: { B: changed } }))).toThrow(
        /AWS::S3::Bucket some-bucket cannot be changed here/,
      );
    }
  });
});

describe('a bucket of a first creation that fails', () => {
  const withFailure = (DeletionPolicy: string): ReturnType<typeof stackOf> =>
    stackOf({
      Resources: {
        B: { ...bucket('some-bucket'), DeletionPolicy },
        Fails: resource('AWS::S3::BucketPolicy', { Bucket: { Ref: 'B' }, PolicyDocument: policy() }),
      },
    });

  it.each([
    ['Delete', false],
    ['RetainExceptOnCreate', false],
    ['Retain', true],
  ])('with the deletion policy %s is there afterwards: %s', (deletionPolicy, there) => {
    expect(() => deployStack(deployment, withFailure(deletionPolicy))).toThrow(
      /Missing required field Statement/,
    );

    expect(deployment.world.buckets.has('some-bucket')).toBe(there);
    expect(deployment.stack(ACCOUNT, REGION, 'stack')?.resources.size).toBe(0);
  });
});

describe('a stack that is only validated', () => {
  const stack = (parameters: Readonly<Record<string, string>>) =>
    stackOf(template, { name: NAME, parameters: { WorkloadName: NAME, ...parameters } });

  it('is not made', () => {
    validateStack(deployment, stack({ CodeBucket: BUCKET, CodeKey: 'none.zip' }));

    expect(deployment.stacks).toEqual([]);
  });

  it('is refused for what its template says, and for what an earlier one has left', () => {
    expect(() => validateStack(deployment, stack({ CodeBucket: BUCKET }))).toThrow(
      /Parameters: \[CodeKey\] must have values/,
    );
    expect(() => deploy('none.zip')).toThrow(/NoSuchKey/);
    expect(() => validateStack(deployment, stack({ CodeBucket: BUCKET, CodeKey: 'one.zip' }))).toThrow(
      /is in ROLLBACK_COMPLETE state/,
    );
  });
});

describe('under a service role', () => {
  it('a type whose calls are not known is refused, rather than made without a question', () => {
    const topic = stackOf({ Resources: { T: { Type: 'AWS::SNS::Topic' } } });

    expect(() => deployAsRole(topic)).toThrow(
      /which API calls CloudFormation makes for AWS::SNS::Topic is not known here/,
    );
    expect(deployStack(new Deployment(deployment.world), topic).status).toBe('CREATE_COMPLETE');
  });
});
