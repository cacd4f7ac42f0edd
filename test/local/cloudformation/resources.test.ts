// What AWS refuses when a resource is made, a deployment here refuses, with the place and the reason.
import { describe, expect, it } from 'vitest';
import { World } from '../../../local/aws/state/world.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';
import type { Template } from '../../../local/cloudformation/template/template.ts';
import { ACCOUNT, arnOf, bucket, deploy, policy, REGION, resource, role } from './stack.ts';

const OTHER_ACCOUNT = '444455556666';
const allow = (Action: string, Resource: unknown): object => policy({ Effect: 'Allow', Action, Resource });
const keyPolicy = (principal: string, Action = 'kms:*'): object =>
  policy({ Effect: 'Allow', Principal: { AWS: principal }, Action, Resource: '*' });
const ROOT = `arn:aws:iam::${ACCOUNT}:root`;
const NOBODY = `arn:aws:iam::${ACCOUNT}:role/nobody`;

const code = { ZipFile: 'exports.handler = async () => {}' };
const lambda = (more: object = {}): object =>
  resource('AWS::Lambda::Function', {
    FunctionName: 'f',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: arnOf('Role'),
    Code: code,
    ...more,
  });
const withRole = (f: object): Template => ({ Role: role('lambda.amazonaws.com'), F: f });
const fromBucket = { S3Bucket: 'code-bucket', S3Key: 'f.zip' };

const rule = (more: object): Template => ({
  Role: role('events.amazonaws.com'),
  R: resource('AWS::Events::Rule', { EventPattern: { source: ['aws.s3'] }, Targets: [{ Id: 'T', ...more }] }),
});
const PIPELINE_ARN = `arn:aws:codepipeline:${REGION}:${ACCOUNT}:p`;

/** A bucket whose policy has one statement. */
const bucketFor = (statement: object, more: object = {}): Template => ({
  B: bucket('some-bucket', more),
  P: resource('AWS::S3::BucketPolicy', {
    Bucket: { Ref: 'B' },
    PolicyDocument: policy({ Effect: 'Allow', Action: 's3:ListBucket', Resource: arnOf('B'), ...statement }),
  }),
});
const publicBucket = (Condition: object, more: object = {}): Template =>
  bucketFor({ Principal: '*', Condition }, more);
const withLifecycle = (...rules: object[]): Template => ({
  B: bucket('some-bucket', {
    LifecycleConfiguration: { Rules: rules.map((each) => ({ Id: 'r', Status: 'Enabled', ...each })) },
  }),
});

const key = (more: object = {}): object => resource('AWS::KMS::Key', more);
const alias = (AliasName: string, TargetKeyId: unknown = arnOf('K')): object =>
  resource('AWS::KMS::Alias', { AliasName, TargetKeyId });
const trusting = (statement: object): object =>
  resource('AWS::IAM::Role', {
    AssumeRolePolicyDocument: policy({ Effect: 'Allow', Action: 'sts:AssumeRole', ...statement }),
  });
const inlinePolicy = (PolicyName: string, role: unknown, Resource: string): object =>
  resource('AWS::IAM::Policy', {
    PolicyName,
    Roles: [role],
    PolicyDocument: allow('s3:GetObject', Resource),
  });
const subscription = (TopicArn: unknown, Endpoint: string): object =>
  resource('AWS::SNS::Subscription', { TopicArn, Protocol: 'email', Endpoint });

describe('a bucket policy for everybody', () => {
  it.each<[string, Template]>([
    ['that a condition narrows', publicBucket({ StringEquals: { 'aws:PrincipalAccount': ACCOUNT } })],
    [
      'of a bucket that does not block it',
      publicBucket(
        { NumericLessThan: { 's3:max-keys': '9' } },
        { PublicAccessBlockConfiguration: { BlockPublicPolicy: false } },
      ),
    ],
  ])('is put, %s', (_name, Resources) => {
    expect(deploy({ Resources }).status).toBe('CREATE_COMPLETE');
  });
});

