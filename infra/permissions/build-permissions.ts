// The role and the logs of a CodeBuild project that a pipeline starts: it reads and writes artifacts, and nothing else.
import { RemovalPolicy } from 'aws-cdk-lib';
import type { LoggingOptions } from 'aws-cdk-lib/aws-codebuild';
import { CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { artifactKeyArn, namesOf, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';
import { acknowledgeWildcards, policyDocument, type Statement, trustService } from './policy.ts';

/**
 * The role and the logs of a project in the primary region. Its source comes from the pipeline, so it holds no token of the
 * repository.
 */
export function buildRole(
  scope: Construct,
  topology: Topology,
  projectName: string,
): { readonly projectName: string; readonly role: IRole; readonly logging: LoggingOptions } {
  const { tools, partition } = topology;
  const bucket = `arn:${partition}:s3:::${namesOf(topology).artifactBucket(tools.primaryRegion)}`;
  const logGroup = new LogGroup(scope, `${projectName}-logs`, {
    logGroupName: `/aws/codebuild/${projectName}`,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const statements: Statement[] = [
    {
      Sid: 'WriteLogs',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: [logGroup.logGroupArn],
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
  const role = new CfnRole(scope, `${projectName}-role`, {
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
  ]);
  return {
    projectName,
    role: Role.fromRoleArn(scope, `${projectName}-role-by-arn`, role.attrArn, { mutable: false }),
    logging: { cloudWatch: { logGroup: logGroup as ILogGroup } },
  };
}
