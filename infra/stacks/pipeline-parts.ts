// What both pipelines have: artifact stores, the function, what starts them, and what happens when a stage fails.
import type { CfnPipeline, Pipeline } from 'aws-cdk-lib/aws-codepipeline';
import { type CfnRule, Rule } from 'aws-cdk-lib/aws-events';
import { CodePipeline as CodePipelineTarget } from 'aws-cdk-lib/aws-events-targets';
import { type IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { functionArn, namesOf, pipelineRegions } from '../shape/names.ts';
import type { GitHubSource, Topology } from '../shape/topology-rules.ts';
import { storeBucket } from './sync-artifacts-stack.ts';

/** Name of the action that reads the source. */
export const SOURCE_ACTION = 'Source';

/** The artifact buckets of all regions that pipelines act in, their own among them. */
export function artifactBuckets(scope: Construct, topology: Topology): Record<string, IBucket> {
  return Object.fromEntries(
    pipelineRegions(topology).map((region) => [region, storeBucket(scope, topology, region).bucket]),
  );
}

/** The function, by name. */
export function syncFunction(scope: Construct, topology: Topology): IFunction {
  return LambdaFunction.fromFunctionAttributes(scope, 'SyncFunction', {
    functionArn: functionArn(topology),
    sameEnvironment: true,
  });
}

/** The bucket that builds are uploaded to. */
export function buildBucket(scope: Construct, topology: Topology): IBucket {
  return Bucket.fromBucketAttributes(scope, 'BuildBucket', {
    bucketName: namesOf(topology).buildBucket,
    account: topology.tools.account,
    region: topology.tools.primaryRegion,
  });
}

/**
 * Starts a pipeline when an object is uploaded to the build bucket, with exactly the version that was uploaded: what is
 * uploaded while an execution waits belongs to the next one.
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-S3.html
 */
export function startOnUpload(
  scope: Construct,
  topology: Topology,
  pipeline: Pipeline,
  upload: { readonly pipelineName: string; readonly objectKey: string },
): void {
  const rule = new Rule(scope, 'OnUpload', {
    ruleName: `${upload.pipelineName}-on-upload`,
    description: `Starts the pipeline with the version of ${upload.objectKey} that was uploaded`,
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: { bucket: { name: [namesOf(topology).buildBucket] }, object: { key: [upload.objectKey] } },
    },
    targets: [new CodePipelineTarget(pipeline)],
  });
  const revision = {
    actionName: SOURCE_ACTION,
    revisionType: 'S3_OBJECT_VERSION_ID',
    revisionValue: '<version>',
  };
  // The target of aws-events-targets takes no input.
  (rule.node.defaultChild as CfnRule).addPropertyOverride('Targets.0.InputTransformer', {
    InputPathsMap: { version: '$.detail.object.version-id' },
    InputTemplate: JSON.stringify({ sourceRevisions: [revision] }),
  });
}

/** What the topology says of pushes that start the pipeline, and of stages that fail; call it when the stages are there. */
export function applyPipelineOptions(pipeline: Pipeline, topology: Topology): void {
  const resource = pipeline.node.defaultChild as CfnPipeline;
  const onFailure = new Map<string, 'retry' | 'rollback' | undefined>(
    topology.environments.map((environment) => [environment.name, environment.onFailure]),
  );
  onFailure.set('Sync', topology.pipeline.retrySync ? 'retry' : undefined);
  // By override: the stages of aws-cdk-lib/pipelines take no conditions.
  for (const [index, { stageName }] of pipeline.stages.entries()) {
    const result = onFailure.get(stageName);
    if (result === undefined) continue;
    resource.addPropertyOverride(`Stages.${index}.OnFailure`, {
      Result: result.toUpperCase(),
      // A change set that failed cannot be executed again: an environment's stage begins with new ones.
      ...(result === 'retry'
        ? { RetryConfiguration: { RetryMode: stageName === 'Sync' ? 'FAILED_ACTIONS' : 'ALL_ACTIONS' } }
        : {}),
    });
  }
  const { triggers } = topology.github ?? {};
  if (triggers === undefined) return;
  resource.addPropertyOverride('Triggers', [
    {
      ProviderType: 'CodeStarSourceConnection',
      GitConfiguration: {
        SourceActionName: pipeline.stages[0]?.actions[0]?.actionProperties.actionName,
        Push: triggers.map(({ branches, tags, paths }) =>
          omitUndefined({
            Branches: branches && filter(branches),
            Tags: tags && filter(tags),
            FilePaths: paths && filter(paths),
          }),
        ),
      },
    },
  ]);
}

type Filter = NonNullable<NonNullable<GitHubSource['triggers']>[number]['branches']>;

function filter({ includes, excludes }: Filter): object {
  return omitUndefined({ Includes: includes, Excludes: excludes });
}
