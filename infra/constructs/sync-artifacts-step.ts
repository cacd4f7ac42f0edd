// A step for aws-cdk-lib/pipelines that invokes the function on file sets of the pipeline.
import type { IStage } from 'aws-cdk-lib/aws-codepipeline';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  type CodePipelineActionFactoryResult,
  FileSet,
  type ICodePipelineActionFactory,
  type IFileSetProducer,
  type ProduceActionOptions,
  Step,
} from 'aws-cdk-lib/pipelines';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { SyncArtifactsAction } from './sync-artifacts-action.ts';
import { type SyncOptions, userParameters } from './user-parameters.ts';

/** Props of a SyncArtifactsStep. */
export interface SyncArtifactsStepProps extends SyncOptions {
  /** The function of a `SyncArtifactsFunction`, or any that runs the same code. */
  readonly function: IFunction;
  /** File sets to copy, 1 to 5: sources, or outputs of other steps. */
  readonly inputs: readonly IFileSetProducer[];
  /**
   * Write `sync-manifest.json` as this step's primary output, for later steps to read.
   * @default false
   */
  readonly manifest?: boolean;
}

/**
 * Copies file sets to every destination. Put it before a wave or a stage:
 *
 * ```ts
 * pipeline.addWave('Sync', { pre: [new SyncArtifactsStep('us-east-1', { function: fn, inputs: [source], destinations })] });
 * ```
 */
export class SyncArtifactsStep extends Step implements ICodePipelineActionFactory {
  readonly #props: SyncArtifactsStepProps;
  readonly #inputs: readonly FileSet[];
  readonly #manifest: FileSet | undefined;

  constructor(id: string, props: SyncArtifactsStepProps) {
    super(id);
    userParameters(props); // says what is wrong where the step is written, not where the pipeline is built
    this.#props = props;
    this.#inputs = props.inputs.map((input) => {
      if (!input.primaryOutput) throw new Error(`step ${id}: an input has no primary output`);
      this.addDependencyFileSet(input.primaryOutput);
      return input.primaryOutput;
    });
    if (props.manifest) {
      this.#manifest = new FileSet('Manifest', this);
      this.configurePrimaryOutput(this.#manifest);
    }
  }

  /** Called by the pipeline when it is built. */
  produceAction(stage: IStage, options: ProduceActionOptions): CodePipelineActionFactoryResult {
    // Everything of the props but the flag that asks for a manifest.
    const { manifest: _wanted, ...sync } = this.#props;
    stage.addAction(
      new SyncArtifactsAction({
        ...sync,
        actionName: options.actionName,
        runOrder: options.runOrder,
        ...omitUndefined({ variablesNamespace: options.variablesNamespace }),
        inputs: this.#inputs.map((input) => options.artifacts.toCodePipeline(input)),
        manifest: this.#manifest && options.artifacts.toCodePipeline(this.#manifest),
      }),
    );
    return { runOrdersConsumed: 1 };
  }
}
