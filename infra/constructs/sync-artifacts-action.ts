// An action for aws-codepipeline pipelines that invokes the function on its input artifacts.
import {
  type ActionBindOptions,
  ActionCategory,
  type ActionConfig,
  type Artifact,
  type CommonAwsActionProps,
  type IStage,
} from 'aws-cdk-lib/aws-codepipeline';
import { Action } from 'aws-cdk-lib/aws-codepipeline-actions';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type SyncOptions, userParameters } from './user-parameters.ts';

/** Props of a SyncArtifactsAction. */
export interface SyncArtifactsActionProps extends CommonAwsActionProps, SyncOptions {
  /** The function of a `SyncArtifactsFunction`, or any that runs the same code. */
  readonly function: IFunction;
  /** The artifacts to copy, 1 to 5. */
  readonly inputs: readonly Artifact[];
  /**
   * Takes a zip with `sync-manifest.json`: every copy with its bucket, key, version, checksum and proof.
   * @default no manifest is written
   */
  readonly manifest?: Artifact | undefined;
}

/** Output variables of a Sync action, as `#{…}` expressions for later actions. */
export interface SyncArtifactsVariables {
  /** How many artifacts were synced. */
  readonly artifactCount: string;
  /** To how many destinations. */
  readonly destinationCount: string;
  /** Bytes that were copied. */
  readonly bytesCopied: string;
  /** Copies that were there already. */
  readonly copiesSkipped: string;
  /** How long the job took, in milliseconds. */
  readonly durationMs: string;
  /** Key of the copies of an artifact. */
  objectKey(artifact: Artifact): string;
  /** Checksum of an artifact. */
  checksum(artifact: Artifact): string;
}

/**
 * Copies the input artifacts to every destination. Add it to a stage after the sources:
 *
 * ```ts
 * const sync = new SyncArtifactsAction({
 *   actionName: 'us-east-1', function: sync.function, inputs: [code], destinations: [{ bucketName: 'regional-bucket' }],
 * });
 * pipeline.addStage({ stageName: 'Sync', actions: [sync] });
 * sync.variables.objectKey(code); // for ParameterOverrides of a later action
 * ```
 *
 * @see https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-Lambda.html
 */
export class SyncArtifactsAction extends Action {
  readonly #props: SyncArtifactsActionProps;
  readonly #userParameters: string;

  constructor(props: SyncArtifactsActionProps) {
    const inputs = [...props.inputs];
    super({
      actionName: props.actionName,
      ...omitUndefined({
        runOrder: props.runOrder,
        variablesNamespace: props.variablesNamespace,
        role: props.role,
        outputs: props.manifest && [props.manifest],
      }),
      resource: props.function,
      category: ActionCategory.INVOKE,
      provider: 'Lambda',
      // Action reference, AWS Lambda: 0 to 5 inputs and outputs; a Sync without input has nothing to do.
      artifactBounds: { minInputs: 1, maxInputs: 5, minOutputs: 0, maxOutputs: 1 },
      inputs,
    });
    this.#props = props;
    this.#userParameters = userParameters(props);
  }

  /** What the action hands to later ones. */
  get variables(): SyncArtifactsVariables {
    const variable = (name: string): string => this.variableExpression(name);
    return {
      artifactCount: variable('ArtifactCount'),
      destinationCount: variable('DestinationCount'),
      bytesCopied: variable('BytesCopied'),
      copiesSkipped: variable('CopiesSkipped'),
      durationMs: variable('DurationMs'),
      objectKey: (artifact) => variable(`${nameOf(artifact)}_ObjectKey`),
      checksum: (artifact) => variable(`${nameOf(artifact)}_Checksum`),
    };
  }

  protected override bound(_scope: Construct, _stage: IStage, options: ActionBindOptions): ActionConfig {
    options.role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ['lambda:InvokeFunction'],
        resources: [this.#props.function.functionArn],
      }),
    );
    return {
      configuration: {
        FunctionName: this.#props.function.functionName,
        UserParameters: this.#userParameters,
      },
    };
  }
}

function nameOf(artifact: Artifact): string {
  if (artifact.artifactName === undefined) {
    throw new Error('give the artifact a name: new Artifact("Code"); output variables are made from it');
  }
  return artifact.artifactName;
}