describe('AWS refuses', () => {
  it.each<[string, Template, RegExp]>([
    [
      'a bucket policy for nobody',
      bucketFor({ Principal: { AWS: NOBODY } }),
      /P \(AWS::S3::BucketPolicy\): Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role\/nobody"/,
    ],
    [
      'a bucket policy on another bucket',
      bucketFor({ Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::other/*' }),
      /invalid resource/,
    ],
    [
      'the policy of a bucket that is not there',
      {
        P: resource('AWS::S3::BucketPolicy', { Bucket: 'none', PolicyDocument: allow('s3:GetObject', '*') }),
      },
      /The specified bucket does not exist: none \(NoSuchBucket\)/,
    ],
    [
      'a lifecycle rule that does nothing',
      withLifecycle({}),
      /At least one action needs to be specified in a rule/,
    ],
    [
      'a transition to infrequent access too soon',
      withLifecycle({ Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 29 }] }),
      /must be greater than or equal to 30 for storageClass/,
    ],
    [
      'a composite alarm of an alarm that is not there',
      { A: resource('AWS::CloudWatch::CompositeAlarm', { AlarmRule: 'ALARM("nowhere")' }) },
      /alarms \[nowhere\] in the alarm rule do not exist/,
    ],
    [
      'two lifecycle rules of an id',
      withLifecycle({ ExpirationInDays: 1 }, { ExpirationInDays: 2 }),
      /Rule ID must be unique/,
    ],
    [
      'a public bucket policy, which buckets block unless they are made otherwise',
      publicBucket({ NumericLessThan: { 's3:max-keys': '9' } }),
      /The policy of some-bucket is public, and public policies are blocked/,
    ],
    [
      'a bucket policy for everybody of a name',
      publicBucket({ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/reader' } }),
      /is public, and public policies are blocked/,
    ],
    [
      'a bucket with capitals',
      { B: bucket('Some-Bucket') },
      /The specified bucket is not valid\. \(InvalidBucketName\)/,
    ],
    [
      'a name of the account-regional namespace that nobody asked for',
      { B: bucket(`b-${ACCOUNT}-${REGION}-an`) },
      /MissingNamespaceHeader/,
    ],
    [
      'access logs into a bucket that is not there',
      { B: bucket('some-bucket', { LoggingConfiguration: { DestinationBucketName: 'none' } }) },
      /InvalidTargetBucketForLogging/,
    ],
    [
      'an encryption that is none',
      {
        B: bucket('some-bucket', {
          BucketEncryption: {
            ServerSideEncryptionConfiguration: [
              { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES128' } },
            ],
          },
        }),
      },
      /B \(AWS::S3::Bucket\) \/ BucketEncryption\.ServerSideEncryptionConfiguration\.0\.ServerSideEncryptionByDefault\.SSEAlgorithm: .*"AES128"/,
    ],
    [
      'a key policy for nobody',
      { K: key({ KeyPolicy: keyPolicy(NOBODY) }) },
      /Invalid principal in policy.*MalformedPolicyDocumentException/,
    ],
    [
      'a key policy that locks its account out',
      { K: key({ KeyPolicy: keyPolicy(`arn:aws:iam::${OTHER_ACCOUNT}:root`) }) },
      /will not allow you to update the key policy in the future/,
    ],
    [
      'a key policy that does not let its account turn rotation on',
      {
        K: key({ EnableKeyRotation: true, KeyPolicy: keyPolicy(ROOT, 'kms:PutKeyPolicy') }),
      },
      /not authorized to perform: kms:EnableKeyRotation/,
    ],
    [
      'an alias twice',
      { K: key(), A: alias('alias/a'), B: alias('alias/a') },
      /B \(AWS::KMS::Alias\): alias\/a already exists/,
    ],
    ['an alias of AWS', { K: key(), A: alias('alias/aws/mine') }, /A \(AWS::KMS::Alias\) \/ AliasName/],
    ['an alias of a key that is not there', { A: alias('alias/a', 'none') }, /Key 'none' does not exist/],
    [
      'a role that trusts nobody',
      { R: trusting({ Principal: { AWS: NOBODY } }) },
      /Invalid principal in policy.*MalformedPolicyDocument/,
    ],
    ['a role name of 65 characters', { R: role('lambda.amazonaws.com', { RoleName: 'r'.repeat(65) }) }, /65/],
    [
      'a role with a policy that is not there',
      { R: role('lambda.amazonaws.com', { ManagedPolicyArns: ['arn:aws:iam::aws:policy/None'] }) },
      /policy\/None does not exist or is not attachable/,
    ],
    [
      'a role within a boundary that is not there',
      { R: role('lambda.amazonaws.com', { PermissionsBoundary: `arn:aws:iam::${ACCOUNT}:policy/none` }) },
      /policy\/none does not exist/,
    ],
    [
      'a trust policy of more than 2048 characters',
      { R: trusting({ Sid: 'S'.repeat(2048), Principal: { Service: 'lambda.amazonaws.com' } }) },
      /trust policy: [\d,]+ characters; AWS takes 2,048/,
    ],
    [
      'inline policies of more than 10,240 characters together',
      {
        R: role('lambda.amazonaws.com', { RoleName: 'r' }),
        A: inlinePolicy('A', { Ref: 'R' }, `arn:aws:s3:::${'b'.repeat(6000)}`),
        B: inlinePolicy('B', { Ref: 'R' }, `arn:aws:s3:::${'b'.repeat(6000)}`),
      },
      /B \(AWS::IAM::Policy\): Maximum policy size of 10240 bytes exceeded/,
    ],
    [
      'a policy of a role that is not there',
      { P: inlinePolicy('p', 'none', '*') },
      /role with name none cannot be found/,
    ],
    [
      'a policy with a condition key that cannot be evaluated',
      {
        R: role('lambda.amazonaws.com', {
          Policies: [
            {
              PolicyName: 'p',
              PolicyDocument: policy({
                Effect: 'Allow',
                Action: 's3:*',
                Resource: '*',
                Condition: { StringEquals: { 'ec2:Vpc': 'x' } },
              }),
            },
          ],
        }),
      },
      /ec2:Vpc/,
    ],
    [
      'a function whose role Lambda cannot assume',
      { Role: role('ec2.amazonaws.com'), F: lambda() },
      /F \(AWS::Lambda::Function\): The role defined for the function cannot be assumed by Lambda/,
    ],
    ['a function whose role is not there', { F: lambda({ Role: NOBODY }) }, /cannot be assumed by Lambda/],
    [
      'a function with too little memory',
      withRole(lambda({ MemorySize: 64 })),
      /F \(AWS::Lambda::Function\) \/ MemorySize: .*>=128.*64/,
    ],
    ['a function that may run for an hour', withRole(lambda({ Timeout: 3600 })), /Timeout: .*<=900.*3600/],
    ['a runtime that there is not', withRole(lambda({ Runtime: 'nodejs4.x' })), /Runtime.*nodejs4\.x/],
    [
      'an environment of more than 4 KB',
      withRole(lambda({ Environment: { Variables: { LONG: 'x'.repeat(4096) } } })),
      /environment: [\d,]+ bytes; AWS takes 4,096/,
    ],
    [
      'a variable that is Lambda’s own',
      withRole(lambda({ Environment: { Variables: { AWS_REGION: 'x' } } })),
      /reserved keys.*AWS_REGION/,
    ],
    [
      'code in a bucket that is not there',
      withRole(lambda({ Code: fromBucket })),
      /S3 Error Code: NoSuchBucket/,
    ],
    [
      'code that is not there',
      { B: bucket('code-bucket'), ...withRole({ ...lambda({ Code: fromBucket }), DependsOn: 'B' }) },
      /S3 Error Code: NoSuchKey/,
    ],
    [
      'retries of a function that is not there',
      { C: resource('AWS::Lambda::EventInvokeConfig', { FunctionName: 'none', Qualifier: '$LATEST' }) },
      /Function not found: arn:aws:lambda:eu-west-1:111122223333:function:none/,
    ],
    [
      'a destination that the function may not invoke',
      {
        ...withRole(lambda()),
        G: lambda({ FunctionName: 'g' }),
        C: resource('AWS::Lambda::EventInvokeConfig', {
          FunctionName: { Ref: 'F' },
          Qualifier: '$LATEST',
          DestinationConfig: { OnFailure: { Destination: arnOf('G') } },
        }),
      },
      /does not have permissions to call InvokeFunction on arn:aws:lambda:eu-west-1:111122223333:function:g/,
    ],
    [
      'a retention of eight days',
      { L: resource('AWS::Logs::LogGroup', { RetentionInDays: 8 }) },
      /RetentionInDays/,
    ],
    [
      'a log group under a key that the service may not use',
      { K: key(), L: resource('AWS::Logs::LogGroup', { KmsKeyId: arnOf('K') }) },
      /not allowed to be used with Arn 'arn:aws:logs:/,
    ],
    ['a target without the role that it needs', rule({ Arn: PIPELINE_ARN }), /RoleArn is required/],
    [
      'a target with a role that EventBridge cannot assume',
      { ...rule({ Arn: PIPELINE_ARN, RoleArn: arnOf('Role') }), Role: role('lambda.amazonaws.com') },
      /cannot be assumed by principal 'events.amazonaws.com'/,
    ],
    [
      'an input with a placeholder that means nothing',
      rule({
        Arn: PIPELINE_ARN,
        RoleArn: arnOf('Role'),
        InputTransformer: { InputPathsMap: { a: '$.a' }, InputTemplate: '{"b": "<b>"}' },
      }),
      /placeholder b that is not in InputPathsMap/,
    ],
    [
      'a dashboard that is no JSON',
      { D: resource('AWS::CloudWatch::Dashboard', { DashboardBody: '{"widgets": [' }) },
      /DashboardBody/,
    ],
    [
      'an alarm on nothing',
      {
        A: resource('AWS::CloudWatch::Alarm', {
          ComparisonOperator: 'GreaterThanThreshold',
          EvaluationPeriods: 1,
          Threshold: 0,
        }),
      },
      /an alarm has MetricName or Metrics/,
    ],
    [
      'a subscription to a topic that is not there',
      { S: subscription(`arn:aws:sns:${REGION}:${ACCOUNT}:none`, 'a@b.example') },
      /Topic does not exist/,
    ],
    [
      'an address that is none',
      { T: resource('AWS::SNS::Topic', {}), S: subscription({ Ref: 'T' }, 'nobody') },
      /Email address/,
    ],
    [
      'a project whose role CodeBuild cannot assume',
      {
        Role: role('lambda.amazonaws.com'),
        P: resource('AWS::CodeBuild::Project', {
          ServiceRole: arnOf('Role'),
          Artifacts: { Type: 'CODEPIPELINE' },
          Source: { Type: 'CODEPIPELINE' },
          Environment: { ComputeType: 'BUILD_GENERAL1_SMALL', Image: 'i', Type: 'LINUX_CONTAINER' },
        }),
      },
      /CodeBuild is not authorized to perform: sts:AssumeRole/,
    ],
  ])('%s', (_name, Resources, message) => {
    expect(() => deploy({ Resources })).toThrow(message);
  });
});

describe('what is there already', () => {
  const twice = (
    Resources: Template,
    second: { readonly account?: string; readonly region?: string },
  ): void => {
    const deployment = new Deployment(new World());
    deploy({ Resources }, { name: 'one' }, deployment);
    deploy({ Resources }, { name: 'two', ...second }, deployment);
  };

  it.each<[string, Template, { account?: string; region?: string }, RegExp | undefined]>([
    [
      'a bucket, in the same account',
      { B: bucket('some-bucket') },
      {},
      /some-bucket already exists in stack one/,
    ],
    [
      'a bucket, in any account',
      { B: bucket('some-bucket') },
      { account: OTHER_ACCOUNT },
      /BucketAlreadyExists/,
    ],
    [
      'a role, in any region',
      { R: role('lambda.amazonaws.com', { RoleName: 'r' }) },
      { region: 'us-east-1' },
      /Role with name r already exists/,
    ],
    [
      'a role, but not in another account',
      { R: role('lambda.amazonaws.com', { RoleName: 'r' }) },
      { account: OTHER_ACCOUNT },
      undefined,
    ],
    [
      'an alarm topic',
      { T: resource('AWS::SNS::Topic', { TopicName: 't' }) },
      {},
      /t already exists in stack one/,
    ],
    [
      'a log group, but not in another region',
      { L: resource('AWS::Logs::LogGroup', { LogGroupName: '/l' }) },
      { region: 'us-east-1' },
      undefined,
    ],
  ])('%s, is not made again', (_name, Resources, second, message) => {
    if (message === undefined) expect(() => twice(Resources, second)).not.toThrow();
    else expect(() => twice(Resources, second)).toThrow(message);
  });
});

describe('a name that CloudFormation makes', () => {
  const nameOf = (stack: string, id: string): string | undefined =>
    deploy({ Resources: { [id]: role('lambda.amazonaws.com') } }, { name: stack }).resources.get(id)?.ref;

  it('has stack, logical id and twelve characters where they fit', () => {
    expect(nameOf('artsync-workload-dev', 'Role')).toMatch(/^artsync-workload-dev-Role-[0-9A-F]{12}$/);
  });

  it('is cut to 64 characters, half of the room for each where both are long', () => {
    const name = nameOf('a-stack-with-quite-a-long-name', 'ARoleWithALogicalIdThatIsLong');

    expect(name).toMatch(/^a-stack-with-quite-a-long-ARoleWithALogicalIdThatIs-[0-9A-F]{12}$/);
    expect(name).toHaveLength(64);
  });

  it('is the same in every deployment, and another in each region', () => {
    const names = [REGION, REGION, 'us-east-1'].map(
      (region) =>
        deploy({ Resources: { R: role('lambda.amazonaws.com') } }, { region }).resources.get('R')?.ref,
    );

    expect(new Set(names).size).toBe(2);
  });
});
