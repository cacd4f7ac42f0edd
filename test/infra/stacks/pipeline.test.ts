// The wiring of both pipelines: artifacts, names, regions, roles, parameters, variables.
import { describe, expect, it } from 'vitest';
import { parseDestinationSets } from '../../../functions/sync-artifacts/job/destination-sets.ts';
import {
  MAX_USER_PARAMETERS_CHARACTERS,
  parseUserParameters,
} from '../../../functions/sync-artifacts/job/user-parameters.ts';
import { buildApp, buildCdkPipelinesApp } from '../../../infra/build-app.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';
import { topology as small } from '../../../infra/topology.ts';
import {
  at,
  type Json,
  listAt,
  objectsWith,
  ofType,
  type Resource,
  type Synthesised,
  type SynthesisedStack,
  stringsIn,
  synthesised,
  textAt,
  theOnly,
} from '../synthesised.ts';
import { LARGE_INPUT, large } from '../topologies.ts';

const SAMPLE_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';

interface Action {
  readonly stage: string;
  readonly name: string;
  readonly provider: string;
  readonly region: string | undefined;
  readonly runOrder: number;
  readonly namespace: string | undefined;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly configuration: Json;
  readonly roleArn: Json | undefined;
}

function actionsOf(pipeline: Resource): Action[] {
  return listAt(pipeline.Properties, 'Stages').flatMap((stage) =>
    listAt(stage, 'Actions').map((action) => ({
      stage: textAt(stage, 'Name'),
      name: textAt(action, 'Name'),
      provider: textAt(action, 'ActionTypeId.Provider'),
      region: at(action, 'Region') as string | undefined,
      runOrder: Number(at(action, 'RunOrder')),
      namespace: at(action, 'Namespace') as string | undefined,
      inputs: listAt(action, 'InputArtifacts').map((artifact) => textAt(artifact, 'Name')),
      outputs: listAt(action, 'OutputArtifacts').map((artifact) => textAt(artifact, 'Name')),
      configuration: at(action, 'Configuration') ?? {},
      roleArn: at(action, 'RoleArn'),
    })),
  );
}

/** The sets of a function whose keys are outputs of other stacks, as CloudFormation would fill them in. */
function setsOf(stack: SynthesisedStack): ReturnType<typeof parseDestinationSets> {
  const [sets] = ofType(stack, 'AWS::Lambda::Function').flatMap(
    ({ Properties }) => at(Properties, 'Environment.Variables.SYNC_DESTINATION_SETS') ?? [],
  );
  const parts = listAt(sets, 'Fn::Join.1').map((part) => (typeof part === 'string' ? part : SAMPLE_KEY));
  return parseDestinationSets(parts.join(''));
}

const oneEach = defineTopology({ ...LARGE_INPUT, sync: 'action-per-region' });

