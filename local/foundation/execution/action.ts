// What an action of a pipeline is given to do its work, and what comes of it.
import type { Artifact } from './artifacts.ts';
import type { Cloud } from './cloud.ts';
import type { ActionDeclaration, PipelineDeclaration } from './declaration.ts';
import type { Session } from './session.ts';

/** One execution of one action. */
export interface ActionContext {
  readonly cloud: Cloud;
  readonly pipeline: PipelineDeclaration;
  readonly executionId: string;
  readonly stage: string;
  /** Its configuration has its variables resolved. */
  readonly action: ActionDeclaration;
  /** Of the pipeline's role. */
  readonly pipelineSession: Session;
  /** Of the role that the action acts with: its own, or the pipeline's. */
  readonly session: Session;
  /** In the order of the declaration. */
  readonly inputs: readonly Artifact[];
  /** Version or commit that a source has to read, where what started the execution names one. */
  readonly sourceRevision: string | undefined;
  /** Asks whether to go on. */
  readonly approve: () => Promise<boolean>;
}

/** What came of an action that succeeded. */
export interface ActionResult {
  /** A sentence, or what the console would show. */
  readonly summary: string;
  readonly outputs?: readonly Artifact[];
  readonly variables?: Readonly<Record<string, string>>;
}
