// The CloudFormation actions: the role of the action makes and executes a change set, CloudFormation's role changes the stack.
import { unzipSync } from 'fflate';
import type { Access } from '../../../aws/state/access.ts';
import type { StackTemplate } from '../../../cloudformation/cdk/assembly.ts';
import { DeploymentError } from '../../../cloudformation/deployment-error.ts';
import { deployStack, validateStack } from '../../../cloudformation/stack.ts';
import { parseTemplate } from '../../../cloudformation/template/parse-template.ts';
import type { Template } from '../../../cloudformation/template/template.ts';
import type { ActionContext, ActionResult } from '../action.ts';
import { AS_ACTION_ROLE, AS_PIPELINE, bringTo, readArtifact, storeIn } from '../artifacts.ts';
import type { Cloud } from '../cloud.ts';
import type { Session } from '../session.ts';
import { StepError } from '../steps.ts';
import { type PlacedArtifact, readParameterOverrides } from './parameter-overrides.ts';

/** CodePipeline quotas: an input artifact of a CloudFormation action. */
const MAX_INPUT_BYTES = 256_000_000;

/** A change set that waits; a stack has one here, the pipeline's. */
export interface ChangeSet {
  readonly name: string;
  /** Stage and run order of the action that made it: what starts together with that action does not find it. */
  readonly madeIn: string;
  readonly target: StackTemplate;
  readonly roleArn: string;
}

/** Runs either kind. */
export function cloudFormation(context: ActionContext): Promise<ActionResult> | ActionResult {
  const { ActionMode = '' } = context.action.configuration;
  if (ActionMode === 'CHANGE_SET_REPLACE') return replaceChangeSet(context);
  if (ActionMode === 'CHANGE_SET_EXECUTE') return executeChangeSet(context);
  throw new StepError(
    'InvalidActionConfiguration',
    `The ActionMode ${ActionMode} of CloudFormation actions is not known here.`,
  );
}

async function replaceChangeSet(context: ActionContext): Promise<ActionResult> {
  const { action, cloud, session } = context;
  const {
    TemplatePath = '',
    RoleArn: roleArn = '',
    StackName = '',
    ChangeSetName: name = '',
  } = action.configuration;
  const [artifactName = '', path = ''] = TemplatePath.split('::');
  const artifacts = await placeInputs(context);
  const artifact = artifacts.get(artifactName);
  if (artifact === undefined) {
    throw new StepError(
      'InvalidActionConfiguration',
      `TemplatePath names the artifact ${artifactName}, which is no input.`,
    );
  }
  const template = parseTemplate(await artifact.file(path));
  const parameters = await readParameterOverrides(action.configuration.ParameterOverrides, artifacts);
  requireCapabilities(template, action.configuration.Capabilities ?? '');

  const stack = stackArn(context);
  session.call('cloudformation:DescribeStacks', stack, action.region);
  if (cloud.changeSets.has(stack)) session.call('cloudformation:DeleteChangeSet', stack, action.region);
  session.call('cloudformation:CreateChangeSet', stack, action.region);
  session.call('iam:PassRole', roleArn, action.region, {
    'iam:PassedToService': 'cloudformation.amazonaws.com',
  });
  assumeAsCloudFormation(cloud, roleArn, action.region);
  const target = {
    name: StackName,
    account: session.accountId ?? '',
    region: action.region,
    template,
    parameters,
  };
  // What is wrong with the template itself or its parameters shows before anybody approves it.
  refusing('ValidationError', () => validateStack(cloud.deployment, target));
  cloud.changeSets.set(stack, { name, madeIn: startOf(context), target, roleArn });
  session.call('cloudformation:DescribeChangeSet', stack, action.region);
  return { summary: `change set for ${StackName}` };
}

/** Brings the inputs to the region of the action; each is read when a file of it is asked for. */
async function placeInputs(context: ActionContext): Promise<ReadonlyMap<string, PlacedArtifact>> {
  const { action, inputs, pipeline, pipelineSession, session } = context;
  const { bucket } = storeIn(pipeline, action.region);
  const access = session === pipelineSession ? AS_PIPELINE : AS_ACTION_ROLE;
  const placed = new Map<string, PlacedArtifact>();
  for (const artifact of inputs) {
    const key = await bringTo(pipelineSession, pipeline, action.region, artifact);
    const file = async (path: string): Promise<string> =>
      fileIn(await readArtifact(session, pipeline, action.region, key, access), path, artifact.name);
    placed.set(artifact.name, { bucket, key, file });
  }
  return placed;
}

