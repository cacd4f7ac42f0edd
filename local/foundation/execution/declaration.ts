// A pipeline as it is declared in the deployed template.
import type { DeployedResource } from '../../cloudformation/deployment.ts';
import { list, record, text } from '../../pipeline/event/json.ts';

/** An action (CodePipeline API, ActionDeclaration). */
export interface ActionDeclaration {
  readonly name: string;
  readonly category: string;
  readonly provider: string;
  readonly configuration: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Where it acts: the pipeline's own region unless it says otherwise. */
  readonly region: string;
  /** The role that it acts with: the pipeline's own unless it says otherwise. */
  readonly roleArn: string | undefined;
  /** Of its output variables. */
  readonly namespace: string | undefined;
  readonly runOrder: number;
}

/** What follows when a stage fails (CodePipeline API, FailureConditions). */
interface OnFailure {
  readonly result: string;
  readonly retryMode: string | undefined;
}

/** A stage. */
export interface StageDeclaration {
  readonly name: string;
  /** By run order, then as they are declared. */
  readonly actions: readonly ActionDeclaration[];
  readonly onFailure: OnFailure | undefined;
}

/** Where a region's artifacts are. */
export interface ArtifactStore {
  readonly bucket: string;
  readonly keyArn: string | undefined;
}

/** A pipeline (CodePipeline API, PipelineDeclaration). */
export interface PipelineDeclaration {
  readonly name: string;
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  readonly roleArn: string;
  readonly stages: readonly StageDeclaration[];
  /** By region. */
  readonly artifactStores: ReadonlyMap<string, ArtifactStore>;
}

/** Reads what is deployed. */
export function readDeclaration({ ref, account, region, properties }: DeployedResource): PipelineDeclaration {
  const stores = properties.ArtifactStore
    ? [{ Region: region, ArtifactStore: properties.ArtifactStore }]
    : list(properties.ArtifactStores).map(record);
  return {
    name: ref,
    arn: `arn:aws:codepipeline:${region}:${account}:${ref}`,
    accountId: account,
    region,
    roleArn: text(properties.RoleArn) ?? '',
    stages: list(properties.Stages).map((stage) => readStage(record(stage), region)),
    artifactStores: new Map(
      stores.map((entry): [string, ArtifactStore] => {
        const store = record(entry.ArtifactStore);
        return [
          text(entry.Region) ?? region,
          { bucket: text(store.Location) ?? '', keyArn: text(record(store.EncryptionKey).Id) },
        ];
      }),
    ),
  };
}

function readStage(stage: Readonly<Record<string, unknown>>, region: string): StageDeclaration {
  const onFailure = record(stage.OnFailure);
  const result = text(onFailure.Result);
  return {
    name: text(stage.Name) ?? '',
    actions: list(stage.Actions)
      .map((action) => readAction(record(action), region))
      .toSorted((one, other) => one.runOrder - other.runOrder),
    onFailure:
      result === undefined
        ? undefined
        : { result, retryMode: text(record(onFailure.RetryConfiguration).RetryMode) },
  };
}

function readAction(action: Readonly<Record<string, unknown>>, region: string): ActionDeclaration {
  const type = record(action.ActionTypeId);
  const names = (artifacts: unknown): string[] =>
    list(artifacts).flatMap((artifact) => text(record(artifact).Name) ?? []);
  return {
    name: text(action.Name) ?? '',
    category: text(type.Category) ?? '',
    provider: text(type.Provider) ?? '',
    configuration: Object.fromEntries(
      Object.entries(record(action.Configuration)).map(([name, value]) => [name, String(value)]),
    ),
    inputs: names(action.InputArtifacts),
    outputs: names(action.OutputArtifacts),
    region: text(action.Region) ?? region,
    roleArn: text(action.RoleArn),
    namespace: text(action.Namespace),
    runOrder: typeof action.RunOrder === 'number' ? action.RunOrder : 1,
  };
}
