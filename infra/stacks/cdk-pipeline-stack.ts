// A self-mutating pipeline with CDK Pipelines: source, synth, Sync, then a wave for each environment.
import { Lazy, Stack } from 'aws-cdk-lib';
import { LinuxArmBuildImage } from 'aws-cdk-lib/aws-codebuild';
import { S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CodePipeline as CodePipelineTarget } from 'aws-cdk-lib/aws-events-targets';
import { CfnRole, type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import {
  CodeBuildStep,
  CodePipeline,
  CodePipelineSource,
  type IFileSetProducer,
  ManualApprovalStep,
} from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { SyncArtifactsStep } from '../constructs/sync-artifacts-step.ts';
import { pipelineRoleStatements } from '../permissions/pipeline-permissions.ts';
import { acknowledgeWildcards, policyDocument, trustService } from '../permissions/policy.ts';
import { CDK_SOURCE_OBJECT, connectionAction, namesOf, regionsOf, roleArn } from '../shape/names.ts';
import type { Environment, Topology } from '../shape/topology-rules.ts';
import { acknowledgeSelfMutation, synthRole } from './cdk-pipeline-roles.ts';
import { storeBucket } from './sync-artifacts-stack.ts';
import { WorkloadStage } from './workload-stage.ts';

/** The pipeline, in the primary region of the tools account. */
export class CdkPipelineStack extends Stack {
  readonly #topology: Topology;
  readonly #bootstrapQualifier: string;

  constructor(scope: Construct, topology: Topology) {
    const names = namesOf(topology);
    const { account, primaryRegion } = topology.tools;
    if (!topology.cdkPipelines) {
      throw new Error(
        'infra/topology.ts: add `cdkPipelines: {}`, which lets the bootstrap deploy roles read the artifact stores',
      );
    }
    super(scope, names.stacks.cdkPipeline, {
      env: { account, region: primaryRegion },
      description: 'Self-mutating pipeline: source, synth, Sync, environments',
    });
    this.#topology = topology;
    this.#bootstrapQualifier = topology.cdkPipelines.bootstrapQualifier;

    // Steps are IFileSetProducers; exactOptionalPropertyTypes does not see it (primaryOutput).
    const source = this.#source() as IFileSetProducer;
    const synth = new CodeBuildStep('Synth', {
      input: source,
      commands: ['npm ci', 'npm run synth'],
      primaryOutputDirectory: 'cdk.out/cdk-pipelines',
      buildEnvironment: { buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0 },
      projectName: this.#synthProject,
      role: synthRole(this, topology, this.#synthProject),
    });
    const pipeline = new CodePipeline(this, 'Pipeline', {
      pipelineName: names.cdkPipeline,
      synth: synth as IFileSetProducer,
      role: this.#pipelineRole(() => [
        pipeline.synthProject.projectArn,
        pipeline.selfMutationProject.projectArn,
      ]),
      usePipelineRoleForActions: true,
      selfMutation: true,
      crossRegionReplicationBuckets: Object.fromEntries(
        topology.regions.map(({ region }) => [region, storeBucket(this, topology, region).bucket]),
      ),
    });

    const syncFunction = LambdaFunction.fromFunctionAttributes(this, 'SyncFunction', {
      functionArn: `arn:${topology.partition}:lambda:${primaryRegion}:${account}:function:${names.functionName}`,
      sameEnvironment: true,
    });
    pipeline.addWave('Sync', {
      pre: topology.destinations.map(
        ({ region }) =>
          new SyncArtifactsStep(region, {
            function: syncFunction,
            inputs: [source],
            destinations: [{ bucketName: names.artifactBucket(region) }],
            key: `${names.cdkPipeline}/{executionId}/{artifact}.zip`,
          }),
      ),
    });
    for (const environment of topology.environments) this.#addEnvironment(pipeline, environment);
    pipeline.buildPipeline();
    acknowledgeSelfMutation(topology, pipeline.selfMutationProject);
    if (!topology.github) {
      new Rule(this, 'OnSource', {
        ruleName: `${names.cdkPipeline}-on-source`,
        description: 'Starts the pipeline when its source is uploaded',
        eventPattern: {
          source: ['aws.s3'],
          detailType: ['Object Created'],
          detail: { bucket: { name: [names.buildBucket] }, object: { key: [CDK_SOURCE_OBJECT] } },
        },
        targets: [new CodePipelineTarget(pipeline.pipeline)],
      });
    }
  }

  get #synthProject(): string {
    return `${namesOf(this.#topology).cdkPipeline}-synth`;
  }

  /** The pipeline's role; its CodeBuild projects exist only when the pipeline is built. */
  #pipelineRole(projectArns: () => string[]): IRole {
    const topology = this.#topology;
    const { statements, wildcards } = pipelineRoleStatements(topology, {
      sourceObjects: topology.github ? [] : [CDK_SOURCE_OBJECT],
      assumableRoleArns: topology.deployAccounts.flatMap(({ name, account }) =>
        regionsOf(topology, name).map((region) =>
          roleArn(topology, account, `cdk-${this.#bootstrapQualifier}-deploy-role-${account}-${region}`),
        ),
      ),
    });
    const role = new CfnRole(this, 'PipelineRole', {
      roleName: namesOf(topology).cdkPipeline,
      assumeRolePolicyDocument: trustService('codepipeline.amazonaws.com'),
      policies: [
        {
          policyName: 'exact',
          policyDocument: policyDocument([
            ...statements,
            {
              Sid: 'Build',
              Effect: 'Allow',
              // CodePipeline user guide, AWS CodeBuild action.
              Action: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild'],
              Resource: Lazy.list({ produce: projectArns }),
            },
            ...(topology.github
              ? [
                  {
                    Sid: 'ReadGitHub',
                    Effect: 'Allow' as const,
                    Action: [connectionAction(topology.github.connectionArn, 'UseConnection')],
                    Resource: [topology.github.connectionArn],
                  },
                ]
              : []),
          ]),
        },
      ],
    });
    acknowledgeWildcards(role, wildcards);
    return Role.fromRoleArn(this, 'PipelineRoleByArn', role.attrArn, { mutable: false });
  }

  #source(): CodePipelineSource {
    const { github, tools } = this.#topology;
    if (github) {
      return CodePipelineSource.connection(github.repository, github.branch, {
        connectionArn: github.connectionArn,
      });
    }
    const bucket = Bucket.fromBucketAttributes(this, 'BuildBucket', {
      bucketName: namesOf(this.#topology).buildBucket,
      account: tools.account,
      region: tools.primaryRegion,
    });
    return CodePipelineSource.s3(bucket, CDK_SOURCE_OBJECT, {
      actionName: 'Source',
      trigger: S3Trigger.NONE,
    });
  }

  #addEnvironment(pipeline: CodePipeline, environment: Environment): void {
    const wave = pipeline.addWave(environment.name);
    for (const region of environment.regions) {
      const stage = new WorkloadStage(this, this.#topology, environment, region);
      // After the change set is made, before it is executed.
      const changeSet = environment.approval ? [new ManualApprovalStep(`Approve-${region}`)] : [];
      wave.addStage(stage, { stackSteps: [{ stack: stage.workload, changeSet }] });
    }
  }
}
