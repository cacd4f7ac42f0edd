// The properties of a pipeline in a template (CodePipeline user guide, pipeline structure reference).
import * as v from 'valibot';
import { arn, bool, integer, tags, text } from '../../resource-kind/properties.ts';

const NAME = /^[A-Za-z0-9.@\-_]+$/;
const artifacts = v.optional(v.array(v.strictObject({ Name: text(100, /^[a-zA-Z0-9_-]+$/) })), []);

/** One value of an action's configuration: a string in the API; CloudFormation turns booleans and numbers into strings. */
const configured = v.pipe(v.union([v.string(), v.boolean(), v.number()]), v.transform(String));

const action = v.strictObject({
  Name: text(100, NAME),
  ActionTypeId: v.strictObject({
    Category: v.picklist(['Source', 'Build', 'Deploy', 'Test', 'Invoke', 'Approval', 'Compute']),
    Owner: v.picklist(['AWS', 'ThirdParty', 'Custom']),
    Provider: text(35),
    Version: text(9, /^[0-9A-Za-z_-]+$/),
  }),
  Configuration: v.optional(v.record(text(50), configured), {}),
  InputArtifacts: artifacts,
  OutputArtifacts: artifacts,
  Namespace: v.optional(text(100, /^[A-Za-z0-9@\-_]+$/)),
  Region: v.optional(text(30, /^[a-z0-9-]+$/)),
  RoleArn: v.optional(arn('iam')),
  RunOrder: v.optional(integer(1, 999), 1),
  TimeoutInMinutes: v.optional(integer(5, 86_400)),
});

const stage = v.strictObject({
  Name: text(100, NAME),
  Actions: v.pipe(v.array(action), v.minLength(1)),
  OnFailure: v.optional(
    v.strictObject({
      Result: v.optional(v.picklist(['ROLLBACK', 'RETRY', 'FAIL'])),
      RetryConfiguration: v.optional(
        v.strictObject({ RetryMode: v.picklist(['ALL_ACTIONS', 'FAILED_ACTIONS']) }),
      ),
    }),
  ),
});

const artifactStore = v.strictObject({
  Type: v.literal('S3'),
  Location: text(63),
  EncryptionKey: v.optional(v.strictObject({ Id: text(400), Type: v.literal('KMS') })),
});

const filter = v.strictObject({
  Includes: v.optional(v.array(v.string())),
  Excludes: v.optional(v.array(v.string())),
});
const trigger = v.strictObject({
  ProviderType: v.literal('CodeStarSourceConnection'),
  GitConfiguration: v.strictObject({
    SourceActionName: v.string(),
    Push: v.optional(
      v.pipe(
        v.array(
          v.strictObject({
            Branches: v.optional(filter),
            Tags: v.optional(filter),
            FilePaths: v.optional(filter),
          }),
        ),
        v.maxLength(3),
      ),
    ),
  }),
});

/** What a template says of a pipeline. */
export const pipelineProperties = v.strictObject({
  Name: v.optional(text(100, NAME)),
  RoleArn: arn('iam'),
  ArtifactStore: v.optional(artifactStore),
  ArtifactStores: v.optional(v.array(v.strictObject({ Region: v.string(), ArtifactStore: artifactStore }))),
  ExecutionMode: v.optional(v.picklist(['SUPERSEDED', 'QUEUED', 'PARALLEL']), 'SUPERSEDED'),
  PipelineType: v.optional(v.picklist(['V1', 'V2']), 'V1'),
  RestartExecutionOnUpdate: v.optional(bool),
  Stages: v.array(stage),
  Triggers: v.optional(v.pipe(v.array(trigger), v.maxLength(50))),
  Tags: tags,
});

/** The artifact stores of a pipeline; a single one is that of its own region. */
export function storesOf({ ArtifactStore, ArtifactStores }: PipelineProperties, region: string) {
  return ArtifactStores ?? (ArtifactStore ? [{ Region: region, ArtifactStore }] : []);
}

/** An action as a template has it. */
export type Action = v.InferOutput<typeof action>;
/** A stage as a template has it. */
export type Stage = v.InferOutput<typeof stage>;
/** A pipeline as a template has it. */
export type PipelineProperties = v.InferOutput<typeof pipelineProperties>;
