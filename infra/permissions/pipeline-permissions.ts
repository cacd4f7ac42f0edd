// What the role of a pipeline may do: read its source, keep artifacts in every region, build, invoke Sync, assume deploy roles.
import { CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { artifactKeyArn, connectionAction, namesOf, pipelineRegions, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';
import {
  acknowledgeWildcards,
  policyDocument,
  type Statement,
  trustService,
  type Wildcard,
} from './policy.ts';

/** What one pipeline needs besides its artifact stores and the function. */
interface PipelineNeeds {
  /** Key in the build bucket that its source action reads; of no meaning when the source is a GitHub repository. */
  readonly sourceObject: string;
  /** CodeBuild projects that its actions start. */
  readonly projectArns: readonly string[];
  /** Roles that its actions assume. */
  readonly assumableRoleArns: readonly string[];
}

/** The role of a pipeline, written out in full: the constructs of aws-cdk-lib that meet it cannot add to it. */
export function pipelineRole(
  scope: Construct,
  topology: Topology,
  roleName: string,
  needs: PipelineNeeds,
): IRole {
  const { statements, wildcards } = pipelineRoleStatements(topology, needs);
  const role = new CfnRole(scope, 'PipelineRole', {
    roleName,
    assumeRolePolicyDocument: trustService('codepipeline.amazonaws.com'),
    policies: [{ policyName: 'exact', policyDocument: policyDocument(statements) }],
  });
  acknowledgeWildcards(role, wildcards);
  return Role.fromRoleArn(scope, 'PipelineRoleByArn', role.attrArn, { mutable: false });
}

function pipelineRoleStatements(
  topology: Topology,
  needs: PipelineNeeds,
): { statements: Statement[]; wildcards: Wildcard[] } {
  const names = namesOf(topology);
  const { account, primaryRegion } = topology.tools;
  const regions = pipelineRegions(topology);
  const bucketArn = (bucketName: string): string => `arn:${topology.partition}:s3:::${bucketName}`;
  const artifactBuckets = regions.map((region) => bucketArn(names.artifactBucket(region)));
  const artifactObjects = artifactBuckets.map((arn) => `${arn}/*`);
  const keyArns = regions.map((region) => artifactKeyArn(topology, region));
  const statements: Statement[] = [
    ...(topology.github
      ? [readGitHub(topology.github.connectionArn)]
      : readBuilds(bucketArn(names.buildBucket), needs.sourceObject)),
    {
      Sid: 'FindArtifacts',
      Effect: 'Allow',
      // CodePipeline user guide, service role: the minimum for artifact buckets.
      Action: ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning'],
      Resource: artifactBuckets,
    },
    {
      Sid: 'KeepArtifacts',
      Effect: 'Allow',
      // Sources and replicated inputs are written here; PutObjectAcl since CodePipeline writes with a canned ACL.
      Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject', 's3:PutObjectAcl'],
      Resource: artifactObjects,
    },
    {
      Sid: 'UseArtifactKeys',
      Effect: 'Allow',
      // S3 makes data keys for what CodePipeline writes and decrypts what it reads.
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keyArns,
      Condition: { StringEquals: { 'kms:ViaService': regions.map(s3ViaService) } },
    },
    {
      Sid: 'DescribeArtifactKeys',
      Effect: 'Allow',
      // CodePipeline looks at the keys of its artifact stores itself, not through S3.
      Action: ['kms:DescribeKey'],
      Resource: keyArns,
    },
    ...(needs.projectArns.length === 0
      ? []
      : [
          {
            Sid: 'Build',
            Effect: 'Allow' as const,
            // CodePipeline user guide, AWS CodeBuild action.
            Action: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'],
            Resource: needs.projectArns,
          },
        ]),
    // Without destinations there is no Sync stage.
    ...(topology.destinations.length === 0
      ? []
      : [
          {
            Sid: 'InvokeSync',
            Effect: 'Allow' as const,
            Action: ['lambda:InvokeFunction'],
            Resource: [
              `arn:${topology.partition}:lambda:${primaryRegion}:${account}:function:${names.functionName}`,
            ],
          },
        ]),
    {
      Sid: 'AssumeActionRoles',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Resource: needs.assumableRoleArns,
    },
  ];
  const assumable = needs.assumableRoleArns.filter((arn) => arn.includes('*'));
  return {
    statements,
    wildcards: [
      {
        resources: artifactObjects,
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
      {
        resources: assumable,
        reason: 'The deploy role of the bootstrap stack of every region of the account.',
      },
    ],
  };
}

function readGitHub(connectionArn: string): Statement {
  return {
    Sid: 'ReadGitHub',
    Effect: 'Allow',
    Action: [connectionAction(connectionArn, 'UseConnection')],
    Resource: [connectionArn],
  };
}

function readBuilds(buildBucketArn: string, key: string): Statement[] {
  return [
    {
      Sid: 'FindBuilds',
      Effect: 'Allow',
      // CodePipeline user guide, Amazon S3 source action: it checks that the bucket is versioned, and where it is.
      Action: ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
      Resource: [buildBucketArn],
    },
    {
      Sid: 'ReadBuilds',
      Effect: 'Allow',
      // The revision of an S3 source is a version; its tags travel with it.
      Action: ['s3:GetObject', 's3:GetObjectTagging', 's3:GetObjectVersion', 's3:GetObjectVersionTagging'],
      Resource: [`${buildBucketArn}/${key}`],
    },
  ];
}
