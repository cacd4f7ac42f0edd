// Pipelines: what CodePipeline's CreatePipeline takes, in the words of templates.
import { AwsError } from '../../../aws/aws-error.ts';
import { physicalName, regionalArn } from '../../resource-kind/physical-name.ts';
import { type ResourceContext, resourceKind } from '../../resource-kind/resource-kind.ts';
import { requireAssumable } from '../../resource-kind/service-role.ts';
import { type PipelineProperties, pipelineProperties, storesOf } from './declaration.ts';
import { checkStructure } from './structure.ts';

/** AWS::CodePipeline::Pipeline. Nothing runs it until somebody does. */
export const pipeline = resourceKind({
  properties: pipelineProperties,
  identify: ({ Name }, context) => ({
    ref: physicalName(Name, context, 100),
    attributes: { Version: '1' },
  }),
  check(given, { ref: name }, context) {
    checkStructure(given);
    requireAssumable(
      context,
      {
        roleArn: given.RoleArn,
        service: 'codepipeline.amazonaws.com',
        sourceArn: regionalArn('codepipeline', name, context),
      },
      'InvalidStructureException',
      `CodePipeline is not authorized to perform AssumeRole on role ${given.RoleArn}`,
    );
    checkStores(given, context);
  },
  put({ Tags: _tags, RestartExecutionOnUpdate: _restart, ...declaration }, { ref: name }, context) {
    const { world, account, region } = context;
    world.pipelines.put({
      accountId: account,
      region,
      declaration: { ...camelCase(declaration), name, version: 1 },
    });
  },
  delete(_properties, { ref: name }, { world, account, region }) {
    world.pipelines.remove(account, region, name);
  },
});

/** CodePipeline guide, cross-region actions: a store in the pipeline's region, and in every region that an action is in. */
function checkStores(given: PipelineProperties, context: ResourceContext): void {
  if ((given.ArtifactStore === undefined) === (given.ArtifactStores === undefined)) {
    throw invalid('A pipeline has either ArtifactStore or ArtifactStores');
  }
  const { region } = context;
  const stores = storesOf(given, region);
  for (const store of stores) requireBucket(store.ArtifactStore.Location, store.Region, context);
  const actions = given.Stages.flatMap(({ Actions }) => Actions);
  for (const needed of new Set([region, ...actions.map(({ Region = region }) => Region)])) {
    const count = stores.filter(({ Region }) => Region === needed).length;
    if (count !== 1) throw invalid(`The pipeline must have one artifact store in ${needed}, found ${count}`);
  }
}

function requireBucket(name: string, region: string, { world }: ResourceContext): void {
  const found = world.buckets.get(name);
  if (found?.region === region) return;
  throw invalid(
    found === undefined
      ? `The artifact bucket ${name} does not exist`
      : `The artifact bucket ${name} is in ${found.region}, but must be in ${region}`,
  );
}

function invalid(message: string): AwsError {
  return new AwsError(400, 'InvalidStructureException', message);
}

/** The API has the names of templates with a small first letter; what is in a Configuration stays as it is. */
function camelCase(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      name === 'Configuration' ? each : deep(each),
    ]),
  );
}

function deep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(deep);
  return typeof value === 'object' && value !== null ? camelCase({ ...value }) : value;
}
