// The reference pipeline: two S3 sources, Sync, then each environment with change sets, across accounts and regions.
import { CfnCapabilities, Stack } from 'aws-cdk-lib';
import { Artifact, ExecutionMode, type IAction, Pipeline, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import {
  CloudFormationCreateReplaceChangeSetAction,
  CloudFormationExecuteChangeSetAction,
  ManualApprovalAction,
  S3SourceAction,
  S3Trigger,
} from 'aws-cdk-lib/aws-codepipeline-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CodePipeline as CodePipelineTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { SyncArtifactsAction, type SyncArtifactsVariables } from '../constructs/sync-artifacts-action.ts';
import { pipelineRoleStatements } from '../permissions/pipeline-permissions.ts';
import { acknowledgeWildcards, policyDocument, trustService } from '../permissions/policy.ts';
import { BUILD_OBJECTS, namesOf, roleArn } from '../shape/names.ts';
import type { DeployAccount, Environment, Topology } from '../shape/topology-rules.ts';
import { ALL_REGIONS, storeBucket } from './sync-artifacts-stack.ts';

const CHANGE_SET = 'pipeline';

/** The pipeline, in the primary region of the tools account. */
export class PipelineStack extends Stack {
  readonly #topology: Topology;
  readonly #templates = new Artifact('Templates');
  readonly #code = new Artifact('Code');

  constructor(scope: Construct, topology: Topology) {
    const names = namesOf(topology);
    const { account, primaryRegion } = topology.tools;
    super(scope, names.stacks.pipeline, {
      env: { account, region: primaryRegion },
      description: 'Reference pipeline: sources, Sync, environments',
    });
    this.#topology = topology;

    // The pipeline's own region is among them.
    const crossRegionReplicationBuckets = Object.fromEntries(
      topology.regions.map(({ region }) => [region, storeBucket(this, topology, region).bucket]),
    );
    const buildBucket = Bucket.fromBucketAttributes(this, 'BuildBucket', {
      bucketName: names.buildBucket,
      account,
      region: primaryRegion,
    });

    const pipeline = new Pipeline(this, 'Pipeline', {
      pipelineName: names.pipeline,
      pipelineType: PipelineType.V2,
      executionMode: ExecutionMode.SUPERSEDED,
      role: this.#pipelineRole(),
      usePipelineRoleForActions: true,
      crossRegionReplicationBuckets,
    });

    pipeline.addStage({
      stageName: 'Source',
      actions: [
        this.#source('Templates', buildBucket, BUILD_OBJECTS.templates, this.#templates),
        this.#source('Code', buildBucket, BUILD_OBJECTS.code, this.#code),
      ],
    });
    const sync = this.#syncActions();
    pipeline.addStage({ stageName: 'Sync', actions: [...sync.values()] });
    for (const environment of topology.environments) {
      const [anySync] = sync.values();
      const variablesIn = (region: string): SyncArtifactsVariables | undefined =>
        (sync.get(region) ?? anySync)?.variables;
      pipeline.addStage({
        stageName: environment.name,
        actions: this.#deployActions(environment, variablesIn),
      });
    }

    new Rule(this, 'OnBuild', {
      ruleName: `${names.pipeline}-on-build`,
      description: 'Starts the pipeline when a build is published',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [names.buildBucket] }, object: { key: Object.values(BUILD_OBJECTS) } },
      },
      targets: [new CodePipelineTarget(pipeline)],
    });
  }

  #pipelineRole(): IRole {
    const topology = this.#topology;
    const names = namesOf(topology);
    const { statements, wildcards } = pipelineRoleStatements(topology, {
      sourceObjects: Object.values(BUILD_OBJECTS),
      assumableRoleArns: topology.deployAccounts.map(({ account }) =>
        roleArn(topology, account, names.actionRole),
      ),
    });
    const role = new CfnRole(this, 'PipelineRole', {
      roleName: names.pipelineRole,
      assumeRolePolicyDocument: trustService('codepipeline.amazonaws.com'),
      policies: [{ policyName: 'exact', policyDocument: policyDocument(statements) }],
    });
    acknowledgeWildcards(role, wildcards);
    return Role.fromRoleArn(this, 'PipelineRoleByArn', role.attrArn, { mutable: false });
  }

  #source(actionName: string, bucket: IBucket, bucketKey: string, output: Artifact): IAction {
    // The rule below starts the pipeline; polling costs and is slow.
    return new S3SourceAction({ actionName, bucket, bucketKey, output, trigger: S3Trigger.NONE });
  }

  /** The Sync actions by the region that they copy to; with one action for all, every region has that one. */
  #syncActions(): Map<string, SyncArtifactsAction> {
    const { destinations, sync } = this.#topology;
    const names = namesOf(this.#topology);
    const { account, primaryRegion } = this.#topology.tools;
    const syncFunction = LambdaFunction.fromFunctionAttributes(this, 'SyncFunction', {
      functionArn: `arn:${this.#topology.partition}:lambda:${primaryRegion}:${account}:function:${names.functionName}`,
      sameEnvironment: true,
    });
    // The stack of the function gives each set of that name.
    const action = (destinationSet: string): SyncArtifactsAction =>
      new SyncArtifactsAction({
        actionName: destinationSet,
        function: syncFunction,
        inputs: [this.#templates, this.#code],
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
            templatePath: this.#templates.atPath('template.yaml'),
            adminPermissions: false,
            deploymentRole: roles.cloudFormation,
            cfnCapabilities: [CfnCapabilities.NAMED_IAM],
            parameterOverrides: {
              WorkloadName: stackName,
              // The copy that the Sync stage put into this region and proved, not the one in the pipeline's own region.
              CodeBucket: namesOf(this.#topology).artifactBucket(region),
              CodeKey: variablesIn(region)?.objectKey(this.#code) ?? this.#code.objectKey,
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
