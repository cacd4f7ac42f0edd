// What the role of a pipeline may do: read builds, keep artifacts in every region, invoke Sync, assume deploy roles.
import { artifactKeyArn, namesOf, s3ViaService } from '../shape/names.ts';
import type { Topology } from '../shape/topology-rules.ts';
import type { Statement, Wildcard } from './policy.ts';

/** What one pipeline needs besides its artifact stores and the function. */
export interface PipelineNeeds {
  /** Keys in the build bucket that its source actions read. */
  readonly sourceObjects: readonly string[];
  /** Roles that its actions assume. */
  readonly assumableRoleArns: readonly string[];
}

/** The statements of a pipeline's role, with the wildcards in them explained. */
export function pipelineRoleStatements(
  topology: Topology,
  needs: PipelineNeeds,
): { statements: Statement[]; wildcards: Wildcard[] } {
  const names = namesOf(topology);
  const { account, primaryRegion } = topology.tools;
  const regions = topology.regions.map(({ region }) => region);
  const bucketArn = (bucketName: string): string => `arn:${topology.partition}:s3:::${bucketName}`;
  const artifactBuckets = regions.map((region) => bucketArn(names.artifactBucket(region)));
  const artifactObjects = artifactBuckets.map((arn) => `${arn}/*`);
  const keyArns = regions.map((region) => artifactKeyArn(topology, region));
  const statements: Statement[] = [
    ...readBuilds(bucketArn(names.buildBucket), needs.sourceObjects),
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
    {
      Sid: 'InvokeSync',
      Effect: 'Allow',
      Action: ['lambda:InvokeFunction'],
      Resource: [
        `arn:${topology.partition}:lambda:${primaryRegion}:${account}:function:${names.functionName}`,
      ],
    },
    {
      Sid: 'AssumeActionRoles',
      Effect: 'Allow',
      Action: ['sts:AssumeRole'],
      Resource: [...needs.assumableRoleArns],
    },
  ];
  return {
    statements,
    wildcards: [
      {
        resources: artifactObjects,
        reason: 'CodePipeline chooses the keys of artifacts at run time; the buckets are named.',
      },
    ],
  };
}

function readBuilds(buildBucketArn: string, keys: readonly string[]): Statement[] {
  if (keys.length === 0) return [];
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
      Resource: keys.map((key) => `${buildBucketArn}/${key}`),
    },
  ];
}
