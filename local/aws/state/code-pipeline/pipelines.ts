// Pipelines as they are declared, and what their actions have done: for reading only, nothing runs them here.

/** A pipeline (CodePipeline API, PipelineDeclaration), of which only the name means anything here. */
export interface Pipeline {
  readonly accountId: string;
  readonly region: string;
  readonly declaration: Readonly<Record<string, unknown>> & { readonly name: string };
  /** What its actions did (CodePipeline API, ActionExecutionDetail), the latest first. */
  readonly actionExecutions?: readonly ActionExecution[];
  /** Its executions (CodePipeline API, PipelineExecution). */
  readonly executions?: readonly ActionExecution[];
}

/** One execution, of the pipeline or of an action. */
type ActionExecution = Readonly<Record<string, unknown>> & { readonly pipelineExecutionId: string };

/** All pipelines. */
export class Pipelines {
  readonly #all = new Map<string, Pipeline>();

  /** Adds or replaces a pipeline. */
  put(pipeline: Pipeline): void {
    this.#all.set(arnOf(pipeline), pipeline);
  }

  remove(accountId: string, region: string, name: string): void {
    this.#all.delete(arnOf({ accountId, region, declaration: { name } }));
  }

  /** The pipeline of a name in an account and region. */
  find(accountId: string, region: string, name: string): Pipeline | undefined {
    return this.#all.get(arnOf({ accountId, region, declaration: { name } }));
  }
}

/** CodePipeline user guide, ARNs: the name alone, without a kind. */
export function arnOf({ accountId, region, declaration }: Pipeline): string {
  return `arn:aws:codepipeline:${region}:${accountId}:${declaration.name}`;
}
