// The role and the logs of a CodeBuild project that a pipeline starts: it reads and writes artifacts, and nothing else.
import { RemovalPolicy } from 'aws-cdk-lib';
import type { LoggingOptions } from 'aws-cdk-lib/aws-codebuild';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { type ILogGroup, LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { artifactBucketArn, artifactKeyArn, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';
import { exactRole } from './policy.ts';
import { allow } from './statement.ts';

/**
 * The role and the logs of a project in the primary region. Its source comes from the pipeline, so it holds no token of the
 * repository.
 */
export function buildRole(
  scope: Construct,
  topology: Topology,
  projectName: string,
): { readonly projectName: string; readonly role: IRole; readonly logging: LoggingOptions } {
  const { tools } = topology;
  const bucket = artifactBucketArn(topology, tools.primaryRegion);
  const logGroup = new LogGroup(scope, `${projectName}-logs`, {
    logGroupName: `/aws/codebuild/${projectName}`,
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = exactRole(scope, `${projectName}-role`, {
    roleName: projectName,
    service: 'codebuild.amazonaws.com',
    trustCondition: { StringEquals: { 'aws:SourceAccount': tools.account } },
    statements: [
      allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]),
      allow(
        'ReadAndWriteArtifacts',
        ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
        [`${bucket}/*`],
      ),
      allow('FindArtifacts', ['s3:GetBucketAcl', 's3:GetBucketLocation'], [bucket]),
      allow(
        'UseArtifactKey',
        ['kms:Decrypt', 'kms:GenerateDataKey'],
        [artifactKeyArn(topology, tools.primaryRegion)],
        { StringEquals: { 'kms:ViaService': s3ViaService(tools.primaryRegion) } },
      ),
    ],
    wildcards: [
      {
        resources: [`${bucket}/*`],
        reason: 'CodePipeline chooses the keys of artifacts at run time; the bucket is named.',
      },
    ],
  });
  return {
    projectName,
    role,
    logging: { cloudWatch: { logGroup: logGroup as ILogGroup } },
  };
}
