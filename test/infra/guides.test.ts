// The guides say what is: every command as far as it runs without AWS, every query, every name, every alarm.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as codepipeline from '@aws-sdk/client-codepipeline';
import * as s3 from '@aws-sdk/client-s3';
import { search } from 'jmespath';
import { describe, expect, it } from 'vitest';
import { buildApp, buildCdkPipelinesApp } from '../../infra/build-app.ts';
import { SAVED_QUERIES } from '../../infra/constructs/observability/saved-queries.ts';
import { DEPLOY_GUIDE } from '../../infra/permissions/permissions-table.ts';
import { namesOf } from '../../infra/shape/names.ts';
import { topology } from '../../infra/topology.ts';
import { type Command, commandsOf, optionsOf } from './guide-commands.ts';
import { startRecorder } from './permissions/recorded-jobs.ts';
import { at, listAt, ofType, synthesise, synthesised, textAt, theOnly } from './synthesised.ts';
import { large } from './topologies.ts';

const OPERATE_GUIDE = fileURLToPath(new URL('../../docs/operate.md', import.meta.url));
const operateGuide = readFileSync(OPERATE_GUIDE, 'utf8');
const commands = [DEPLOY_GUIDE, OPERATE_GUIDE].flatMap((guide) => commandsOf(guide, ['aws', 'npx']));
const ofService = (service: string): Command[] =>
  commands.filter(([program, first]) => program === 'aws' && first === service);
const names = namesOf(topology);
const foundation = synthesised(buildApp, topology);
const stackNames = [...foundation.stacks, ...synthesised(buildCdkPipelinesApp, topology).stacks].map(
  ({ name }) => name,
);

/** Answers of the API's shape, as far as the queries look. */
const ANSWERS = {
  'get-pipeline-state': {
    stageStates: [
      {
        stageName: 'Source',
        latestExecution: { pipelineExecutionId: 'e', status: 'Succeeded' },
        actionStates: [],
      },
      {
        stageName: 'Prod',
        latestExecution: { pipelineExecutionId: 'e', status: 'InProgress' },
        actionStates: [
          { actionName: 'CreateChangeSet-eu-west-1', latestExecution: { status: 'Succeeded' } },
          { actionName: 'Approve', latestExecution: { status: 'InProgress', token: 'the-token' } },
          { actionName: 'ExecuteChangeSet-eu-west-1' },
        ],
      },
    ],
  } satisfies codepipeline.GetPipelineStateOutput,
  'list-pipeline-executions': {
    pipelineExecutionSummaries: [
      { pipelineExecutionId: 'bad', status: 'Failed' },
      { pipelineExecutionId: 'good', status: 'Succeeded', startTime: new Date(0) },
    ],
  } satisfies codepipeline.ListPipelineExecutionsOutput,
  'list-action-executions': {
    actionExecutionDetails: [
      { actionName: 'Source', status: 'Succeeded' },
      {
        actionName: 'us-east-1',
        status: 'Failed',
        output: {
          executionResult: { externalExecutionId: 'request-id', externalExecutionSummary: 'what to change' },
        },
      },
    ],
  } satisfies codepipeline.ListActionExecutionsOutput,
  'list-object-versions': {
    Versions: [{ Key: 'release.zip', VersionId: 'v2', IsLatest: true, LastModified: new Date(0) }],
    DeleteMarkers: [
      { Key: 'gone', VersionId: 'm1', IsLatest: true },
      { Key: 'older', VersionId: 'm0', IsLatest: false },
    ],
  } satisfies s3.ListObjectVersionsOutput,
};

