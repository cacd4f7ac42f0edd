// A pipeline as adopt needs it: stages and their actions, stores, and which region it is in, whatever the file's spelling.
import { UsageError } from '../usage-error.ts';
import type { FoundPipeline } from './find-pipeline.ts';
import {
  alternativesOf,
  type Branch,
  isIntrinsic,
  isMap,
  itemsOf,
  STACK_REGION,
  sameValue,
  type Value,
} from './intrinsics.ts';

/** An action of a pipeline; values may be intrinsic functions. */
export interface Action {
  readonly name: Value;
  readonly category: Value;
  readonly provider: Value;
  readonly region: Value;
  readonly namespace: Value;
  readonly configuration: Readonly<Record<string, Value>>;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

/** A stage, at its place in the list as it is written. */
export interface Stage {
  readonly name: Value;
  readonly index: number;
  readonly actions: readonly Action[];
}

/** An artifact store of the pipeline. */
interface Store {
  /** `undefined` for the one store of a pipeline without cross-region actions. */
  readonly region: Value;
  readonly bucket: Value;
  readonly keyId: Value;
  /** Conditions of the template under which the store is there. */
  readonly branches: readonly Branch[];
}

/** What adopt reads of a pipeline. */
export interface Pipeline extends FoundPipeline {
  readonly stages: readonly Stage[];
  readonly stageCount: number;
  readonly stores: readonly Store[];
  readonly roleArn: Value;
}

/** The name of a property as the file spells it. */
export function spelled(kind: FoundPipeline['kind'], name: string): string {
  return kind === 'api' ? name : name.charAt(0).toUpperCase() + name.slice(1);
}

/**
 * Reads stages, actions and stores.
 * @throws UsageError when the stages are not a list that is written out
 */
export function readPipeline(found: FoundPipeline, fileName: string): Pipeline {
  const get = (value: Value, name: string): Value =>
    isMap(value) ? value[spelled(found.kind, name)] : undefined;
  const stages = get(found.properties, 'stages');
  if (!Array.isArray(stages)) {
    throw new UsageError(
      `${fileName}: the stages of pipeline ${found.name} are ${isIntrinsic(stages) ? 'made by an intrinsic function' : 'not a list'}; adopt inserts into a list that is written out.`,
    );
  }
  const names = (list: Value): Value[] => itemsOf(list).map(({ value }) => get(value, 'name'));
  const action = (value: Value): Action => {
    const type = get(value, 'actionTypeId');
    const configuration = get(value, 'configuration');
    return {
      name: get(value, 'name'),
      category: get(type, 'category'),
      provider: get(type, 'provider'),
      region: get(value, 'region'),
      namespace: get(value, 'namespace'),
      configuration: isMap(configuration) ? configuration : {},
      inputs: names(get(value, 'inputArtifacts')),
      outputs: names(get(value, 'outputArtifacts')),
    };
  };
  return {
    ...found,
    stages: stages.flatMap((written: Value, index) =>
      alternativesOf(written).map(({ value }) => ({
        name: get(value, 'name'),
        index,
        actions: itemsOf(get(value, 'actions')).map((item) => action(item.value)),
      })),
    ),
    stageCount: stages.length,
    stores: readStores(found, get),
    roleArn: get(found.properties, 'roleArn'),
  };
}

function readStores(found: FoundPipeline, get: (value: Value, name: string) => Value): Store[] {
  const store = (value: Value, region: Value, branches: readonly Branch[]): Store => ({
    region,
    bucket: get(value, 'location'),
    keyId: get(get(value, 'encryptionKey'), 'id'),
    branches,
  });
  const one = alternativesOf(get(found.properties, 'artifactStore'))
    .filter(({ value }) => isMap(value))
    .map(({ value, branches }) => store(value, undefined, branches));
  const several = get(found.properties, 'artifactStores');
  // The API has a map by region, CloudFormation a list of pairs.
  const many =
    isMap(several) && !isIntrinsic(several)
      ? Object.entries(several).map(([region, value]) => store(value, region, []))
      : itemsOf(several).map(({ value, branches }) =>
          store(get(value, 'artifactStore'), get(value, 'region'), branches),
        );
  return [...one, ...many];
}

/**
 * The region of the pipeline, as an expression: from its ARN, the template's own region, its source actions (CodePipeline
 * has no cross-region source actions), or the only store whose region no action names. `undefined` when none of them tells.
 */
export function homeRegionOf(pipeline: Pipeline): Value {
  const [, , , region] = pipeline.arn?.split(':') ?? [];
  if (region) return region;
  const actions = pipeline.stages.flatMap((stage) => stage.actions);
  const stores = pipeline.stores.filter((store) => store.region !== undefined);
  if (stores.some((store) => sameValue(store.region, STACK_REGION))) return STACK_REGION;
  const source = actions.find((action) => action.category === 'Source' && action.region !== undefined);
  if (source) return source.region;
  const unnamed = stores.filter((store) => !actions.some((action) => sameValue(action.region, store.region)));
  if (unnamed.length === 1) return unnamed[0]?.region;
  return pipeline.kind === 'template' && stores.length === 0 ? STACK_REGION : undefined;
}

/** Whether an action runs in another region than the pipeline. */
export function isRegional(action: Action, home: Value): boolean {
  return (
    action.region !== undefined && !sameValue(action.region, home) && !sameValue(action.region, STACK_REGION)
  );
}
