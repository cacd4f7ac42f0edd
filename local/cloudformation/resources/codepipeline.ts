// Pipelines: what CodePipeline's CreatePipeline takes, in the words of templates.
import * as v from 'valibot';
import { AwsError } from '../../aws/aws-error.ts';
import { physicalName } from '../resource-kind/physical-name.ts';
import { arn, bool, integer, tags, text } from '../resource-kind/properties.ts';
import { type ResourceContext, resourceKind } from '../resource-kind/resource-kind.ts';
import { requireAssumable } from '../resource-kind/service-role.ts';

const NAME = /^[A-Za-z0-9.@\-_]+$/;
const artifacts = v.optional(v.array(v.strictObject({ Name: text(100, /^[a-zA-Z0-9_-]+$/) })), []);

const action = v.strictObject({
  Name: text(100, NAME),
  ActionTypeId: v.strictObject({
    Category: v.picklist(['Source', 'Build', 'Deploy', 'Test', 'Invoke', 'Approval', 'Compute']),
    Owner: v.picklist(['AWS', 'ThirdParty', 'Custom']),
    Provider: text(35),
    Version: text(9, /^[0-9A-Za-z_-]+$/),
  }),
  Configuration: v.optional(v.record(text(50), v.union([v.string(), v.boolean(), v.number()])), {}),
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

/** A stage as a template has it. */
export type Stage = v.InferOutput<typeof stage>;

/** AWS::CodePipeline::Pipeline. Nothing runs it until somebody does. */
export const pipeline = resourceKind({
  properties: v.strictObject({
    Name: v.optional(text(100, NAME)),
    RoleArn: arn('iam'),
    ArtifactStore: v.optional(artifactStore),
    ArtifactStores: v.optional(v.array(v.strictObject({ Region: v.string(), ArtifactStore: artifactStore }))),
    ExecutionMode: v.optional(v.picklist(['SUPERSEDED', 'QUEUED', 'PARALLEL']), 'SUPERSEDED'),
    PipelineType: v.optional(v.picklist(['V1', 'V2']), 'V1'),
    RestartExecutionOnUpdate: v.optional(bool),
    Stages: v.array(stage),
    Tags: tags,
  }),
  identify: ({ Name }, context) => ({ ref: physicalName(Name, context, 100), attributes: { Version: '1' } }),
  create(properties, { ref: name }, context) {
    const { world, account, region } = context;
    requireAssumable(
      context,
      {
        roleArn: properties.RoleArn,
        service: 'codepipeline.amazonaws.com',
        sourceArn: `arn:aws:codepipeline:${region}:${account}:${name}`,
      },
      'InvalidStructureException',
      `CodePipeline is not authorized to perform AssumeRole on role ${properties.RoleArn}`,
    );
    const stores =
      properties.ArtifactStores ??
      (properties.ArtifactStore ? [{ Region: region, ArtifactStore: properties.ArtifactStore }] : []);
    for (const store of stores) requireStore(store.ArtifactStore.Location, store.Region, context);
    const { Tags: _tags, RestartExecutionOnUpdate: _restart, ...declaration } = properties;
    world.pipelines.put({
      accountId: account,
      region,
      declaration: { ...camelCase(declaration), name, version: 1 },
    });
  },
});

/** CodePipeline guide: the artifact bucket of a region is there, and in that region. */
function requireStore(name: string, region: string, { world }: ResourceContext): void {
  const found = world.buckets.get(name);
  if (found?.region === region) return;
  throw new AwsError(
    400,
    'InvalidStructureException',
    found === undefined
      ? `The artifact bucket ${name} does not exist`
      : `The artifact bucket ${name} is in ${found.region}, but must be in ${region}`,
  );
}

/** The API has the names of templates with a small first letter; what is in a Configuration stays as it is. */
function camelCase(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      name === 'Configuration' ? textsOf(each) : deep(each),
    ]),
  );
}

function deep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deep);
  return typeof value === 'object' && value !== null ? camelCase({ ...value }) : value;
}

/** Configuration is a map of texts in the API; CloudFormation makes texts of what is none. */
function textsOf(configuration: unknown): Record<string, string> {
  const entries =
    typeof configuration === 'object' && configuration !== null ? Object.entries(configuration) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
