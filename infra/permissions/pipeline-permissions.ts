// What the role of a pipeline may do: read its source, keep artifacts in every region, build, invoke Sync, assume deploy roles.
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import {
  artifactBucketArn,
  artifactKeyArn,
  bucketArn,
  connectionAction,
  functionArn,
  namesOf,
  pipelineRegions,
  s3ViaService,
} from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';
import { exactRole } from './policy.ts';
import { allow, type Statement } from './statement.ts';

/** What one pipeline needs besides its artifact stores and the function. */
interface PipelineNeeds {
  /** Key in the build bucket that its source action reads; of no meaning when the source is a GitHub repository. */
  readonly sourceObject: string;
  /** CodeBuild projects that its actions start. */
  readonly projectArns: readonly string[];
  /** Roles that its actions assume. */
  readonly assumableRoleArns: readonly string[];
}

/** The role of a pipeline. */
export function pipelineRole(
  scope: Construct,
  topology: Topology,
  roleName: string,
  { sourceObject, projectArns, assumableRoleArns }: PipelineNeeds,
): IRole {
  const regions = pipelineRegions(topology);
  const artifactBuckets = regions.map((region) => artifactBucketArn(topology, region));
  const artifactObjects = artifactBuckets.map((arn) => `${arn}/*`);
  const keyArns = regions.map((region) => artifactKeyArn(topology, region));
  return exactRole(scope, 'PipelineRole', {
    roleName,
    service: 'codepipeline.amazonaws.com',
    statements: [
      ...(topology.github
        ? [readGitHub(topology.github.connectionArn)]
        : readBuilds(bucketArn(topology, namesOf(topology).buildBucket), sourceObject)),
      // CodePipeline user guide, service role: the minimum for artifact buckets.
      allow(
        'FindArtifacts',
        ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning'],
        artifactBuckets,
      ),
      // Sources and replicated inputs are written here; PutObjectAcl since CodePipeline writes with a canned ACL.
      allow(
        'KeepArtifacts',
        ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:PutObjectAcl'],
        artifactObjects,
      ),
      // S3 makes data keys for what CodePipeline writes and decrypts what it reads.
      allow('UseArtifactKeys', ['kms:Decrypt', 'kms:GenerateDataKey'], keyArns, {
        StringEquals: { 'kms:ViaService': regions.map(s3ViaService) },
      }),
      // CodePipeline looks at the keys of its artifact stores itself, not through S3.
      allow('DescribeArtifactKeys', ['kms:DescribeKey'], keyArns),
      ...(projectArns.length === 0
        ? []
        : // CodePipeline user guide, AWS CodeBuild action.
          [allow('Build', ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'], projectArns)]),
      // Without destinations there is no Sync stage.
      ...(topology.destinations.length === 0
        ? []
        : [allow('InvokeSync', ['lambda:InvokeFunction'], [functionArn(topology)])]),
      allow('AssumeActionRoles', ['sts:AssumeRole'], assumableRoleArns),
    ],
    wildcards: [
      {
        resources: artifactObjects,
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
      {
        resources: assumableRoleArns.filter((arn) => arn.includes('*')),
        reason: 'The deploy role of the bootstrap stack of every region of the account.',
      },
    ],
  });
}

function readGitHub(connectionArn: string): Statement {
  return allow('ReadGitHub', [connectionAction(connectionArn, 'UseConnection')], [connectionArn]);
}

function readBuilds(buildBucketArn: string, key: string): Statement[] {
  return [
    // CodePipeline user guide, Amazon S3 source action: it checks that the bucket is versioned, and where it is.
    allow(
      'FindBuilds',
      ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
      [buildBucketArn],
    ),
    // The revision of an S3 source is a version; its tags travel with it.
    allow(
      'ReadBuilds',
      ['s3:GetObject', 's3:GetObjectTagging', 's3:GetObjectVersion', 's3:GetObjectVersionTagging'],
      [`${buildBucketArn}/${key}`],
    ),
  ];
}
