// Decides where the Sync stage goes and what it copies, and writes it as the file's format has stages.
import { didYouMean } from '../../functions/sync-artifacts/job/user-parameters.ts';
import { UsageError } from '../usage-error.ts';
import { type Destination, destinationsOf } from './destinations.ts';
import { isIntrinsic, sameValue, show, type Value } from './intrinsics.ts';
import { type Action, homeRegionOf, isRegional, type Pipeline, type Stage, spelled } from './pipeline.ts';
import { userParametersFor, userParametersForSet } from './user-parameters.ts';

/** CodePipeline user guide, action reference of AWS Lambda: input artifacts of one action. */
const MAX_INPUTS = 5;

/** CodePipeline user guide, quotas: stages of a pipeline. */
const MAX_STAGES = 50;

/** What the user asked for. */
export interface SyncStageOptions {
  /** Stage to put Sync before, by name. */
  readonly before?: string;
  /** Buckets to copy to, instead of the pipeline's own stores. */
  readonly destinations: readonly Destination[];
  /** A set of destinations of the function, instead of buckets in the parameters. */
  readonly destinationSet?: string;
  /** Artifacts to copy, instead of those that later actions use. */
  readonly inputs: readonly string[];
  /** Region of the pipeline, where the file does not say it. */
  readonly region?: string;
  readonly functionName: string;
  readonly stageName: string;
  readonly namespace: string;
}

/** The stage to be inserted. */
export interface SyncStage {
  /** Index of the stage that it comes before. */
  readonly index: number;
  readonly before: Value;
  readonly home: Value;
  readonly inputs: readonly Value[];
  /** None when they are a set of the function. */
  readonly destinations: readonly Destination[];
  readonly destinationSet?: string;
  /** The stage as the file spells it. */
  readonly stage: Value;
  readonly notes: readonly string[];
}

/** A Sync action that is there already, if there is one. */
export function findSyncAction(
  pipeline: Pipeline,
  functionName: string,
): { readonly stage: Stage; readonly action: Action } | undefined {
  return pipeline.stages
    .flatMap((stage) => stage.actions.map((action) => ({ stage, action })))
    .find(({ action: { category, provider, configuration } }) => {
      if (category !== 'Invoke' || provider !== 'Lambda') return false;
      const parameters = JSON.stringify(configuration.UserParameters ?? '');
      return (
        configuration.FunctionName === functionName ||
        /\\"Destination(?:Bucket|Buckets|s)\\":/.test(parameters)
      );
    });
}

/**
 * Plans the Sync stage of a pipeline that has none.
 * @throws UsageError when something that it needs is not known or not possible
 */
export function planSyncStage(pipeline: Pipeline, options: SyncStageOptions): SyncStage {
  const home = options.region ?? homeRegionOf(pipeline);
  const { destinationSet } = options;
  const destinations =
    destinationSet !== undefined
      ? []
      : options.destinations.length > 0
        ? options.destinations
        : destinationsOf(pipeline, home);
  const place = placeOf(pipeline, options, home);
  const { inputs, notes } = inputsOf(pipeline, options, place.index, home);
  requireFreeNames(pipeline, options);
  const userParameters =
    destinationSet === undefined
      ? userParametersFor(destinations, pipeline.names)
      : userParametersForSet(destinationSet);
  const spell = (name: string): string => spelled(pipeline.kind, name);
  const action = (names: readonly Value[], index: number): Value => {
    const suffix = index === 0 ? '' : String(index + 1);
    return {
      [spell('name')]: `SyncArtifacts${suffix}`,
      [spell('actionTypeId')]: {
        [spell('category')]: 'Invoke',
        [spell('owner')]: 'AWS',
        [spell('provider')]: 'Lambda',
        [spell('version')]: '1',
      },
      [spell('runOrder')]: 1,
      [spell('configuration')]: { FunctionName: options.functionName, UserParameters: userParameters },
      [spell('inputArtifacts')]: names.map((name) => ({ [spell('name')]: name })),
      [spell('namespace')]: `${options.namespace}${suffix}`,
    };
  };
  return {
    ...place,
    home,
    inputs,
    destinations,
    ...(destinationSet === undefined ? {} : { destinationSet }),
    stage: { [spell('name')]: options.stageName, [spell('actions')]: chunks(inputs).map(action) },
    notes: [...notes, ...(options.destinations.length > 0 ? [] : keylessNotes(destinations))],
  };
}

