// The reference pipeline in the deployed foundation: who does what, and which statements decide it.
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { StackTemplate } from '../../../local/cloudformation/cdk/assembly.ts';
import type { RunOutcome } from '../../../local/foundation/run.ts';
import { denying, without } from '../../../local/foundation/statements/change.ts';
import { statementsOf } from '../../../local/foundation/statements/inventory.ts';
import { unexplained } from '../../../local/foundation/statements/unused.ts';
import { synthesise } from '../../../local/foundation/templates.ts';
import { declared, failedStep, foundation, run, statement } from './sample.ts';

describe('the sample foundation', () => {
  const ran = run({ rarities: true });

  it('is deployed, releases twice, and runs every action of every stage', async () => {
    const { pipeline, steps, succeeded } = await ran;
    const actions = pipeline?.stages.flatMap((stage) =>
      stage.actions.map(({ name }) => `${stage.name} ${name}`),
    );
    const performed = steps.map(({ name, phase }) => `${phase} ${name}`);
    expect(steps.filter(({ failure }) => failure)).toEqual([]);
    expect(succeeded).toBe(true);
    expect(actions).toHaveLength(16);
    for (const action of actions ?? []) expect(performed.filter((each) => each === action)).toHaveLength(2);
  });

  it('has no statement that no step uses', async () => {
    const { uses } = await ran;
    expect(uses).toHaveLength(declared.length);
    expect(unexplained(uses)).toEqual([]);
  });

  it('is denied nothing, except what it tries for that', async () => {
    const { steps } = await ran;
    const denied = steps.filter(({ accesses }) => accesses.some(({ effect }) => effect !== 'Allow'));
    expect(denied.map(({ name }) => name)).toEqual(['Refusals']);
  });

  it('reads the copy of its own region in every account, through the role of CloudFormation', async () => {
    const reads = accessesOf(await ran, 'artsync-cloudformation', 's3:GetObject');
    const buckets = reads.map(
      ({ principalArn, resource }) => `${principalArn.split(':')[4]} ${resource.split('/')[0]}`,
    );
    expect(new Set(buckets)).toEqual(
      new Set([
        '222233334444 arn:aws:s3:::artsync-artifacts-111122223333-eu-west-1',
        '222233334444 arn:aws:s3:::artsync-artifacts-111122223333-us-east-1',
        '333344445555 arn:aws:s3:::artsync-artifacts-111122223333-eu-west-1',
        '333344445555 arn:aws:s3:::artsync-artifacts-111122223333-us-east-1',
        '333344445555 arn:aws:s3:::artsync-artifacts-111122223333-ap-southeast-2',
      ]),
    );
  });

  it('names the statement of both policies that decide an access across accounts', async () => {
    const { nameOf, ...outcome } = await ran;
    const [read] = accessesOf({ nameOf, ...outcome }, 'artsync-pipeline-action', 's3:GetObject');
    expect(read?.by.map((reference) => nameOf(read, reference))).toEqual([
      'artsync-deploy-roles-dev/artsync-pipeline-action/ReadArtifacts',
      'artsync-artifacts-111122223333-eu-west-1/ReadArtifactsInDeployAccounts',
    ]);
  });
});

