// Roles of the CodeBuild projects of the self-mutating pipeline.
import { Validations } from 'aws-cdk-lib';
import type { IProject } from 'aws-cdk-lib/aws-codebuild';
import { CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { acknowledgeWildcards, policyDocument, type Statement, trustService } from '../permissions/policy.ts';
import { artifactKeyArn, namesOf, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';

/** The role of the project that synthesises: its logs, and the artifacts of the pipeline's region. */
export function synthRole(scope: Construct, topology: Topology, projectName: string): IRole {
  const { tools, partition } = topology;
  const logs = `arn:${partition}:logs:${tools.primaryRegion}:${tools.account}:log-group:/aws/codebuild/${projectName}`;
  const bucket = `arn:${partition}:s3:::${namesOf(topology).artifactBucket(tools.primaryRegion)}`;
  const statements: Statement[] = [
    {
      Sid: 'WriteLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [logs, `${logs}:*`],
    },
    {
      Sid: 'ReadAndWriteArtifacts',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
      Resource: [`${bucket}/*`],
    },
    {
      Sid: 'FindArtifacts',
      Effect: 'Allow',
      Action: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
      Resource: [bucket],
    },
    {
      Sid: 'UseArtifactKey',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: [artifactKeyArn(topology, tools.primaryRegion)],
      Condition: { StringEquals: { 'kms:ViaService': s3ViaService(tools.primaryRegion) } },
    },
  ];
  const role = new CfnRole(scope, 'SynthRole', {
    roleName: projectName,
    assumeRolePolicyDocument: trustService('codebuild.amazonaws.com', {
      StringEquals: { 'aws:SourceAccount': tools.account },
    }),
    policies: [{ policyName: 'exact', policyDocument: policyDocument(statements) }],
  });
  acknowledgeWildcards(role, [
    {
      resources: [`${bucket}/*`],
      reason: 'CodePipeline chooses the keys of artifacts at run time; the bucket is named.',
    },
    { resources: [`${logs}:*`], reason: 'CodeBuild names the streams of its own log group.' },
  ]);
  return Role.fromRoleArn(scope, 'SynthRoleByArn', role.attrArn, { mutable: false });
}

/** Says why of the role that aws-cdk-lib/pipelines writes for the project that deploys changes of the pipeline itself. */
export function acknowledgeSelfMutation(topology: Topology, project: IProject): void {
  const { tools, partition } = topology;
  const here = `${tools.primaryRegion}:${tools.account}`;
  const { role } = project;
  if (!role) throw new Error('the self-mutation project has no role');
  acknowledgeWildcards(role, [
    {
      resources: [
        `arn:${partition}:logs:${here}:log-group:/aws/codebuild/${project.projectName}:*`,
        `arn:${partition}:codebuild:${here}:report-group/${project.projectName}-*`,
      ],
      reason: 'CodeBuild names the log streams and report groups of its own project.',
    },
    {
      resources: [`arn:*:iam::${tools.account}:role/*`],
      reason:
        'Assumes the bootstrap roles only: aws-cdk-lib/pipelines adds a condition on their aws-cdk:bootstrap-role tag.',
    },
    {
      resources: ['*'],
      reason: 'DescribeStacks and ListBucket of the bootstrap stack, which the CDK CLI looks for first.',
    },
    {
      resources: [`arn:${partition}:s3:::${namesOf(topology).artifactBucket(tools.primaryRegion)}/*`],
      reason: 'CodePipeline chooses the keys of artifacts at run time; the bucket is named.',
    },
  ]);
  for (const action of [
    's3:GetBucket*',
    's3:GetObject*',
    's3:List*',
    'kms:GenerateDataKey*',
    'kms:ReEncrypt*',
  ]) {
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Action::${action}]`,
      reason:
        'Written by aws-cdk-lib/pipelines, which offers no other role for this project; on the named bucket and key only.',
    });
  }
}