const RESULTS: Readonly<Record<string, unknown>> = {
  'stageStates[].[stageName,latestExecution.status]': [
    ['Source', 'Succeeded'],
    ['Prod', 'InProgress'],
  ],
  "stageStates[?stageName=='Prod'].actionStates[] | [?actionName=='Approve'].latestExecution.token | [0]":
    'the-token',
  "pipelineExecutionSummaries[?status=='Succeeded'].[pipelineExecutionId,startTime]": [['good', new Date(0)]],
  "actionExecutionDetails[?status=='Failed'].[actionName,output.executionResult.externalExecutionId,output.executionResult.externalExecutionSummary]":
    [['us-east-1', 'request-id', 'what to change']],
  'Versions[].[LastModified,VersionId,IsLatest]': [[new Date(0), 'v2', true]],
  'DeleteMarkers[?IsLatest].[Key,VersionId]': [['gone', 'm1']],
};

describe('the commands of the guides', () => {
  it('are found in both', () => {
    expect(commands.length).toBeGreaterThan(30);
    expect(ofService('codepipeline').length).toBeGreaterThan(8);
  });

  it('query what the answers of AWS have', () => {
    const queries = commands.flatMap((command) => {
      const query = optionsOf(command).get('query');
      return query === undefined ? [] : [{ operation: command[2] as keyof typeof ANSWERS, query }];
    });
    expect(new Set(queries.map(({ query }) => query))).toEqual(new Set(Object.keys(RESULTS)));
    for (const { operation, query } of queries) {
      expect(search(ANSWERS[operation], query), query).toEqual(RESULTS[query]);
    }
  });

  it('give operations of CodePipeline and S3 parameters that these have', () => {
    const checked = [
      ...ofService('codepipeline').map((command) => ({
        command,
        model: codepipeline as object,
        end: 'Input$',
      })),
      ...ofService('s3api').map((command) => ({ command, model: s3 as object, end: 'Request$' })),
    ];
    for (const { command, model, end } of checked) {
      const operation = command[2] ?? '';
      // A structure's schema: its kind, namespace, name, traits and the names of its members.
      const schema: unknown = Reflect.get(model, `${pascal(operation)}${end}`);
      const members = (Array.isArray(schema) ? (schema[4] as readonly string[]) : []).map(kebab);
      const given = [...optionsOf(command).keys()].filter(
        (option) => !['query', 'output', 'region'].includes(option),
      );
      expect(members, operation).toEqual(expect.arrayContaining(given));
    }
  });

  it('name stacks, pipelines, stages and buckets that the sample topology has', () => {
    const stages = listAt(
      theOnly(foundation.stack(names.stacks.pipeline), 'AWS::CodePipeline::Pipeline').Properties,
      'Stages',
    ).map((stage) => textAt(stage, 'Name'));
    const buckets = foundation.stacks.flatMap((stack) =>
      ofType(stack, 'AWS::S3::Bucket').map(({ Properties }) => String(Properties.BucketName)),
    );
    for (const command of commands) {
      const options = optionsOf(command);
      const stage = options.get('stage-name');
      if (stage !== undefined) expect(stages).toContain(stage);
      for (const pipeline of [
        options.get('pipeline-name'),
        command[1] === 'codepipeline' ? options.get('name') : undefined,
      ])
        if (pipeline !== undefined) expect(pipeline).toBe(names.pipeline);
      const bucket = options.get('bucket');
      if (bucket !== undefined) expect(buckets).toContain(bucket);
      const stack = options.get('stack-name');
      if (stack !== undefined && stack !== 'sync-artifacts')
        expect([...stackNames, names.workloadStack('Prod')]).toContain(stack);
    }
    const ofCdk = commands.filter(
      ([program, tool, verb]) => program === 'npx' && tool === 'cdk' && verb !== 'bootstrap',
    );
    const named = ofCdk.flatMap((command) => command.filter((word) => /^artsync-/.test(word)));
    expect(named.length).toBeGreaterThan(3);
    expect(stackNames).toEqual(expect.arrayContaining(named));
  });
});

