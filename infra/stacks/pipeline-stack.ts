// The reference pipeline: one release, Sync, then each environment with change sets, across accounts and regions.
import { CfnCapabilities, Stack } from 'aws-cdk-lib';
import { LinuxArmBuildImage, PipelineProject } from 'aws-cdk-lib/aws-codebuild';
import { Artifact, ExecutionMode, type IAction, Pipeline, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import {
  CloudFormationCreateReplaceChangeSetAction,
  CloudFormationExecuteChangeSetAction,
  CodeBuildAction,
  CodeStarConnectionsSourceAction,
  ManualApprovalAction,
  S3SourceAction,
  S3Trigger,
} from 'aws-cdk-lib/aws-codepipeline-actions';
import { type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { SyncArtifactsAction, type SyncArtifactsVariables } from '../constructs/sync-artifacts-action.ts';
import { buildRole } from '../permissions/build-permissions.ts';
import { pipelineRole } from '../permissions/pipeline-permissions.ts';
import { artifactKeyArn, namesOf, RELEASE_OBJECT, roleArn } from '../shape/names.ts';
import type { DeployAccount, Environment, GitHubSource, Topology } from '../shape/topology-rules.ts';
import {
  applyPipelineOptions,
  artifactBuckets,
  buildBucket,
  SOURCE_ACTION,
  startOnUpload,
  syncFunction,
} from './pipeline-parts.ts';
import { ALL_REGIONS } from './sync-artifacts-stack.ts';

const CHANGE_SET = 'pipeline';

/** The pipeline, in the primary region of the tools account. */
export class PipelineStack extends Stack {
  readonly #topology: Topology;
  /** Templates and code of one release. */
  readonly #release = new Artifact('Release');

  constructor(scope: Construct, topology: Topology) {
    const names = namesOf(topology);
    const { account, primaryRegion } = topology.tools;
    super(scope, names.stacks.pipeline, {
      env: { account, region: primaryRegion },
      description: 'Reference pipeline: a release, Sync, environments',
    });
    this.#topology = topology;

    const pipeline = new Pipeline(this, 'Pipeline', {
      pipelineName: names.pipeline,
      pipelineType: PipelineType.V2,
      executionMode: ExecutionMode[topology.pipeline.executionMode],
      role: pipelineRole(this, topology, names.pipelineRole, {
        sourceObject: RELEASE_OBJECT,
        projectArns: topology.github
          ? [`arn:${topology.partition}:codebuild:${primaryRegion}:${account}:project/${names.buildProject}`]
          : [],
        assumableRoleArns: topology.deployAccounts.map((deploy) =>
          roleArn(topology, deploy.account, names.actionRole),
        ),
      }),
      usePipelineRoleForActions: true,
      crossRegionReplicationBuckets: artifactBuckets(this, topology),
    });
    if (topology.github) this.#buildFrom(topology.github, pipeline);
    else this.#takeUploads(pipeline);

    const sync = this.#syncActions();
    if (sync.size > 0) pipeline.addStage({ stageName: 'Sync', actions: [...sync.values()] });
    for (const environment of topology.environments) {
      const [anySync] = sync.values();
      const variablesIn = (region: string): SyncArtifactsVariables | undefined =>
        (sync.get(region) ?? anySync)?.variables;
      pipeline.addStage({
        stageName: environment.name,
        actions: this.#deployActions(environment, variablesIn),
      });
    }
    applyPipelineOptions(pipeline, topology);
  }

  /** The release is uploaded as one object. */
  #takeUploads(pipeline: Pipeline): void {
    const source = new S3SourceAction({
      actionName: SOURCE_ACTION,
      bucket: buildBucket(this, this.#topology),
      bucketKey: RELEASE_OBJECT,
      output: this.#release,
      // The rule starts the pipeline; polling costs and is slow.
      trigger: S3Trigger.NONE,
    });
    pipeline.addStage({ stageName: 'Source', actions: [source] });
    startOnUpload(this, this.#topology, pipeline, {
      pipelineName: namesOf(this.#topology).pipeline,
      objectKey: RELEASE_OBJECT,
    });
  }

  /** The release is built from one commit. */
  #buildFrom({ connectionArn, repository, branch }: GitHubSource, pipeline: Pipeline): void {
    const source = new Artifact('Source');
    const [owner = '', repo = ''] = repository.split('/');
    pipeline.addStage({
      stageName: 'Source',
      actions: [
        new CodeStarConnectionsSourceAction({
          actionName: SOURCE_ACTION,
          connectionArn,
          owner,
          repo,
          branch,
          output: source,
        }),
      ],
    });
    const topology = this.#topology;
    const project = new PipelineProject(this, 'Build', {
      ...buildRole(this, topology, namesOf(topology).buildProject),
      description: `Builds the release of ${repository}, as its buildspec.yml says`,
      environment: { buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0 },
      encryptionKey: Key.fromKeyArn(this, 'BuildKey', artifactKeyArn(topology, topology.tools.primaryRegion)),
    });
    pipeline.addStage({
      stageName: 'Build',
      actions: [
        new CodeBuildAction({ actionName: 'Build', project, input: source, outputs: [this.#release] }),
      ],
    });
  }

  /** The Sync actions by the region that they copy to; with one action for all, every region has that one. */
  #syncActions(): Map<string, SyncArtifactsAction> {
    const { destinations, sync } = this.#topology;
    if (destinations.length === 0) return new Map();
    const fn = syncFunction(this, this.#topology);
    // The stack of the function gives each set of that name.
    const action = (destinationSet: string): SyncArtifactsAction =>
      new SyncArtifactsAction({
        actionName: destinationSet,
        function: fn,
        inputs: [this.#release],
        destinationSet,
      });
    return sync === 'action-per-region'
      ? new Map(destinations.map(({ region }) => [region, action(region)]))
      : new Map([[ALL_REGIONS, action(ALL_REGIONS)]]);
  }

  #deployActions(
    environment: Environment,
    variablesIn: (region: string) => SyncArtifactsVariables | undefined,
  ): IAction[] {
    const roles = this.#deployRoles(environment.account);
    const stackName = namesOf(this.#topology).workloadStack(environment.name);
    const common = (
      region: string,
    ): { stackName: string; changeSetName: string; region: string; role: IRole } => ({
      stackName,
      changeSetName: CHANGE_SET,
      region,
      role: roles.action,
    });
    const approvalRunOrder = 2;
    return [
      ...environment.regions.map(
        (region) =>
          new CloudFormationCreateReplaceChangeSetAction({
            ...common(region),
            actionName: `CreateChangeSet-${region}`,
            runOrder: 1,
            templatePath: this.#release.atPath('template.yaml'),
            adminPermissions: false,
            deploymentRole: roles.cloudFormation,
            cfnCapabilities: this.#topology.pipeline.capabilities.map((name) => CAPABILITIES[name]),
            parameterOverrides: {
              WorkloadName: stackName,
              // The copy that the Sync stage put into this region and proved, not the one in the pipeline's own region.
              CodeBucket: namesOf(this.#topology).artifactBucket(region),
              CodeKey: variablesIn(region)?.objectKey(this.#release) ?? this.#release.objectKey,
            },
          }),
      ),
      ...(environment.approval
        ? [new ManualApprovalAction({ actionName: 'Approve', runOrder: approvalRunOrder })]
        : []),
      ...environment.regions.map(
        (region) =>
          new CloudFormationExecuteChangeSetAction({
            ...common(region),
            actionName: `ExecuteChangeSet-${region}`,
            runOrder: environment.approval ? approvalRunOrder + 1 : approvalRunOrder,
          }),
      ),
    ];
  }

  #deployRoles({ name, account }: DeployAccount): { action: IRole; cloudFormation: IRole } {
    const names = namesOf(this.#topology);
    const byName = (id: string, roleName: string): IRole =>
      (this.node.tryFindChild(`${id}-${name}`) as IRole | undefined) ??
      Role.fromRoleArn(this, `${id}-${name}`, roleArn(this.#topology, account, roleName), { mutable: false });
    return {
      action: byName('ActionRole', names.actionRole),
      cloudFormation: byName('CloudFormationRole', names.cloudFormationRole),
    };
  }
}

const CAPABILITIES = {
  CAPABILITY_IAM: CfnCapabilities.ANONYMOUS_IAM,
  CAPABILITY_NAMED_IAM: CfnCapabilities.NAMED_IAM,
  CAPABILITY_AUTO_EXPAND: CfnCapabilities.AUTO_EXPAND,
} as const;