/** CodePipeline writes into stores without a key under aws/s3; copies would be refused, unless the bucket itself names a key. */
function keylessNotes(destinations: readonly Destination[]): string[] {
  const keyless = destinations
    .filter(({ KmsKeyId }) => KmsKeyId === undefined)
    .map(({ Bucket }) => show(Bucket));
  return keyless.length === 0
    ? []
    : [
        `${keyless.join(', ')}: the store has no encryptionKey. Sync needs a customer managed KMS key there: give the store one, or make one the default encryption of the bucket.`,
      ];
}

function placeOf(
  pipeline: Pipeline,
  { before }: SyncStageOptions,
  home: Value,
): { index: number; before: Value } {
  const names = pipeline.stages.map(({ name }) => show(name));
  if (pipeline.stageCount >= MAX_STAGES) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has ${pipeline.stageCount} stages, and CodePipeline takes ${MAX_STAGES}.`,
    );
  }
  const found =
    before === undefined
      ? pipeline.stages.find(({ actions }) => actions.some((action) => isRegional(action, home)))
      : pipeline.stages.find(({ name }) => show(name) === before);
  if (found === undefined) {
    throw new UsageError(
      before === undefined
        ? `Pipeline ${pipeline.name} has no action in another region than its own; say with --before STAGE where the copies are needed: ${names.slice(1).join(', ')}.`
        : `Pipeline ${pipeline.name} has no stage ${JSON.stringify(before)}; expected one of ${names.slice(1).join(', ')}.${didYouMean(before, names)}`,
    );
  }
  if (found.index === 0) {
    throw new UsageError(
      `Stage ${show(found.name)} is the first one, whose actions are sources; Sync comes before a later stage${names.length > 1 ? `: ${names.slice(1).join(', ')}` : ''}.`,
    );
  }
  return { index: found.index, before: found.name };
}

function inputsOf(
  pipeline: Pipeline,
  { inputs: wanted }: SyncStageOptions,
  index: number,
  home: Value,
): { inputs: Value[]; notes: string[] } {
  const made = unique(
    pipeline.stages
      .filter((stage) => stage.index < index)
      .flatMap((stage) => stage.actions.flatMap(({ outputs }) => outputs)),
  );
  const known = (name: Value): boolean => made.some((artifact) => sameValue(artifact, name));
  if (wanted.length > 0) {
    const missing = wanted.find((name) => !known(name));
    if (missing === undefined) return { inputs: [...wanted], notes: [] };
    const names = made.map(show);
    throw new UsageError(
      `No stage before Sync makes an artifact ${JSON.stringify(missing)}; expected ${names.join(', ')}.${didYouMean(missing, names)}`,
    );
  }
  const later = pipeline.stages.filter((stage) => stage.index >= index).flatMap(({ actions }) => actions);
  const regional = later.filter((action) => isRegional(action, home)).flatMap(({ inputs }) => inputs);
  const used = unique(regional.length > 0 ? regional : later.flatMap(({ inputs }) => inputs));
  const inputs = used.filter(known);
  if (inputs.length === 0) {
    throw new UsageError(
      made.length === 0
        ? 'The stages before Sync make no artifacts, so there is nothing to copy; choose a later place with --before.'
        : `No later action uses an artifact of the stages before Sync; name what to copy with --input: ${made.map(show).join(', ')}.`,
    );
  }
  const late = used.filter((name) => !known(name)).map(show);
  return {
    inputs,
    notes:
      late.length === 0
        ? []
        : [`${late.join(', ')}: used in other regions, but made by later stages, so Sync cannot copy it.`],
  };
}

function requireFreeNames(pipeline: Pipeline, { stageName, namespace }: SyncStageOptions): void {
  if (pipeline.stages.some(({ name }) => name === stageName)) {
    throw new UsageError(
      `Pipeline ${pipeline.name} has a stage ${stageName} already, which does not invoke the function; give another name with --stage-name.`,
    );
  }
  const namespaces = pipeline.stages.flatMap(({ actions }) => actions.map((action) => action.namespace));
  if (namespaces.includes(namespace)) {
    throw new UsageError(
      `An action of pipeline ${pipeline.name} has the namespace ${namespace} already; give another one with --namespace.`,
    );
  }
}

function chunks(values: readonly Value[]): Value[][] {
  const count = Math.ceil(values.length / MAX_INPUTS);
  return Array.from({ length: count }, (_, index) =>
    values.slice(index * MAX_INPUTS, (index + 1) * MAX_INPUTS),
  );
}

function unique(values: readonly Value[]): Value[] {
  return values.filter(
    (value, index) =>
      (typeof value === 'string' || isIntrinsic(value)) &&
      values.findIndex((other) => sameValue(other, value)) === index,
  );
}
