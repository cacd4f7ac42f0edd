// Every physical name and ARN that one template and another must agree on, derived from the topology alone.
import { Fn } from 'aws-cdk-lib';
import type { Topology } from './topology-rules.ts';

/** Output of an artifact store's stack that holds the ARN of its key. */
export const KEY_ARN_OUTPUT = 'ArtifactKeyArn';

/** Object keys in the build bucket that start the pipeline. */
export const BUILD_OBJECTS = { templates: 'templates.zip', code: 'code.zip' } as const;

/** Object key in the build bucket that starts the CDK Pipelines app when there is no GitHub connection. */
export const CDK_SOURCE_OBJECT = 'cdk-source.zip';

/** Names of everything that is referred to across stacks. */
export interface Names {
  readonly artifactKeyAlias: string;
  artifactBucket(region: string): string;
  accessLogBucket(region: string): string;
  readonly buildBucket: string;
  readonly functionName: string;
  readonly functionRole: string;
  readonly lostJobFunctionName: string;
  readonly lostJobFunctionRole: string;
  readonly pipeline: string;
  readonly pipelineRole: string;
  /** The self-mutating pipeline, and its role. */
  readonly cdkPipeline: string;
  /** The role in a deploy account that CodePipeline assumes. */
  readonly actionRole: string;
  /** The role in a deploy account that CloudFormation uses. */
  readonly cloudFormationRole: string;
  workloadStack(environment: string): string;
  readonly stacks: {
    artifactStore(region: string): string;
    readonly syncArtifacts: string;
    deployRoles(deployAccount: string): string;
    readonly pipeline: string;
    readonly publish: string;
    readonly cdkPipeline: string;
  };
}

/** The names that follow from a topology. */
export function namesOf(topology: Pick<Topology, 'qualifier' | 'tools'>): Names {
  const { qualifier } = topology;
  const { account, primaryRegion } = topology.tools;
  return {
    artifactKeyAlias: `alias/${qualifier}-artifacts`,
    artifactBucket: (region) => `${qualifier}-artifacts-${account}-${region}`,
    accessLogBucket: (region) => `${qualifier}-access-logs-${account}-${region}`,
    buildBucket: `${qualifier}-builds-${account}-${primaryRegion}`,
    functionName: `${qualifier}-sync-artifacts`,
    functionRole: `${qualifier}-sync-artifacts`,
    lostJobFunctionName: `${qualifier}-lost-job`,
    lostJobFunctionRole: `${qualifier}-lost-job`,
    pipeline: `${qualifier}-reference`,
    pipelineRole: `${qualifier}-pipeline`,
    cdkPipeline: `${qualifier}-cdk-pipeline`,
    actionRole: `${qualifier}-pipeline-action`,
    cloudFormationRole: `${qualifier}-cloudformation`,
    workloadStack: (environment) => `${qualifier}-workload-${environment.toLowerCase()}`,
    stacks: {
      artifactStore: (region) => `${qualifier}-artifact-store-${region}`,
      syncArtifacts: `${qualifier}-sync-artifacts`,
      deployRoles: (deployAccount) => `${qualifier}-deploy-roles-${deployAccount}`,
      pipeline: `${qualifier}-pipeline`,
      publish: `${qualifier}-publish`,
      cdkPipeline: `${qualifier}-cdk-pipeline`,
    },
  };
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

/** Roles in the deploy accounts that read artifacts: those of the pipeline, and of bootstrapping for CDK Pipelines. */
export function artifactReaderRoles(topology: Topology): string[] {
  const names = namesOf(topology);
  const bootstrap = topology.cdkPipelines?.bootstrapQualifier;
  const roles = topology.deployAccounts.flatMap(({ name, account }) => [
    roleArn(topology, account, names.actionRole),
    roleArn(topology, account, names.cloudFormationRole),
    ...(bootstrap === undefined
      ? []
      : regionsOf(topology, name).map((region) =>
          roleArn(topology, account, `cdk-${bootstrap}-deploy-role-${account}-${region}`),
        )),
  ]);
  return roles.sort();
}

/** The regions that some environment of a deploy account is deployed to. */
export function regionsOf(topology: Topology, deployAccount: string): string[] {
  const regions = topology.environments
    .filter(({ account }) => account.name === deployAccount)
    .flatMap((environment) => environment.regions);
  return [...new Set(regions)];
}

/** The ARN of the artifact key of a region, read from the output of that region's stack at deployment. */
export function artifactKeyArn(topology: Topology, region: string): string {
  return Fn.getStackOutput(namesOf(topology).stacks.artifactStore(region), KEY_ARN_OUTPUT, region);
}
