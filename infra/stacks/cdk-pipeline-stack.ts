// A self-mutating pipeline with CDK Pipelines: source, synth, Sync, then a wave for each environment.
import { Lazy, Stack, Validations } from 'aws-cdk-lib';
import { type IProject, LinuxArmBuildImage } from 'aws-cdk-lib/aws-codebuild';
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
import { artifactKeyArn, CDK_SOURCE_OBJECT, namesOf, regionsOf, roleArn, s3ViaService } from '../names.ts';
import { pipelineRoleStatements } from '../pipeline-permissions.ts';
import { acknowledgeWildcards, policyDocument, type Statement, trustService } from '../policy.ts';
import type { Environment, Topology } from '../topology-rules.ts';
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
      role: this.#synthRole(),
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
    this.#acknowledgeSelfMutation(pipeline.selfMutationProject);
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
                    Action: ['codestar-connections:UseConnection'],
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

  #synthRole(): IRole {
    const { tools, partition } = this.#topology;
    const logs = `arn:${partition}:logs:${tools.primaryRegion}:${tools.account}:log-group:/aws/codebuild/${this.#synthProject}`;
    const bucket = `arn:${partition}:s3:::${namesOf(this.#topology).artifactBucket(tools.primaryRegion)}`;
    const statements: Statement[] = [
      {
        Sid: 'WriteLogs',
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: [logs, `${logs}:*`],
      },
      {
        Sid: 'ReadAndWriteArtifacts',
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
        Resource: [`${bucket}/*`],
      },
      {
        Sid: 'FindArtifacts',
        Effect: 'Allow',
        Action: ['s3:GetBucketAcl', 's3:GetBucketLocation'],
        Resource: [bucket],
      },
      {
        Sid: 'UseArtifactKey',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: [artifactKeyArn(this.#topology, tools.primaryRegion)],
        Condition: { StringEquals: { 'kms:ViaService': s3ViaService(tools.primaryRegion) } },
      },
    ];
    const role = new CfnRole(this, 'SynthRole', {
      roleName: this.#synthProject,
      assumeRolePolicyDocument: trustService('codebuild.amazonaws.com', {
        StringEquals: { 'aws:SourceAccount': tools.account },
      }),
      policies: [{ policyName: 'exact', policyDocument: policyDocument(statements) }],
    });
    acknowledgeWildcards(role, [
      {
        resources: [`${bucket}/*`],
        reason: 'CodePipeline chooses the keys of artifacts at run time; the bucket is named.',
      },
      { resources: [`${logs}:*`], reason: 'CodeBuild names the streams of its own log group.' },
    ]);
    return Role.fromRoleArn(this, 'SynthRoleByArn', role.attrArn, { mutable: false });
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

  // The role of the project that deploys changes of the pipeline itself is written by aws-cdk-lib/pipelines.
  #acknowledgeSelfMutation(project: IProject): void {
    const { tools, partition } = this.#topology;
    const here = `${tools.primaryRegion}:${tools.account}`;
    const { role } = project;
    if (!role) throw new Error('the self-mutation project has no role');
    acknowledgeWildcards(role, [
      {
        resources: [
          `arn:${partition}:logs:${here}:log-group:/aws/codebuild/${project.projectName}:*`,
          `arn:${partition}:codebuild:${here}:report-group/${project.projectName}-*`,
        ],
        reason: 'CodeBuild names the log streams and report groups of its own project.',
      },
      {
        resources: [`arn:*:iam::${tools.account}:role/*`],
        reason:
          'Assumes the bootstrap roles only: aws-cdk-lib/pipelines adds a condition on their aws-cdk:bootstrap-role tag.',
      },
      {
        resources: ['*'],
        reason: 'DescribeStacks and ListBucket of the bootstrap stack, which the CDK CLI looks for first.',
      },
      {
        resources: [`arn:${partition}:s3:::${namesOf(this.#topology).artifactBucket(tools.primaryRegion)}/*`],
        reason: 'CodePipeline chooses the keys of artifacts at run time; the bucket is named.',
      },
    ]);
    for (const action of [
      's3:GetBucket*',
      's3:GetObject*',
      's3:List*',
      'kms:GenerateDataKey*',
      'kms:ReEncrypt*',
    ]) {
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Action::${action}]`,
        reason:
          'Written by aws-cdk-lib/pipelines, which offers no other role for this project; on the named bucket and key only.',
      });
    }
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