describe('the run book', () => {
  it('has a section for every alarm, to which the alarm links', () => {
    const alarms = ofType(foundation.stack(names.stacks.syncArtifacts), 'AWS::CloudWatch::Alarm');
    const sections = [...operateGuide.matchAll(/^### Alarm: (\S+)$/gm)].map(
      ([, name]) => `docs/operate.md#alarm-${name}`,
    );
    const linked = alarms.map(
      ({ Properties }) => textAt(Properties, 'AlarmDescription').split('What to do: ')[1],
    );
    expect(new Set(linked)).toEqual(new Set(sections));
  });

  it('names the saved queries, which search both log groups', () => {
    const stack = foundation.stack(names.stacks.syncArtifacts);
    const saved = ofType(stack, 'AWS::Logs::QueryDefinition').map(({ Properties }) => Properties);
    expect(saved.map(({ Name }) => Name)).toEqual(
      Object.keys(SAVED_QUERIES).map((name) => `${names.functionName}/${name}`),
    );
    for (const { LogGroupNames } of saved) expect(LogGroupNames).toHaveLength(2);
    for (const name of ['one invocation', 'one job, all invocations', 'ended by Lambda', 'failed jobs'])
      expect(operateGuide).toContain(`_${name}_`);
  });

  it('queries fields that the log lines have', async () => {
    await using recorder = await startRecorder();
    const { lines } = await recorder.record({ name: 'any', sizeBytes: 1000, ends: 'Succeeded' });
    const logged = new Set(
      lines.flatMap((line) => (line.startsWith('{') ? Object.keys(JSON.parse(line) as object) : [])),
    );
    // Of failed jobs only; CloudWatch's own begin with @.
    const known = new Set([...logged, 'failureType', 'reason']);
    const asked = Object.values(SAVED_QUERIES).flatMap((query) =>
      [...query.matchAll(/^(?:fields (.+)|\|? ?filter (\w+))/gm)].flatMap(([, fields, field]) =>
        (fields ?? field ?? '').split(', '),
      ),
    );
    const missing = [...new Set(asked)].filter(
      (field) => !field.startsWith('@') && field !== '' && !known.has(field),
    );
    expect(missing).toEqual([]);
  });

  it('is where the topology says, if it says so', () => {
    const runBookUrl = 'https://runbooks.example.com/sync';
    const stack = synthesise(
      buildApp({ ...topology, alarms: { ...topology.alarms, runBookUrl } }, { checks: false }),
    ).stack(names.stacks.syncArtifacts);
    const descriptions = ofType(stack, 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
      textAt(Properties, 'AlarmDescription'),
    );
    for (const description of descriptions) expect(description).toContain(`${runBookUrl}#alarm-`);
  });
});

describe('notices', () => {
  const stack = synthesised(buildApp, large).stack(namesOf(large).stacks.syncArtifacts);
  const rules = ofType(stack, 'AWS::Events::Rule').map(({ Properties }) => Properties);

  it('of failed executions and of approvals of both pipelines go to the topic of the alarms', () => {
    const topic = theOnly(stack, 'AWS::SNS::Topic').id;
    const pipeline = [namesOf(large).pipeline, namesOf(large).cdkPipeline];
    expect(rules.map(({ EventPattern }) => at(EventPattern, 'detail'))).toEqual([
      { pipeline, state: ['FAILED'] },
      { pipeline, state: ['STARTED'], type: { category: ['Approval'] } },
    ]);
    for (const { Targets } of rules) expect(at(Targets, '0.Arn')).toEqual({ Ref: topic });
  });

  it('may be published by EventBridge, to the topic and under its key', () => {
    const policies = JSON.stringify([
      theOnly(stack, 'AWS::SNS::TopicPolicy').Properties,
      theOnly(stack, 'AWS::KMS::Key').Properties,
    ]);
    expect(policies.match(/"Service":"events.amazonaws.com"/g)).toHaveLength(2);
  });

  it('are none where nobody is to be notified', () => {
    expect(ofType(foundation.stack(names.stacks.syncArtifacts), 'AWS::Events::Rule')).toEqual([]);
  });
});

function pascal(name: string): string {
  return name.replaceAll(/(?:^|-)(\w)/g, (_all, letter: string) => letter.toUpperCase());
}

function kebab(name: string): string {
  return name.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
}
