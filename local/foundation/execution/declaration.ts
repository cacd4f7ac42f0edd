// A pipeline as it is declared in the deployed template.
import * as v from 'valibot';
import type { DeployedResource } from '../../cloudformation/deployment.ts';
import {
  type Action,
  pipelineProperties,
  type Stage,
  storesOf,
} from '../../cloudformation/resources/codepipeline/declaration.ts';

/** An action (CodePipeline API, ActionDeclaration). */
export interface ActionDeclaration {
  readonly name: string;
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

/** A stage. */
export interface StageDeclaration {
  readonly name: string;
  /** By run order, then as they are declared. */
  readonly actions: readonly ActionDeclaration[];
  /** What follows when it fails (CodePipeline API, FailureConditions). */
  readonly onFailure: Stage['OnFailure'];
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
  const declared = v.parse(pipelineProperties, properties);
  return {
    name: ref,
    arn: `arn:aws:codepipeline:${region}:${account}:${ref}`,
    accountId: account,
    region,
    roleArn: declared.RoleArn,
    stages: declared.Stages.map(({ Name, Actions, OnFailure }) => ({
      name: Name,
      actions: Actions.map((action) => readAction(action, region)).toSorted(
        (one, other) => one.runOrder - other.runOrder,
      ),
      onFailure: OnFailure,
    })),
    artifactStores: new Map(
      storesOf(declared, region).map(({ Region, ArtifactStore: { Location, EncryptionKey } }) => [
        Region,
        { bucket: Location, keyArn: EncryptionKey?.Id },
      ]),
    ),
  };
}

/** The actions of a provider, stage by stage. */
export function actionsOf({ stages }: PipelineDeclaration, provider: string): ActionDeclaration[] {
  return stages.flatMap(({ actions }) => actions).filter((action) => action.provider === provider);
}

function readAction(action: Action, region: string): ActionDeclaration {
  return {
    name: action.Name,
    provider: action.ActionTypeId.Provider,
    configuration: action.Configuration,
    inputs: action.InputArtifacts.map(({ Name }) => Name),
    outputs: action.OutputArtifacts.map(({ Name }) => Name),
    region: action.Region ?? region,
    roleArn: action.RoleArn,
    namespace: action.Namespace,
    runOrder: action.RunOrder,
  };
}
