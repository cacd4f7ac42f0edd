// The reference pipeline in the deployed foundation: who does what, and which statements decide it.
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { sampleWorkloadPolicy } from '../../../infra/sample-workload/policy.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';
import type { StackTemplate } from '../../../local/cloudformation/cdk/assembly.ts';
import type { RunOutcome } from '../../../local/foundation/run.ts';
import { denying, findStatement, without } from '../../../local/foundation/statements/change.ts';
import { unexplained } from '../../../local/foundation/statements/unused.ts';
import { failedStep, foundationOf, run, type SampleFoundation, sample, small } from './sample.ts';

describe('the sample foundation', () => {
  const ran = run(sample, { rarities: true });

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
    expect(uses).toHaveLength(sample.declared.length);
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
  it.each<[string, SampleFoundation, string, string, RegExp]>([
    [
      'artsync-deploy-roles-prod/artsync-pipeline-action/trust',
      sample,
      'Prod',
      'CreateChangeSet-eu-west-1',
      /not authorized to perform: sts:AssumeRole/,
    ],
    [
      'artsync-artifacts-111122223333-us-east-1/ReadArtifactsInDeployAccounts',
      sample,
      'Test',
      'CreateChangeSet-us-east-1',
      /403 Forbidden|Access Denied/,
    ],
    [
      'small-access-logs-111122223333-eu-west-1/#1',
      small,
      'Afterwards',
      'Refusals',
      /Not refused: a request without TLS/,
    ],
    [
      'artsync-telemetry/AdministerInThisAccount',
      sample,
      'Deployment',
      '7 stacks',
      /will not allow you to update the key policy/,
    ],
    ['PipelineEventsRole46BEEA7C/#1', small, 'Start', 'EventBridge', /codepipeline:StartPipelineExecution/],
  ])('without %s fails', async (id, foundation, phase, name, message) => {
    const gone = findStatement(foundation.declared, id);
    const outcome = await run(foundation, { stacks: without(foundation.stacks, gone) });
    expect(failedStep(outcome)).toMatchObject({ phase, name });
    expect(failedStep(outcome)?.failure?.message).toMatch(message);
    expect(outcome.succeeded).toBe(false);
  });

  it.each<[string, SampleFoundation, string, string, string, string, RegExp]>([
    [
      'a handler that the bundle does not export',
      sample,
      '"handler.handler"',
      '"handler.main"',
      'Sync',
      'us-east-1',
      /without an answer .*\(TypeError: .* exports no function "main"/,
    ],
    [
      'a file that the bundle does not have',
      sample,
      '"handler.handler"',
      '"handlr.handler"',
      'Sync',
      'us-east-1',
      /without an answer .*\(Error: Cannot find module/,
    ],
    [
      'a rule that names no source action',
      small,
      '\\"actionName\\":\\"Source\\"',
      '\\"actionName\\":\\"Upload\\"',
      'Start',
      'EventBridge',
      /for the source action Upload, .* expected Source/,
    ],
    [
      'another change set to execute than was made',
      small,
      '"ActionMode":"CHANGE_SET_EXECUTE","ChangeSetName":"pipeline"',
      '"ActionMode":"CHANGE_SET_EXECUTE","ChangeSetName":"other"',
      'Dev',
      'ExecuteChangeSet-eu-west-1',
      /ChangeSet \[other\] does not exist/,
    ],
    [
      'a change set that is executed while it is made',
      small,
      '"RunOrder":3',
      '"RunOrder":1',
      'Dev',
      'ExecuteChangeSet-eu-west-1',
      /ChangeSet \[pipeline\] does not exist/,
    ],
    [
      'artifact stores without a key',
      small,
      '"EncryptionKey":',
      '"Unused":',
      'Source',
      'Source',
      /s3:PutObject .* explicit deny/,
    ],
    [
      'a bucket of access logs under KMS',
      small,
      '{"SSEAlgorithm":"AES256"}',
      '{"SSEAlgorithm":"aws:kms"}',
      'Afterwards',
      'Access logs',
      /delivers no access logs to small-access-logs-/,
    ],
  ])('with %s fails', async (_, foundation, sound, broken, phase, name, message) => {
    const stacks = foundation.stacks.map((stack) => replacing(stack, sound, broken));
    const outcome = await run(foundation, { stacks });
    expect(failedStep(outcome)).toMatchObject({ phase, name });
    expect(failedStep(outcome)?.failure?.message).toMatch(message);
  });

  it.each<[string, Uint8Array, string, string, RegExp]>([
    [
      'is no zip',
      new TextEncoder().encode('no zip'),
      'CreateChangeSet-eu-west-1',
      'InvalidArtifact',
      /Release is not a zip archive/,
    ],
    [
      'has a template with a parameter that nobody gives, before the approval',
      releaseOf({ Logs: { Type: 'AWS::Logs::LogGroup' } }, 'Missing'),
      'CreateChangeSet-eu-west-1',
      'ValidationError',
      /\[Missing\] must have values/,
    ],
    [
      'has a template that needs what its role may not do',
      releaseOf({ Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/elsewhere' } } }),
      'ExecuteChangeSet-eu-west-1',
      'ActionExecutionFailed',
      /^Failed to execute change set\. .*logs:\w+ on resource: .*\/elsewhere/,
    ],
  ])('fails where the release %s', async (_, broken, name, code, message) => {
    const outcome = await run(small, { release: broken });
    expect(failedStep(outcome)).toMatchObject({ phase: 'Dev', name, failure: { code } });
    expect(failedStep(outcome)?.failure?.message).toMatch(message);
  });

  it('is seen where AWS goes on without a word', async () => {
    const gone = findStatement(sample.declared, 'artsync-sync-artifacts/WriteLogs');
    const outcome = await run(sample, { stacks: without(sample.stacks, gone) });
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
    const outcome = await run(small, { stacks: denying(small.stacks, 'small-pipeline', 's3:PutObject') });
    const step = failedStep(outcome);
    const denied = step?.accesses.at(-1);
    expect(step).toMatchObject({ phase: 'Source', name: 'Source', failure: { code: 'AccessDenied' } });
    expect(denied?.by.map((reference) => denied && outcome.nameOf(denied, reference))).toEqual([
      'small-pipeline/AddedDeny',
    ]);
  });
});

describe('a stage that fails', () => {
  it('is rolled back to the last release that it had', async () => {
    const answers = [true, false, true];
    const approve = () => Promise.resolve(answers.shift() === true);
    const { steps } = await run(small, { approve, rarities: true });
    const dev = steps
      .filter(({ phase }) => phase === 'Dev')
      .map(({ name, failure }) => `${name}${failure ? ' failed' : ''}`);
    const [changed, executed] = ['CreateChangeSet-eu-west-1', 'ExecuteChangeSet-eu-west-1'];
    expect(dev).toEqual([
      ...[changed, 'Approve', executed],
      ...[changed, 'Approve failed'],
      ...[changed, 'Approve', executed],
    ]);
  });

  it('stops the first release, which there is nothing to roll back to', async () => {
    const { steps } = await run(small, { approve: () => Promise.resolve(false) });
    expect(steps.slice(-2)).toMatchObject([
      { phase: 'Dev', name: 'Approve', failure: { code: 'Rejected' } },
      { phase: 'Dev', name: 'Rollback', failure: { code: 'NotRolledBack' } },
    ]);
  });
});

describe('a topology with a repository', async () => {
  const github = await foundationOf(
    defineTopology({
      qualifier: 'built',
      tools: { account: '444455556666', primaryRegion: 'us-west-2' },
      regions: [{ region: 'us-west-2' }, { region: 'eu-central-1' }],
      deployAccounts: [
        {
          name: 'live',
          account: '666677778888',
          permissionsBoundary: 'platform-boundary',
          policies: [sampleWorkloadPolicy],
        },
      ],
      environments: [{ name: 'Live', deployAccount: 'live', approval: true, onFailure: 'rollback' }],
      sync: 'one-action',
      alarms: { copyLatencyP99Ms: 60_000, notify: { email: 'oncall@example.com' } },
      pipeline: { retrySync: true },
      github: {
        connectionArn:
          'arn:aws:codeconnections:us-west-2:444455556666:connection/0a1b2c3d-4e5f-6789-abcd-ef0123456789',
        repository: 'example/workload',
        branch: 'main',
      },
    }),
  );

  it('builds with the role of the project, and needs every statement', async () => {
    const outcome = await run(github, { rarities: true });
    expect(failedStep(outcome)).toBeUndefined();
    expect(unexplained(outcome.uses)).toEqual([]);
    expect(outcome.steps.map(({ phase }) => phase)).toContain('Build');
    expect(outcome.assumptions).toEqual([
      expect.stringMatching(/policy\/platform-boundary is not in the templates/),
    ]);
  });

  it('retries a stage once, as it says', async () => {
    const stacks = without(github.stacks, findStatement(github.declared, 'InvokeSync'));
    const outcome = await run(github, { stacks });
    expect(outcome.steps.filter(({ phase }) => phase === 'Sync')).toHaveLength(2);
    expect(outcome.steps.at(-1)).toMatchObject({ phase: 'Sync', failure: { code: 'AccessDenied' } });
  });
});

it('deploys the artifact itself where there is only one region, and needs no permission to invoke', async () => {
  const outcome = await run(small);
  const reads = accessesOf(outcome, 'small-cloudformation', 's3:GetObject');
  expect(outcome.succeeded).toBe(true);
  expect(outcome.pipeline?.stages.map(({ name }) => name)).toEqual(['Source', 'Dev']);
  expect(reads.map(({ resource }) => resource)).toEqual([
    expect.stringMatching(/^arn:aws:s3:::small-artifacts-111122223333-eu-west-1\/small-reference\/Release\//),
  ]);
  expect(small.declared.map(({ label }) => label)).not.toContain('InvokeSync');
});

it('runs actions in the order that a template gives as texts', async () => {
  const stacks = small.stacks.map((stack) => replacing(stack, /"RunOrder":(\d)/g, '"RunOrder":"$1"'));
  const { succeeded } = await run(small, { stacks });
  expect(succeeded).toBe(true);
});

/** A release whose template has these resources, the parameters of the workload, and more. */
function releaseOf(Resources: object, ...more: string[]): Uint8Array {
  const names = ['WorkloadName', 'CodeBucket', 'CodeKey', ...more];
  const Parameters = Object.fromEntries(names.map((name) => [name, { Type: 'String' }]));
  return zipSync({ 'template.yaml': new TextEncoder().encode(JSON.stringify({ Parameters, Resources })) });
}

function accessesOf({ steps }: RunOutcome, role: string, action: string) {
  return steps
    .flatMap(({ accesses }) => accesses)
    .filter((access) => access.action === action && access.principalArn.includes(`:assumed-role/${role}/`));
}

function replacing(stack: StackTemplate, sound: string | RegExp, broken: string): StackTemplate {
  const template = JSON.stringify(stack.template).replaceAll(sound, broken);
  const parsed: unknown = JSON.parse(template, (name, value: unknown) =>
    name === 'Unused' ? undefined : value,
  );
  return { ...stack, template: parsed as StackTemplate['template'] };
}