describe('what is broken', () => {
  it.each([
    [
      'artsync-pipeline/InvokeSync',
      'Sync',
      'us-east-1',
      /lambda:InvokeFunction .* no identity-based policy allows/,
    ],
    [
      'artsync-deploy-roles-prod/artsync-pipeline-action/trust',
      'Prod',
      'CreateChangeSet-eu-west-1',
      /not authorized to perform: sts:AssumeRole/,
    ],
    [
      'artsync-artifacts-111122223333-us-east-1/ReadArtifactsInDeployAccounts',
      'Test',
      'CreateChangeSet-us-east-1',
      /403 Forbidden|Access Denied/,
    ],
    [
      'artsync-access-logs-111122223333-eu-west-1/#1',
      'Afterwards',
      'Refusals',
      /Not refused: a request without TLS/,
    ],
    [
      'artsync-telemetry/AdministerInThisAccount',
      'Deployment',
      '7 stacks',
      /will not allow you to update the key policy/,
    ],
    ['PipelineEventsRole46BEEA7C/#1', 'Start', 'EventBridge', /codepipeline:StartPipelineExecution/],
  ])('without %s fails in %s, %s', async (id, phase, name, message) => {
    const outcome = await run({ stacks: without(foundation.stacks, statement(id)) });
    expect(failedStep(outcome)).toMatchObject({ phase, name });
    expect(failedStep(outcome)?.failure?.message).toMatch(message);
    expect(outcome.succeeded).toBe(false);
  });

  it.each([
    [
      'a handler that the bundle does not export',
      '"handler.handler"',
      '"handler.main"',
      'Sync',
      'us-east-1',
      /without an answer .*\(TypeError: .* exports no function "main"/,
    ],
    [
      'a file that the bundle does not have',
      '"handler.handler"',
      '"handlr.handler"',
      'Sync',
      'us-east-1',
      /without an answer .*\(Error: Cannot find module/,
    ],
    [
      'a rule that names no source action',
      '\\"actionName\\":\\"Source\\"',
      '\\"actionName\\":\\"Upload\\"',
      'Start',
      'EventBridge',
      /for the source action Upload, .* expected Source/,
    ],
    [
      'another change set to execute than was made',
      '"ActionMode":"CHANGE_SET_EXECUTE","ChangeSetName":"pipeline"',
      '"ActionMode":"CHANGE_SET_EXECUTE","ChangeSetName":"other"',
      'Dev',
      'ExecuteChangeSet-eu-west-1',
      /ChangeSet \[other\] does not exist/,
    ],
    [
      'a change set that is executed while it is made',
      '"RunOrder":2',
      '"RunOrder":1',
      'Dev',
      'ExecuteChangeSet-eu-west-1',
      /ChangeSet \[pipeline\] does not exist/,
    ],
    [
      'artifact stores without a key',
      '"EncryptionKey":',
      '"Unused":',
      'Source',
      'Source',
      /s3:PutObject .* explicit deny/,
    ],
    [
      'a bucket of access logs under KMS',
      '{"SSEAlgorithm":"AES256"}',
      '{"SSEAlgorithm":"aws:kms"}',
      'Afterwards',
      'Access logs',
      /delivers no access logs to artsync-access-logs-/,
    ],
  ])('with %s fails', async (_, sound, broken, phase, name, message) => {
    const outcome = await run({ stacks: foundation.stacks.map((stack) => replacing(stack, sound, broken)) });
    expect(failedStep(outcome)).toMatchObject({ phase, name });
    expect(failedStep(outcome)?.failure?.message).toMatch(message);
  });

  it('fails where the release is no zip', async () => {
    const outcome = await run({ release: new TextEncoder().encode('no zip') });
    expect(failedStep(outcome)?.failure).toMatchObject({
      code: 'InvalidArtifact',
      message: expect.stringContaining('Release is not a zip archive'),
    });
  });

  it('is seen where AWS goes on without a word', async () => {
    const stacks = without(foundation.stacks, statement('artsync-sync-artifacts/WriteLogs'));
    const outcome = await run({ stacks });
    expect(failedStep(outcome)).toBeUndefined();
    expect(outcome.succeeded).toBe(false);
    const losses = outcome.steps.flatMap((step) =>
      step.losses.map(({ action }) => `${step.phase} ${action}`),
    );
    expect(new Set(losses)).toEqual(
      new Set(['Sync logs:CreateLogStream', 'Afterwards logs:CreateLogStream']),
    );
  });

  it('is what the denied role is denied', async () => {
    const stacks = denying(foundation.stacks, 'artsync-pipeline', 's3:PutObject');
    const outcome = await run({ stacks });
    const step = failedStep(outcome);
    const denied = step?.accesses.at(-1);
    expect(step).toMatchObject({ phase: 'Source', name: 'Source', failure: { code: 'AccessDenied' } });
    expect(denied?.by.map((reference) => denied && outcome.nameOf(denied, reference))).toEqual([
      'artsync-pipeline/AddedDeny',
    ]);
  });

  it('stops where the approval is refused', async () => {
    const outcome = await run({ approve: () => Promise.resolve(false) });
    expect(outcome.steps.at(-1)).toMatchObject({
      phase: 'Prod',
      name: 'Approve',
      failure: { code: 'Rejected' },
    });
  });

  it('fails before the approval where a template has a parameter that nobody gives', async () => {
    const names = ['WorkloadName', 'CodeBucket', 'CodeKey', 'Missing'];
    const template = JSON.stringify({
      Parameters: Object.fromEntries(names.map((name) => [name, { Type: 'String' }])),
      Resources: { Logs: { Type: 'AWS::Logs::LogGroup' } },
    });

    const outcome = await run({ release: zipSync({ 'template.yaml': new TextEncoder().encode(template) }) });

    expect(failedStep(outcome)).toMatchObject({
      phase: 'Dev',
      name: 'CreateChangeSet-eu-west-1',
      failure: {
        code: 'ValidationError',
        message: expect.stringMatching(/\[Missing\] must have values/) as string,
      },
    });
  });

  it('fails where a template needs what its role may not do, and says what', async () => {
    const topic = {
      Resources: { Table: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/elsewhere' } } },
    };
    const parameters = {
      WorkloadName: { Type: 'String' },
      CodeBucket: { Type: 'String' },
      CodeKey: { Type: 'String' },
    };
    const template = JSON.stringify({ ...topic, Parameters: parameters });
    const outcome = await run({ release: zipSync({ 'template.yaml': new TextEncoder().encode(template) }) });
    expect(failedStep(outcome)).toMatchObject({ phase: 'Dev', name: 'ExecuteChangeSet-eu-west-1' });
    expect(failedStep(outcome)?.failure?.message).toMatch(
      /^Failed to execute change set\. .*logs:\w+ on resource: .*\/elsewhere/,
    );
  });
});

describe('another topology', async () => {
  const github = await synthesise(new URL('github-topology.ts', import.meta.url).pathname);
  const statements = statementsOf(github.stacks);
  const options = { ...github, declared: statements };

  it('builds from a repository with the role of the project, and needs every statement', async () => {
    const outcome = await run({ ...options, rarities: true });
    expect(failedStep(outcome)).toBeUndefined();
    expect(unexplained(outcome.uses)).toEqual([]);
    expect(outcome.steps.map(({ phase }) => phase)).toContain('Build');
    expect(outcome.assumptions).toEqual([
      expect.stringMatching(/policy\/platform-boundary is not in the templates/),
    ]);
  });

  it('retries a stage once, as it says', async () => {
    const invoke = statements.find(({ label }) => label === 'InvokeSync');
    const stacks = invoke === undefined ? [] : without(github.stacks, invoke);
    const outcome = await run({ ...options, stacks });
    expect(outcome.steps.filter(({ phase }) => phase === 'Sync')).toHaveLength(2);
    expect(outcome.steps.at(-1)).toMatchObject({ phase: 'Sync', failure: { code: 'AccessDenied' } });
  });

  it('rolls a stage back to the last release that it had', async () => {
    const answers = [true, false, true];
    const approve = () => Promise.resolve(answers.shift() === true);
    const { steps } = await run({ ...options, approve, rarities: true });
    const live = steps
      .filter(({ phase }) => phase === 'Live')
      .map(({ name, failure }) => `${name}${failure ? ' failed' : ''}`);
    const changed = ['CreateChangeSet-us-west-2', 'CreateChangeSet-eu-central-1'];
    const executed = ['ExecuteChangeSet-us-west-2', 'ExecuteChangeSet-eu-central-1'];
    expect(live).toEqual([
      ...[...changed, 'Approve', ...executed],
      ...[...changed, 'Approve failed'],
      ...[...changed, 'Approve', ...executed],
    ]);
  });

  it('says that there is nothing to roll back to in the first release', async () => {
    const { steps } = await run({ ...options, approve: () => Promise.resolve(false) });
    expect(steps.at(-1)).toMatchObject({ name: 'Rollback', failure: { code: 'NotRolledBack' } });
  });
});

it('deploys the artifact itself where there is only one region, and needs no permission to invoke', async () => {
  const small = await synthesise(new URL('one-region-topology.ts', import.meta.url).pathname);
  const statements = statementsOf(small.stacks);
  const outcome = await run({ ...small, declared: statements });
  const reads = accessesOf(outcome, 'small-cloudformation', 's3:GetObject');
  expect(outcome.succeeded).toBe(true);
  expect(outcome.pipeline?.stages.map(({ name }) => name)).toEqual(['Source', 'Dev']);
  expect(reads.map(({ resource }) => resource)).toEqual([
    expect.stringMatching(/^arn:aws:s3:::small-artifacts-111122223333-eu-west-1\/small-reference\/Release\//),
  ]);
  expect(statements.map(({ label }) => label)).not.toContain('InvokeSync');
});

function accessesOf({ steps }: RunOutcome, role: string, action: string) {
  return steps
    .flatMap(({ accesses }) => accesses)
    .filter((access) => access.action === action && access.principalArn.includes(`:assumed-role/${role}/`));
}

function replacing(stack: StackTemplate, sound: string, broken: string): StackTemplate {
  const template = JSON.stringify(stack.template).replaceAll(sound, broken);
  const parsed: unknown = JSON.parse(template, (name, value: unknown) =>
    name === 'Unused' ? undefined : value,
  );
  return { ...stack, template: parsed as StackTemplate['template'] };
}
