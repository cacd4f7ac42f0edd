// A self-mutating pipeline with CDK Pipelines: source, synth, Sync, then a wave for each environment.
import { Lazy, Stack } from 'aws-cdk-lib';
import { LinuxArmBuildImage, Project } from 'aws-cdk-lib/aws-codebuild';
import { ExecutionMode } from 'aws-cdk-lib/aws-codepipeline';
import { S3Trigger } from 'aws-cdk-lib/aws-codepipeline-actions';
import {
  CodeBuildStep,
  CodePipeline,
  CodePipelineSource,
  type IFileSetProducer,
  ManualApprovalStep,
} from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { SyncArtifactsStep } from '../constructs/sync-artifacts-step.ts';
import { buildRole } from '../permissions/build-permissions.ts';
import { pipelineRole } from '../permissions/pipeline-permissions.ts';
import { acknowledgeLibraryRoles } from '../permissions/policy.ts';
import { SampleStage } from '../sample-workload/stage.ts';
import { bootstrapDeployRole, CDK_SOURCE_OBJECT, namesOf } from '../shape/names.ts';
import { TOPOLOGY_FILE_VARIABLE } from '../shape/read-topology.ts';
import type { Environment, Topology } from '../shape/topology-rules.ts';
import {
  applyPipelineOptions,
  artifactBuckets,
  buildBucket,
  SOURCE_ACTION,
  startOnUpload,
  syncFunction,
} from './pipeline-parts.ts';

/** The pipeline, in the primary region of the tools account. */
export class CdkPipelineStack extends Stack {
  readonly #topology: Topology;

  constructor(scope: Construct, topology: Topology, topologyFile: string | undefined) {
    const names = namesOf(topology);
    const { account, primaryRegion } = topology.tools;
    if (!topology.cdkPipelines) {
      throw new Error(
        'the topology: add `cdkPipelines: true`, which lets the bootstrap deploy roles read the artifact stores',
      );
    }
    super(scope, names.stacks.cdkPipeline, {
      env: { account, region: primaryRegion },
      description: 'Self-mutating pipeline: source, synth, Sync, environments',
    });
    this.#topology = topology;

    // Steps are IFileSetProducers; exactOptionalPropertyTypes does not see it (primaryOutput).
    const source = this.#source() as IFileSetProducer;
    const synth = new CodeBuildStep('Synth', {
      input: source,
      commands: ['npm ci', 'npm run synth'],
      ...(topologyFile === undefined ? {} : { env: { [TOPOLOGY_FILE_VARIABLE]: topologyFile } }),
      primaryOutputDirectory: 'cdk.out/cdk-pipelines',
      buildEnvironment: { buildImage: LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_4_0 },
      ...buildRole(this, topology, `${names.cdkPipeline}-synth`),
    });
    const pipeline = new CodePipeline(this, 'Pipeline', {
      pipelineName: names.cdkPipeline,
      executionMode: ExecutionMode[topology.pipeline.executionMode],
      synth: synth as IFileSetProducer,
      role: pipelineRole(this, topology, names.cdkPipeline, {
        sourceObject: CDK_SOURCE_OBJECT,
        // All projects that the pipeline turns out to have when it is built: synth, self-mutation, assets, steps.
        projectArns: Lazy.list({
          produce: () => projectsBelow(pipeline).map(({ projectArn }) => projectArn),
        }),
        assumableRoleArns: topology.deployAccounts.map((deploy) =>
          bootstrapDeployRole(topology, deploy.account, '*'),
        ),
      }),
      usePipelineRoleForActions: true,
      selfMutation: true,
      crossRegionReplicationBuckets: artifactBuckets(this, topology),
    });
    acknowledgeLibraryRoles(pipeline);

    if (topology.destinations.length > 0) {
      const fn = syncFunction(this, topology);
      pipeline.addWave('Sync', {
        pre: topology.destinations.map(
          ({ region }) =>
            new SyncArtifactsStep(region, {
              function: fn,
              inputs: [source],
              destinations: [{ bucketName: names.artifactBucket(region) }],
              key: `${names.cdkPipeline}/{executionId}/{artifact}.zip`,
            }),
        ),
      });
    }
    for (const environment of topology.environments) this.#addEnvironment(pipeline, environment);
    pipeline.buildPipeline();
    applyPipelineOptions(pipeline.pipeline, topology);
    if (!topology.github) {
      startOnUpload(this, topology, pipeline.pipeline, {
        pipelineName: names.cdkPipeline,
        objectKey: CDK_SOURCE_OBJECT,
      });
    }
  }

  #source(): CodePipelineSource {
    const { github } = this.#topology;
    if (github) {
      return CodePipelineSource.connection(github.repository, github.branch, {
        connectionArn: github.connectionArn,
        actionName: SOURCE_ACTION,
      });
    }
    return CodePipelineSource.s3(buildBucket(this, this.#topology), CDK_SOURCE_OBJECT, {
      actionName: SOURCE_ACTION,
      trigger: S3Trigger.NONE,
    });
  }

  #addEnvironment(pipeline: CodePipeline, environment: Environment): void {
    const wave = pipeline.addWave(environment.name);
    for (const region of environment.regions) {
      const stage = new SampleStage(this, this.#topology, environment, region);
      // After the change set is made, before it is executed.
      const changeSet = environment.approval ? [new ManualApprovalStep(`Approve-${region}`)] : [];
      wave.addStage(stage, { stackSteps: [{ stack: stage.workload, changeSet }] });
    }
  }
}

function projectsBelow(pipeline: CodePipeline): Project[] {
  return pipeline.node.findAll().filter((node) => node instanceof Project);
}