describe.each([
  { name: 'delivered topology', topology: small, build: buildApp },
  { name: 'large topology, one Sync action', topology: large, build: buildApp },
  { name: 'large topology, a Sync action per region', topology: oneEach, build: buildApp },
  { name: 'CDK Pipelines, delivered topology', topology: small, build: buildCdkPipelinesApp },
  { name: 'CDK Pipelines, large topology', topology: large, build: buildCdkPipelinesApp },
])('the pipeline of the $name', ({ topology, build }) => {
  const names = namesOf(topology);
  const app = synthesised(build, topology);
  const isCdk = build === buildCdkPipelinesApp;
  const stack = app.stack(isCdk ? names.stacks.cdkPipeline : names.stacks.pipeline);
  const pipeline = theOnly(stack, 'AWS::CodePipeline::Pipeline');
  const actions = actionsOf(pipeline);
  const syncing = actions.filter(({ provider }) => provider === 'Lambda');

  it('has stages and, in each, actions of unique names', () => {
    const stages = listAt(pipeline.Properties, 'Stages').map((stage) => textAt(stage, 'Name'));
    expect(new Set(stages).size).toBe(stages.length);
    const inStages = actions.map(({ stage, name }) => `${stage}/${name}`);
    expect(new Set(inStages).size).toBe(inStages.length);
    for (const { name } of actions) expect(name).toMatch(/^[A-Za-z0-9.@\-_]{1,100}$/);
  });

  it('reads only artifacts that an earlier action made, and makes each once', () => {
    const made: string[] = [];
    for (const { inputs, outputs, name } of actions) {
      expect(made, `inputs of ${name}`).toEqual(expect.arrayContaining([...inputs]));
      for (const output of outputs) expect(made).not.toContain(output);
      made.push(...outputs);
    }
    expect(made.length).toBeGreaterThan(0);
  });

  it('uses only variables that an earlier action offers', () => {
    const offered = new Set(['codepipeline']);
    for (const { configuration, namespace } of actions) {
      const used = stringsIn(configuration).flatMap((text) =>
        [...text.matchAll(/#\{([^.}]+)\./g)].map(([, name]) => name),
      );
      for (const name of used) expect([...offered]).toContain(name);
      if (namespace !== undefined) offered.add(namespace);
    }
  });

  it('has an artifact store with a key of its own for its region and each region that it acts in', () => {
    const stores = listAt(pipeline.Properties, 'ArtifactStores');
    const regions = stores.map((store) => textAt(store, 'Region'));
    const acting = actions.map(({ region }) => region ?? topology.tools.primaryRegion);
    expect([...new Set(acting)].sort()).toEqual([...regions].sort());
    for (const store of stores) {
      expect(at(store, 'ArtifactStore.Location')).toBe(names.artifactBucket(textAt(store, 'Region')));
      expect(at(store, 'ArtifactStore.EncryptionKey.Id.Fn::GetStackOutput.Region')).toBe(at(store, 'Region'));
    }
  });

  it('hands the function parameters that its own parser takes, for each destination once', () => {
    // The CDK Pipelines app has no stack of the function, and names buckets.
    const setsOfFunction = isCdk ? new Map<string, never[]>() : setsOf(app.stack(names.stacks.syncArtifacts));
    const copiedTo = syncing.flatMap(({ configuration }) => {
      const text = textAt(configuration, 'UserParameters');
      expect(text.length).toBeLessThanOrEqual(MAX_USER_PARAMETERS_CHARACTERS);
      const { DestinationBucket, Destinations, ExecutionId } = parseUserParameters(text);
      expect(ExecutionId).toBe('#{codepipeline.PipelineExecutionId}');
      if (DestinationBucket !== undefined) return [DestinationBucket];
      const set = setsOfFunction.get(Destinations ?? '') ?? [];
      return set.map((destination) => (typeof destination === 'string' ? destination : destination.Bucket));
    });
    expect([...copiedTo].sort()).toEqual(
      topology.destinations.map(({ region }) => names.artifactBucket(region)).sort(),
    );
  });

  it.skipIf(isCdk)(
    'names only sets that say region and key of every destination, so that the function looks nothing up',
    () => {
      const stated = [...setsOf(app.stack(names.stacks.syncArtifacts)).values()].flat();
      expect(stated).toHaveLength(topology.destinations.length);
      for (const destination of stated) {
        expect(destination).toEqual({
          Bucket: expect.any(String),
          Region: expect.any(String),
          KmsKeyId: SAMPLE_KEY,
        });
      }
    },
  );

  it('syncs all regions at once', () => {
    expect(new Set(syncing.map(({ runOrder }) => runOrder)).size).toBe(1);
    const perRegion = isCdk || topology.sync === 'action-per-region';
    expect(syncing).toHaveLength(perRegion ? topology.destinations.length : 1);
  });

  it('invokes the function that the stack of the function creates', () => {
    for (const { configuration } of syncing)
      expect(textAt(configuration, 'FunctionName')).toBe(names.functionName);
  });

  it('waits for approval between creating and executing the change sets', () => {
    for (const environment of topology.environments) {
      const inStage = actions.filter(({ stage }) => stage.split('-')[0] === environment.name);
      const orders = (mode: string): number[] =>
        inStage
          .filter(({ configuration }) => at(configuration, 'ActionMode') === mode)
          .map(({ runOrder }) => runOrder);
      const approvals = inStage
        .filter(({ provider }) => provider === 'Manual')
        .map(({ runOrder }) => runOrder);
      expect(orders('CHANGE_SET_REPLACE')).toHaveLength(environment.regions.length);
      expect(orders('CHANGE_SET_EXECUTE')).toHaveLength(environment.regions.length);
      expect(approvals.length > 0).toBe(environment.approval);
      for (const approval of approvals) {
        expect(Math.max(...orders('CHANGE_SET_REPLACE'))).toBeLessThan(approval);
        expect(Math.min(...orders('CHANGE_SET_EXECUTE'))).toBeGreaterThan(approval);
      }
    }
  });

  it('is started by an S3 event, not by polling', () => {
    const sources = actions.filter(({ provider }) => provider === 'S3');
    for (const { configuration } of sources) expect(at(configuration, 'PollForSourceChanges')).toBe(false);
    const keys = sources.map(({ configuration }) => at(configuration, 'S3ObjectKey'));
    const rules = ofType(stack, 'AWS::Events::Rule');
    expect(
      rules.flatMap(({ Properties }) => [...listAt(Properties, 'EventPattern.detail.object.key')]).sort(),
    ).toEqual([...keys].sort());
  });
});

describe('the roles of the reference pipeline', () => {
  const app: Synthesised = synthesised(buildApp, large);
  const names = namesOf(large);
  const actions = actionsOf(theOnly(app.stack(names.stacks.pipeline), 'AWS::CodePipeline::Pipeline'));
  const deploying = actions.filter(({ provider }) => provider === 'CloudFormation');
  const roleArns = app.stacks.flatMap((stack) =>
    ofType(stack, 'AWS::IAM::Role').map(
      ({ Properties }) => `arn:aws:iam::${stack.account}:role/${String(Properties.RoleName)}`,
    ),
  );

  it('exist in the templates of the accounts that they are in', () => {
    expect(deploying).toHaveLength(16);
    for (const { roleArn, configuration } of deploying) {
      expect(roleArns).toContain(roleArn);
      const cloudFormationRole = at(configuration, 'RoleArn');
      if (cloudFormationRole !== undefined) expect(roleArns).toContain(cloudFormationRole);
    }
  });

  it('may be assumed by the role of the pipeline, which may assume them', () => {
    const pipelineRole = ofType(app.stack(names.stacks.pipeline), 'AWS::IAM::Role').find(
      ({ Properties }) => Properties.RoleName === names.pipelineRole,
    );
    const assumable = stringsIn(pipelineRole?.Properties.Policies);
    for (const { account, name } of large.deployAccounts) {
      expect(assumable).toContain(`arn:aws:iam::${account}:role/${names.actionRole}`);
      const [actionRole] = ofType(app.stack(names.stacks.deployRoles(name)), 'AWS::IAM::Role').filter(
        ({ Properties }) => Properties.RoleName === names.actionRole,
      );
      expect(at(actionRole?.Properties, 'AssumeRolePolicyDocument.Statement.0.Condition')).toEqual({
        ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${large.tools.account}:role/${names.pipelineRole}` },
      });
    }
  });

  it('may change exactly the stacks that the pipeline changes', () => {
    const changed = deploying.map(({ region, configuration, roleArn }) => {
      const account = String(roleArn).split(':')[4];
      return `arn:aws:cloudformation:${region ?? large.tools.primaryRegion}:${account}:stack/${textAt(configuration, 'StackName')}/*`;
    });
    const allowed = app.stacks.flatMap((stack) =>
      ofType(stack, 'AWS::IAM::Role').flatMap(({ Properties }) =>
        stringsIn(Properties.Policies).filter((text) => text.startsWith('arn:aws:cloudformation:')),
      ),
    );
    expect(allowed.sort()).toEqual([...new Set(changed)].sort());
  });
});

describe('a release', () => {
  const names = namesOf(small);
  const stack = synthesised(buildApp, small).stack(names.stacks.pipeline);
  const actions = actionsOf(theOnly(stack, 'AWS::CodePipeline::Pipeline'));

  it('is one object, so that no execution has the templates of one release and the code of another', () => {
    const sources = actions.filter(({ stage }) => stage === 'Source');
    expect(sources.map(({ outputs }) => outputs)).toEqual([['Release']]);
    const deployed = actions.filter(({ provider }) => provider === 'CloudFormation');
    for (const { configuration, inputs } of deployed.filter(({ inputs }) => inputs.length > 0)) {
      expect(inputs).toEqual(['Release']);
      expect(textAt(configuration, 'TemplatePath')).toBe('Release::template.yaml');
      expect(textAt(configuration, 'ParameterOverrides')).toContain('.Release_ObjectKey}');
    }
  });

  it('is the very version whose upload started the execution, whatever is uploaded while that waits', () => {
    const rule = theOnly(stack, 'AWS::Events::Rule').Properties;
    expect(at(rule, 'EventPattern.detail')).toEqual({
      bucket: { name: [names.buildBucket] },
      object: { key: ['release.zip'] },
    });
    const transformer = at(rule, 'Targets.0.InputTransformer');
    expect(at(transformer, 'InputPathsMap')).toEqual({ version: '$.detail.object.version-id' });
    const input = textAt(transformer, 'InputTemplate').replace('<version>', 'v7');
    expect(JSON.parse(input)).toEqual({
      sourceRevisions: [{ actionName: 'Source', revisionType: 'S3_OBJECT_VERSION_ID', revisionValue: 'v7' }],
    });
  });
});

describe('a pipeline of a GitHub repository', () => {
  const names = namesOf(large);
  const stack = synthesised(buildApp, large).stack(names.stacks.pipeline);
  const pipeline = theOnly(stack, 'AWS::CodePipeline::Pipeline');
  const actions = actionsOf(pipeline);

  it('builds the release from one commit, in a project that holds no token of the repository', () => {
    expect(actions.slice(0, 2)).toMatchObject([
      { name: 'Source', provider: 'CodeStarSourceConnection', outputs: ['Source'] },
      { name: 'Build', provider: 'CodeBuild', inputs: ['Source'], outputs: ['Release'] },
    ]);
    const project = theOnly(stack, 'AWS::CodeBuild::Project').Properties;
    expect(at(project, 'Source')).toEqual({ Type: 'CODEPIPELINE' });
    expect(at(project, 'Triggers')).toBeUndefined();
    const role = stack.resources.find(({ id }) => id === textAt(project, 'ServiceRole.Fn::GetAtt.0'));
    const granted = stringsIn(role?.Properties.Policies).filter((text) => /^[a-z0-9-]+:[A-Z]/.test(text));
    expect(granted.filter((action) => !/^(s3|kms|logs):/.test(action))).toEqual([]);
    expect(ofType(stack, 'AWS::Events::Rule')).toEqual([]);
  });

  it.each(['codeconnections', 'codestar-connections'])(
    'may be fetched through a %s connection, whose actions have the prefix of its ARN',
    (service) => {
      const connectionArn = LARGE_INPUT.github.connectionArn.replace('codeconnections', service);
      const topology = defineTopology({ ...LARGE_INPUT, github: { ...LARGE_INPUT.github, connectionArn } });
      const statements = [buildApp, buildCdkPipelinesApp].map((build) =>
        objectsWith(synthesised(build, topology).stacks as unknown as Json, 'Sid').filter((statement) =>
          stringsIn(statement.Resource).includes(connectionArn),
        ),
      );
      for (const ofApp of statements) {
        const granted = ofApp.flatMap((statement) => stringsIn(statement.Action));
        expect(new Set(granted)).toEqual(new Set([`${service}:UseConnection`]));
      }
    },
  );
});

describe.each([
  { name: 'reference', build: buildApp },
  { name: 'CDK', build: buildCdkPipelinesApp },
])('the options of the $name pipeline', ({ build }) => {
  const topology = defineTopology({
    ...LARGE_INPUT,
    pipeline: { executionMode: 'QUEUED', retrySync: true, capabilities: ['CAPABILITY_AUTO_EXPAND'] },
    environments: LARGE_INPUT.environments.map((environment) => ({
      ...environment,
      ...(environment.name === 'Live' ? { onFailure: 'rollback' as const } : {}),
      ...(environment.name === 'Acceptance' ? { onFailure: 'retry' as const } : {}),
    })),
    github: {
      ...LARGE_INPUT.github,
      triggers: [
        { branches: { includes: ['main', 'release/*'] }, paths: { excludes: ['docs/**'] } },
        { tags: { includes: ['v*'] } },
      ],
    },
  });
  const names = namesOf(topology);
  const stack = synthesised(build, topology).stack(
    build === buildApp ? names.stacks.pipeline : names.stacks.cdkPipeline,
  );
  const pipeline = theOnly(stack, 'AWS::CodePipeline::Pipeline').Properties;

  it('queue executions, retry a failed Sync and roll a failed environment back', () => {
    expect(pipeline.ExecutionMode).toBe('QUEUED');
    expect(pipeline.PipelineType).toBe('V2');
    const onFailure = listAt(pipeline, 'Stages').map((stage) => [at(stage, 'Name'), at(stage, 'OnFailure')]);
    expect(onFailure.filter(([, condition]) => condition !== undefined)).toEqual([
      ['Sync', { Result: 'RETRY', RetryConfiguration: { RetryMode: 'FAILED_ACTIONS' } }],
      ['Acceptance', { Result: 'RETRY', RetryConfiguration: { RetryMode: 'ALL_ACTIONS' } }],
      ['Live', { Result: 'ROLLBACK' }],
    ]);
  });

  it('start it for the branches, tags and paths that the topology names', () => {
    expect(pipeline.Triggers).toEqual([
      {
        ProviderType: 'CodeStarSourceConnection',
        GitConfiguration: {
          SourceActionName: textAt(pipeline, 'Stages.0.Actions.0.Name'),
          Push: [
            { Branches: { Includes: ['main', 'release/*'] }, FilePaths: { Excludes: ['docs/**'] } },
            { Tags: { Includes: ['v*'] } },
          ],
        },
      },
    ]);
  });

  it('give templates the capabilities that the topology names', () => {
    const given = actionsOf(theOnly(stack, 'AWS::CodePipeline::Pipeline')).flatMap(({ configuration }) =>
      stringsIn(at(configuration, 'Capabilities')),
    );
    // The CDK's own actions need the capabilities of the CDK's own templates.
    if (build === buildApp) expect(new Set(given)).toEqual(new Set(['CAPABILITY_AUTO_EXPAND']));
    else expect(given.length).toBeGreaterThan(0);
  });
});
