// Every physical name and ARN that one template and another must agree on, derived from the topology alone.
import { Fn } from 'aws-cdk-lib';
import type { Topology } from './topology-rules.ts';

/**
 * Object key in the build bucket that starts the pipeline. Templates and code are one object, so that no execution ever
 * has those of two releases.
 */
export const RELEASE_OBJECT = 'release.zip';

/** Object key in the build bucket that starts the CDK Pipelines app when there is no GitHub connection. */
export const CDK_SOURCE_OBJECT = 'cdk-source.zip';

/** The names that follow from a topology, of everything that is referred to across stacks. */
export function namesOf({
  qualifier,
  tools: { account, primaryRegion },
  bucketNamespace,
}: Pick<Topology, 'qualifier' | 'tools' | 'bucketNamespace'>) {
  const end = bucketNamespace === 'account-regional' ? '-an' : '';
  return {
    artifactKeyAlias: `alias/${qualifier}-artifacts`,
    artifactBucket: (region: string) => `${qualifier}-artifacts-${account}-${region}${end}`,
    accessLogBucket: (region: string) => `${qualifier}-access-logs-${account}-${region}${end}`,
    buildBucket: `${qualifier}-builds-${account}-${primaryRegion}${end}`,
    functionName: `${qualifier}-sync-artifacts`,
    functionRole: `${qualifier}-sync-artifacts`,
    lostJobFunctionName: `${qualifier}-lost-job`,
    lostJobFunctionRole: `${qualifier}-lost-job`,
    alarmTopic: `${qualifier}-alarms`,
    pipeline: `${qualifier}-reference`,
    pipelineRole: `${qualifier}-pipeline`,
    /** The project that builds the release from a GitHub repository, and its role. */
    buildProject: `${qualifier}-build`,
    /** The self-mutating pipeline, and its role. */
    cdkPipeline: `${qualifier}-cdk-pipeline`,
    /** The role in a deploy account that CodePipeline assumes. */
    actionRole: `${qualifier}-pipeline-action`,
    /** The role in a deploy account that CloudFormation uses. */
    cloudFormationRole: `${qualifier}-cloudformation`,
    workloadStack: (environment: string) => `${qualifier}-workload-${environment.toLowerCase()}`,
    stacks: {
      artifactStore: (region: string) => `${qualifier}-artifact-store-${region}`,
      syncArtifacts: `${qualifier}-sync-artifacts`,
      deployRoles: (deployAccount: string) => `${qualifier}-deploy-roles-${deployAccount}`,
      pipeline: `${qualifier}-pipeline`,
      cdkPipeline: `${qualifier}-cdk-pipeline`,
    },
  };
}

/** The ARN of a bucket by its name. */
export function bucketArn({ partition }: Pick<Topology, 'partition'>, bucketName: string): string {
  return `arn:${partition}:s3:::${bucketName}`;
}

/** The ARN of the artifact bucket of a region. */
export function artifactBucketArn(topology: Topology, region: string): string {
  return bucketArn(topology, namesOf(topology).artifactBucket(region));
}

/** The ARN of the function. */
export function functionArn(topology: Topology): string {
  const { account, primaryRegion } = topology.tools;
  return `arn:${topology.partition}:lambda:${primaryRegion}:${account}:function:${namesOf(topology).functionName}`;
}

/** The ARN of a role by its name. */
export function roleArn(topology: Pick<Topology, 'partition'>, account: string, roleName: string): string {
  return `arn:${topology.partition}:iam::${account}:role/${roleName}`;
}

/** The value of `kms:ViaService` when S3 in a region uses a key for its caller. */
export function s3ViaService(region: string): string {
  return `s3.${region}.amazonaws.com`;
}

/**
 * An IAM action on a connection. Connections were renamed: an action counts only with the service prefix that the connection's ARN has
 * (Developer Tools console user guide, "Connections rename").
 */
export function connectionAction(connectionArn: string, action: string): string {
  return `${connectionArn.split(':')[2] ?? 'codeconnections'}:${action}`;
}

/** Roles that read the artifacts of a region, in the deploy accounts that have an environment there: those of the pipeline, and of bootstrapping for CDK Pipelines. */
export function artifactReaderRoles(topology: Topology, region: string): string[] {
  const names = namesOf(topology);
  const roles = topology.deployAccounts
    .filter(({ name }) => regionsOf(topology, name).includes(region))
    .flatMap(({ account }) => [
      roleArn(topology, account, names.actionRole),
      roleArn(topology, account, names.cloudFormationRole),
      ...(topology.cdkPipelines ? [bootstrapDeployRole(topology, account, region)] : []),
    ]);
  return roles.sort();
}

/** The role of a bootstrap stack that deploys stacks; `*` for the region means those of all regions. */
export function bootstrapDeployRole(topology: Topology, account: string, region: string): string {
  return roleArn(topology, account, `cdk-${topology.bootstrapQualifier}-deploy-role-${account}-${region}`);
}

/** The regions that some environment of a deploy account is deployed to. */
export function regionsOf(topology: Topology, deployAccount: string): string[] {
  const regions = topology.environments
    .filter(({ account }) => account.name === deployAccount)
    .flatMap((environment) => environment.regions);
  return [...new Set(regions)];
}

/** The regions in which pipelines act: the primary one, and those of the environments. */
export function pipelineRegions(topology: Topology): string[] {
  const regions = topology.environments.flatMap((environment) => environment.regions);
  return [...new Set([topology.tools.primaryRegion, ...regions])];
}

/**
 * Output of an artifact store's stack that holds the ARN of its key. Another generation of the key is another output, so
 * that the templates of all who read it change, and CloudFormation looks again.
 */
export function keyArnOutput(topology: Topology, region: string): string {
  const { keyGeneration = 1 } = topology.regions.find((each) => each.region === region) ?? {};
  return `ArtifactKeyArn${keyGeneration === 1 ? '' : keyGeneration}`;
}

/** The ARN of the artifact key of a region, read from the output of that region's stack at deployment. */
export function artifactKeyArn(topology: Topology, region: string): string {
  const stackName = namesOf(topology).stacks.artifactStore(region);
  return Fn.getStackOutput(stackName, keyArnOutput(topology, region), region);
}
