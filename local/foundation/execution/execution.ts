// One execution of a pipeline: stage after stage, action after action, each with the role that it is declared with.
import { randomUUID } from 'node:crypto';
import type { ActionContext, ActionResult } from './action.ts';
import { manualApproval } from './actions/approval.ts';
import { cloudFormation } from './actions/change-set.ts';
import { codeBuild } from './actions/code-build.ts';
import { connectionSource } from './actions/connection-source.ts';
import { lambdaInvoke } from './actions/lambda-invoke.ts';
import { s3Source } from './actions/s3-source.ts';
import type { Artifact } from './artifacts.ts';
import type { Cloud } from './cloud.ts';
import type { ActionDeclaration, PipelineDeclaration, StageDeclaration } from './declaration.ts';
import type { Functions } from './functions.ts';
import type { SourceRevisions } from './start-on-upload.ts';
import { type Step, StepError, type Steps } from './steps.ts';
import { resolveConfiguration } from './variables.ts';

/** What a pipeline runs with. */
export interface PipelineRun {
  readonly cloud: Cloud;
  readonly pipeline: PipelineDeclaration;
  readonly functions: Functions;
  readonly steps: Steps;
  /** The release, for sources that are not here. */
  readonly release: Uint8Array;
  /** Asks whether a stage may go on. */
  readonly approve: (stage: string) => Promise<boolean>;
}

/** What an execution runs on, and what it has produced so far. */
interface State {
  readonly id: string;
  readonly revisions: SourceRevisions;
  readonly artifacts: Map<string, Artifact>;
  readonly variables: Map<string, Readonly<Record<string, string>>>;
}

/** An execution that is over. */
export interface Execution extends State {
  readonly status: 'Succeeded' | 'Failed';
}

/**
 * Runs an execution. Actions of one run order start together on AWS; here they follow each other, in the order of their
 * declaration, so that each decision belongs to one step.
 *
 * @param previous execution that succeeded: what a stage is rolled back to
 */
export async function execute(
  run: PipelineRun,
  revisions: SourceRevisions,
  previous?: Execution,
): Promise<Execution> {
  const id = randomUUID();
  const state: State = {
    id,
    revisions,
    artifacts: new Map(),
    variables: new Map([['codepipeline', { PipelineExecutionId: id }]]),
  };
  for (const stage of run.pipeline.stages) {
    const failed = await runStage(run, stage, stage.actions, state);
    if (failed.length === 0 || (await retried(run, stage, failed, state))) continue;
    await rollBack(run, stage, previous);
    return { ...state, status: 'Failed' };
  }
  return { ...state, status: 'Succeeded' };
}

/** Runs actions until one fails; those of its run order still run, as on AWS. Returns what failed. */
async function runStage(
  run: PipelineRun,
  stage: StageDeclaration,
  actions: readonly ActionDeclaration[],
  state: State,
): Promise<readonly ActionDeclaration[]> {
  const failed: ActionDeclaration[] = [];
  for (const action of actions) {
    const [first] = failed;
    if (first !== undefined && action.runOrder > first.runOrder) break;
    const step = await runAction(run, stage, action, state);
    if (step.failure !== undefined) failed.push(action);
  }
  return failed;
}

async function runAction(
  run: PipelineRun,
  stage: StageDeclaration,
  declared: ActionDeclaration,
  state: State,
): Promise<Step> {
  const { cloud, pipeline, steps } = run;
  const account = declared.roleArn?.split(':')[4] ?? pipeline.accountId;
  const place = { phase: stage.name, name: declared.name, where: `${account} ${declared.region}` };
  return steps.run(place, async () => {
    const configuration = resolveConfiguration(declared.configuration, state.variables);
    const pipelineSession = cloud
      .service('codepipeline.amazonaws.com')
      .assume(pipeline.roleArn, String(Date.now()), pipeline.region, {
        'aws:SourceAccount': pipeline.accountId,
        'aws:SourceArn': pipeline.arn,
      });
    const needsRole = declared.roleArn !== undefined && declared.roleArn !== pipeline.roleArn;
    const session = needsRole
      ? pipelineSession.assume(declared.roleArn ?? '', String(Date.now()), declared.region)
      : pipelineSession;
    const inputs = declared.inputs.map((name) => {
      const artifact = state.artifacts.get(name);
      if (artifact === undefined) throw new StepError('InvalidArtifact', `No action has produced ${name}.`);
      return artifact;
    });
    const result = await perform(run, {
      cloud,
      pipeline,
      executionId: state.id,
      stage: stage.name,
      action: { ...declared, configuration },
      pipelineSession,
      session,
      inputs,
      sourceRevision: state.revisions.get(declared.name),
      approve: () => run.approve(stage.name),
    });
    for (const artifact of result.outputs ?? []) state.artifacts.set(artifact.name, artifact);
    if (declared.namespace !== undefined) state.variables.set(declared.namespace, result.variables ?? {});
    return result.summary;
  });
}

/** By provider. @throws StepError for one that is not known here */
function perform(run: PipelineRun, context: ActionContext): Promise<ActionResult> | ActionResult {
  const { provider } = context.action;
  switch (provider) {
    case 'S3':
      return s3Source(context);
    case 'CodeStarSourceConnection':
      return connectionSource(context, run.release);
    case 'CodeBuild':
      return codeBuild(context);
    case 'Lambda':
      return lambdaInvoke(context, run.functions);
    case 'CloudFormation':
      return cloudFormation(context);
    case 'Manual':
      return manualApproval(context);
    default:
      throw new StepError('Unsupported', `Actions of the provider ${provider} cannot be run here.`);
  }
}

/** CodePipeline user guide, automatic retry: once, the failed actions or all of the stage. */
async function retried(
  run: PipelineRun,
  stage: StageDeclaration,
  failed: readonly ActionDeclaration[],
  state: State,
): Promise<boolean> {
  if (stage.onFailure?.Result !== 'RETRY') return false;
  const latest = Math.max(...failed.map(({ runOrder }) => runOrder));
  const again =
    stage.onFailure.RetryConfiguration?.RetryMode === 'ALL_ACTIONS'
      ? stage.actions
      : stage.actions.filter((action) => failed.includes(action) || action.runOrder > latest);
  return (await runStage(run, stage, again, state)).length === 0;
}

/** CodePipeline user guide, automatic rollback: the stage runs again with what its last success had. */
async function rollBack(
  run: PipelineRun,
  stage: StageDeclaration,
  previous: Execution | undefined,
): Promise<void> {
  if (stage.onFailure?.Result !== 'ROLLBACK') return;
  if (previous === undefined) {
    await run.steps.run({ phase: stage.name, name: 'Rollback' }, () => {
      throw new StepError(
        'NotRolledBack',
        `${stage.name} never succeeded before: there is nothing to roll back to.`,
      );
    });
    return;
  }
  await runStage(run, stage, stage.actions, previous);
}
