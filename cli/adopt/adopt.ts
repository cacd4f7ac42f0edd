// Adds a Sync stage to the pipeline in a file: text in, changed text and what else has to be done out. No I/O.
import { insertChecked, openDocument } from './document/document.ts';
import { findPipeline } from './find-pipeline.ts';
import { show } from './intrinsics.ts';
import { readPipeline, spelled } from './pipeline.ts';
import { type PolicyAdvice, type Principals, policyAdvice } from './statements.ts';
import { findSyncAction, planSyncStage, type SyncStage, type SyncStageOptions } from './sync-stage.ts';

/** What adopt is to do. */
export interface AdoptOptions extends SyncStageOptions, Principals {
  /** Logical id of the pipeline in a template that has several. */
  readonly pipeline?: string;
}

/** What adopt did, or found. */
export type Adoption = {
  readonly pipelineName: string;
  readonly format: 'json' | 'yaml';
  /** The CDK writes the file again. */
  readonly generated: boolean;
} & (
  | { readonly changed: false; readonly stageName: string; readonly actionName: string }
  | {
      readonly changed: true;
      readonly text: string;
      readonly sync: SyncStage;
      readonly advice: readonly PolicyAdvice[];
      /** `update-pipeline` refuses the metadata that `get-pipeline` writes. */
      readonly hasMetadata: boolean;
    }
);

/**
 * Adds the stage, unless the pipeline has a Sync action.
 * @throws UsageError when the file cannot be read or the stage cannot be planned
 */
export function adopt(text: string, fileName: string, options: AdoptOptions): Adoption {
  const document = openDocument(text, fileName);
  const pipeline = readPipeline(findPipeline(document.value, fileName, options.pipeline), fileName);
  const found = { pipelineName: pipeline.name, format: document.format, generated: pipeline.generated };
  const present = findSyncAction(pipeline, options.functionName);
  if (present !== undefined) {
    return {
      ...found,
      changed: false,
      stageName: show(present.stage.name),
      actionName: show(present.action.name),
    };
  }
  const sync = planSyncStage(pipeline, options);
  const stages = [...pipeline.path, spelled(pipeline.kind, 'stages')];
  return {
    ...found,
    changed: true,
    text: insertChecked(text, fileName, stages, sync.index, sync.stage),
    sync,
    advice: policyAdvice(pipeline, sync, options),
    hasMetadata: pipeline.arn !== undefined,
  };
}
