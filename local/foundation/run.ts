// One run: deploys the stacks into an embedded AWS, starts the pipeline by an upload, and looks at what came of it.
import { formatBytes, plural } from '../../functions/sync-artifacts/result/summary.ts';
import { startEmbeddedAws } from '../aws/embedded-aws.ts';
import type { Access } from '../aws/state/access.ts';
import { type CdkApp, deployApp } from '../cloudformation/cdk/cdk-app.ts';
import { Deployment } from '../cloudformation/deployment.ts';
import { assumeManagedPolicies } from './assumed-policies.ts';
import { Cloud } from './execution/cloud.ts';
import { type PipelineDeclaration, readDeclaration } from './execution/declaration.ts';
import { type Execution, execute, type PipelineRun } from './execution/execution.ts';
import { Functions } from './execution/functions.ts';
import { type SourceRevisions, sourceObject, startOnUpload, upload } from './execution/start-on-upload.ts';
import { type Step, type StepListener, Steps } from './execution/steps.ts';
import { deliverAccessLogs } from './probes/access-logs.ts';
import { sendCheckEvents } from './probes/check-event.ts';
import { publishNotices } from './probes/notices.ts';
import { loseJob, missRevision } from './probes/rare-jobs.ts';
import { tryRefusals } from './probes/refusals.ts';
import { type StatementNames, type StatementUse, statementNames, usesOf } from './statements/coverage.ts';
import { statementsOf, type TemplateStatement } from './statements/inventory.ts';

/** What a run is made of; its stacks as they are deployed. */
export interface RunOptions extends CdkApp {
  /** Statements that the stacks should have: what their denials are for is tried even where one was taken out. */
  readonly declared: readonly TemplateStatement[];
  /** The zip that is released. */
  readonly release: Uint8Array;
  /** Asks whether a stage may go on. */
  readonly approve: (stage: string) => Promise<boolean>;
  readonly listener?: StepListener;
  /** Also what happens rarely: a second release, and a job whose function dies. */
  readonly rarities: boolean;
}

/** What came of it. */
export interface RunOutcome {
  readonly steps: readonly Step[];
  /** Whether every step succeeded, and nothing was denied on the way. */
  readonly succeeded: boolean;
  /** Of the deployed stacks; empty when they could not be deployed. */
  readonly uses: readonly StatementUse[];
  readonly pipeline: PipelineDeclaration | undefined;
  /** What the templates do not say and was taken for granted, a sentence each. */
  readonly assumptions: readonly string[];
  /** Names the statements that decided. */
  readonly nameOf: StatementNames;
}

/** Names of the phases around the stages of the pipeline. */
const DEPLOYMENT = 'Deployment';
const START = 'Start';
const AFTERWARDS = 'Afterwards';

/** Runs everything until something fails. */
export async function runFoundation(options: RunOptions): Promise<RunOutcome> {
  await using aws = await startEmbeddedAws();
  const { approve, listener = {}, release } = options;
  using steps = new Steps(aws.world, listener);
  const assumptions = assumeManagedPolicies(aws.world, options.stacks);
  let deployment: Deployment | undefined;
  await steps.run({ phase: DEPLOYMENT, name: plural(options.stacks.length, 'stack') }, () => {
    const onAccess = (access: Access): void => steps.record(access);
    deployment = deployApp(new Deployment(aws.world), options, { onAccess });
    const names = new Set(options.stacks.map(({ name }) => name));
    const resources = deployment.stacks
      .filter(({ name }) => names.has(name))
      .flatMap((stack) => [...stack.resources]);
    const accounts = new Set(options.stacks.map(({ account }) => account));
    return `${plural(resources.length, 'resource')} in ${plural(accounts.size, 'account')}`;
  });
  if (deployment === undefined) return notDeployed(steps.all);
  using cloud = new Cloud(aws, deployment, steps);
  const pipeline = readDeclaration(cloud.find('AWS::CodePipeline::Pipeline', 'pipeline', () => true));
  listener.deployed?.(pipeline);
  await using functions = new Functions(cloud);
  await releaseAndCheck({ cloud, pipeline, functions, steps, release, approve }, options);
  const statements = statementsOf(options.stacks);
  return {
    steps: steps.all,
    succeeded: steps.all.every(({ failure, losses }) => failure === undefined && losses.length === 0),
    uses: usesOf(statements, deployment, steps.all),
    pipeline,
    assumptions,
    nameOf: statementNames(statements, deployment),
  };
}

function notDeployed(steps: readonly Step[]): RunOutcome {
  return {
    steps,
    succeeded: false,
    uses: [],
    pipeline: undefined,
    assumptions: [],
    nameOf: (_, { statement }) => statement,
  };
}

async function releaseAndCheck(run: PipelineRun, { declared, rarities }: RunOptions): Promise<void> {
  const { cloud, steps } = run;
  const first = await releaseOnce(run);
  if (first?.status !== 'Succeeded') return;
  if (rarities && (await releaseOnce(run, first))?.status !== 'Succeeded') return;
  const afterwards = (name: string, action: () => Promise<string> | string, triesDenied = false) =>
    steps.run({ phase: AFTERWARDS, name }, action, { triesDenied });
  await afterwards('Check event', () => sendCheckEvents(run));
  if (cloud.deployment.resourcesOf('AWS::SNS::Topic').length > 0) {
    await afterwards('Notices', () => publishNotices(cloud));
  }
  await afterwards('Access logs', () => deliverAccessLogs(cloud));
  await afterwards('Refusals', () => tryRefusals(cloud, declared), true);
  if (!rarities) return;
  await afterwards('Missing revision', () => missRevision(run));
  await afterwards('Lost job', () => loseJob(run));
}

/** Uploads a release and runs the execution that it starts; undefined when it starts none. */
async function releaseOnce(run: PipelineRun, previous?: Execution): Promise<Execution | undefined> {
  const { cloud, pipeline, steps } = run;
  const object = sourceObject(pipeline);
  let revisions: SourceRevisions = new Map();
  if (object !== undefined) {
    let versionId = '';
    const uploaded = await steps.run({ phase: START, name: 'Upload' }, async () => {
      versionId = await upload(cloud, pipeline, object, run.release);
      return `${object.key}, ${formatBytes(run.release.length)}`;
    });
    if (uploaded.failure) return undefined;
    const started = await steps.run({ phase: START, name: 'EventBridge' }, () => {
      revisions = startOnUpload(cloud, pipeline, { ...object, versionId });
      return `starts ${pipeline.name}`;
    });
    if (started.failure) return undefined;
  }
  return execute(run, revisions, previous);
}