function executeChangeSet(context: ActionContext): ActionResult {
  const { action, cloud, session } = context;
  const { StackName = '', ChangeSetName = '' } = action.configuration;
  const stack = stackArn(context);
  session.call('cloudformation:DescribeStacks', stack, action.region);
  session.call('cloudformation:DescribeChangeSet', stack, action.region);
  const changeSet = cloud.changeSets.get(stack);
  if (changeSet?.name !== ChangeSetName || changeSet.madeIn === startOf(context)) {
    throw new StepError('ChangeSetNotFound', `ChangeSet [${ChangeSetName}] does not exist`);
  }
  session.call('cloudformation:ExecuteChangeSet', stack, action.region);
  cloud.changeSets.delete(stack);
  const { target, roleArn } = changeSet;
  const { caller } = assumeAsCloudFormation(cloud, roleArn, action.region);
  const isNew = cloud.deployment.stack(target.account, target.region, StackName) === undefined;
  const onAccess = (access: Access): void => cloud.steps.record(access);
  refusing(
    'ActionExecutionFailed',
    () => deployStack(cloud.deployment, target, { caller, onAccess }),
    (message) => reasonOf(message, context, stack),
  );
  session.call('cloudformation:DescribeStacks', stack, action.region);
  return { summary: `${StackName} ${isNew ? 'created' : 'updated'}` };
}

/** The console shows why a change set failed only where the role of the action may see it. */
function reasonOf(message: string, { action, session }: ActionContext, stack: string): string {
  const mayDescribe =
    session.decide('cloudformation:DescribeStackEvents', stack, action.region).effect === 'Allow';
  return mayDescribe
    ? `Failed to execute change set. ${message}`
    : 'Failed to execute change set. Status reason is not available: the role of the action may not describe stack events.';
}

/** What CloudFormation refuses, as the action shows it. @throws StepError with this code */
function refusing(code: string, act: () => void, wordsOf = (message: string) => message): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    throw new StepError(code, wordsOf(error.message), { cause: error });
  }
}

function assumeAsCloudFormation(cloud: Cloud, roleArn: string, region: string): Session {
  try {
    return cloud.service('cloudformation.amazonaws.com').assume(roleArn, 'AWSCloudFormation', region);
  } catch (cause) {
    throw new StepError('ValidationError', `Role ${roleArn} is invalid or cannot be assumed`, { cause });
  }
}

/** The account is that of the role; CloudFormation ends the ARN with an id of its own choice. */
function stackArn({ action, session }: ActionContext): string {
  return `arn:aws:cloudformation:${action.region}:${session.accountId}:stack/${action.configuration.StackName}/*`;
}

/** Actions that start together have the same. */
function startOf({ action, executionId, stage }: ActionContext): string {
  return `${executionId} ${stage} ${action.runOrder}`;
}

function fileIn(zip: Uint8Array, path: string, artifactName: string): string {
  if (zip.length > MAX_INPUT_BYTES) {
    throw new StepError(
      'InvalidArtifact',
      `${artifactName} has ${zip.length} bytes: CloudFormation actions take at most 256 MB.`,
    );
  }
  const file = unzip(zip, artifactName, path)[path];
  if (file === undefined) throw new StepError('InvalidArtifact', `${artifactName} has no file ${path}.`);
  return new TextDecoder().decode(file);
}

function unzip(zip: Uint8Array, artifactName: string, path: string): Record<string, Uint8Array> {
  try {
    return unzipSync(zip, { filter: ({ name }) => name === path });
  } catch (cause) {
    throw new StepError('InvalidArtifact', `${artifactName} is not a zip archive: ${String(cause)}.`, {
      cause,
    });
  }
}

/** CloudFormation user guide, acknowledging IAM resources: those with names of their own need CAPABILITY_NAMED_IAM. */
function requireCapabilities({ Resources }: Template, given: string): void {
  const resources = Object.values(Resources as Record<string, { Type: string; Properties?: object }>);
  const iam = resources.filter(({ Type }) => Type.startsWith('AWS::IAM::'));
  if (iam.length === 0) return;
  const named = iam.some(({ Properties = {} }) =>
    Object.keys(Properties).some((name) => /^(Role|User|Group|ManagedPolicy)Name$/.test(name)),
  );
  const needed = named ? ['CAPABILITY_NAMED_IAM'] : ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'];
  if (!needed.some((capability) => given.split(',').includes(capability))) {
    throw new StepError('InsufficientCapabilitiesException', `Requires capabilities : [${needed[0]}]`);
  }
}
