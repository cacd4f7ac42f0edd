// The synthesised foundation can be deployed: into an empty world, in one go, whatever the topology.
import { beforeAll, describe, expect, it } from 'vitest';
import { buildApp, buildCdkPipelinesApp } from '../../../infra/build-app.ts';
import { buildReleaseApp, RELEASE_STACK } from '../../../infra/release/template.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { defineTopology, type Topology } from '../../../infra/shape/topology-rules.ts';
import { topology } from '../../../infra/topology.ts';
import { generated } from '../../../local/aws/content/content.ts';
import { World } from '../../../local/aws/state/world.ts';
import { bootstrap } from '../../../local/cloudformation/cdk/bootstrap.ts';
import { type CdkApp, deployApp, readApp } from '../../../local/cloudformation/cdk/cdk-app.ts';
import { publishAssets } from '../../../local/cloudformation/cdk/publish-assets.ts';
import { deployStacks } from '../../../local/cloudformation/deploy.ts';
import { type DeployedStack, Deployment } from '../../../local/cloudformation/deployment.ts';
import { deployStack } from '../../../local/cloudformation/stack.ts';
import { type Json, textAt } from '../../infra/synthesised.ts';
import { LARGE_INPUT, large, sized } from '../../infra/topologies.ts';
import { ACCOUNT, REGION, stackOf } from './stack.ts';

const unchecked = { checks: false };

/** A world that has the managed policies which `test/infra/topologies.ts` names. */
function withManagedPolicies({ deployAccounts }: Topology): Deployment {
  const deployment = new Deployment(new World());
  for (const { account } of deployAccounts) {
    for (const name of ['platform-boundary', 'platform-deploy']) {
      deployment.world.managedPolicies.create(`arn:aws:iam::${account}:policy/${name}`, {
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 's3:*', Resource: '*' },
      });
    }
  }
  return deployment;
}

describe('the default topology', () => {
  const names = namesOf(topology);
  const { account, primaryRegion } = topology.tools;
  const world = new World();
  const deployment = new Deployment(world);
  let app: CdkApp;

  beforeAll(async () => {
    app = await readApp(buildApp(topology, unchecked).synth().directory, topology.bootstrapQualifier);
    deployApp(deployment, app);
  });

  it('has a bucket in each region whose default key is the key of that region, in use through its alias', () => {
    for (const { region } of topology.regions) {
      const bucket = world.bucket(names.artifactBucket(region));
      const key = world.keys.find(names.artifactKeyAlias, account, region);
      expect(bucket).toMatchObject({ region, ownerAccountId: account, versioning: 'Enabled' });
      expect(bucket.encryption).toEqual({ algorithm: 'aws:kms', keyId: key?.arn, bucketKey: true });
      expect(bucket.policy?.statements.length).toBeGreaterThan(3);
    }
  });

  it('has the function as it is synthesised, with the keys of all regions in its environment', () => {
    const state = world.functions.find(account, primaryRegion, names.functionName);
    const variables: unknown = state?.configuration.Environment;
    const sets = JSON.parse(
      textAt(variables as Json | undefined, 'Variables.SYNC_DESTINATION_SETS'),
    ) as Readonly<Record<string, readonly { readonly KmsKeyId: string; readonly Region: string }[]>>;

    for (const { Region, KmsKeyId } of Object.values(sets).flat()) {
      expect(world.keys.get(KmsKeyId)?.region).toBe(Region);
    }
    expect(Object.keys(sets).length).toBeGreaterThan(1);
    expect(state?.role).toBe(world.roles.named(account, names.functionRole)?.arn);
    expect(state?.configuration.CodeSize).toBeGreaterThan(100_000);
    expect(state?.eventInvokeConfig).toMatchObject({
      DestinationConfig: {
        OnFailure: { Destination: expect.stringContaining(names.lostJobFunctionName) as string },
      },
    });
  });

  it('has the pipeline with a store in every region, and the rule that starts it', () => {
    const pipeline = world.pipelines.find(account, primaryRegion, names.pipeline);
    const stores = (pipeline?.declaration.artifactStores ?? []) as readonly { region: string }[];
    const [rule] = deployment.resourcesOf('AWS::Events::Rule');

    expect(stores.map(({ region }) => region).sort()).toEqual(
      topology.regions.map(({ region }) => region).sort(),
    );
    expect(rule?.properties.Targets).toMatchObject([
      { Arn: `arn:aws:codepipeline:${primaryRegion}:${account}:${names.pipeline}` },
    ]);
  });

  it('is not deployed where nothing is bootstrapped, and not before the keys that it reads', () => {
    const { stacks } = app;
    const pipeline = stacks.filter(({ name }) => name === names.stacks.pipeline);
    const bootstrapped = new Deployment(new World());
    bootstrap(bootstrapped, stacks, topology.bootstrapQualifier);

    expect(() => deployStacks(new Deployment(new World()), stacks)).toThrow(
      /Unable to fetch parameters \[\/cdk-bootstrap\/\w+\/version\]/,
    );
    expect(() => deployStacks(bootstrapped, pipeline)).toThrow(
      /PipelineRole \(AWS::IAM::Role\).*stack artsync-artifact-store-[\w-]+ in [\w-]+ of account \d+ has no output ArtifactKeyArn/,
    );
  });

  it('leaves nothing after a failed first creation that blocks the next', () => {
    const { assets, stacks } = app;
    const again = new Deployment(new World());
    bootstrap(again, stacks, topology.bootstrapQualifier);

    // Without its assets, the function cannot be made: what is before it in the stack can.
    expect(() => deployStacks(again, stacks)).toThrow(/NoSuchKey/);
    const failed = again.stack(account, primaryRegion, names.stacks.syncArtifacts);
    expect(failed).toMatchObject({ status: 'ROLLBACK_COMPLETE', resources: new Map() });

    publishAssets(again.world, assets);
    const [sync] = stacks.filter(({ name }) => name === names.stacks.syncArtifacts);
    const next = deployStack(again, { ...stackOf({}), ...sync, name: 'next' });
    expect(next.status).toBe('CREATE_COMPLETE');
  });

  it('is not deployed to an account that was bootstrapped too long ago', () => {
    const old = new Deployment(new World());
    const version = {
      Type: 'AWS::SSM::Parameter',
      Properties: {
        Type: 'String',
        Name: `/cdk-bootstrap/${topology.bootstrapQualifier}/version`,
        Value: '5',
      },
    };
    for (const { account: each, region } of app.stacks) {
      const name = `bootstrap-${each}-${region}`;
      deployStack(old, stackOf({ Resources: { Version: version } }, { name, account: each, region }));
    }

    expect(() => deployStacks(old, app.stacks)).toThrow(
      /Rules\.CheckBootstrapVersion: .*CDK bootstrap stack version 6 required/,
    );
  });

  it('takes the app of CDK Pipelines beside it', async () => {
    const { directory } = buildCdkPipelinesApp(topology, unchecked).synth();
    deployApp(deployment, await readApp(directory, topology.bootstrapQualifier));

    expect(world.pipelines.find(account, primaryRegion, names.cdkPipeline)).toBeDefined();
    expect(deployment.resourcesOf('AWS::CodeBuild::Project').length).toBeGreaterThan(2);
  });
});

describe('every other topology', () => {
  it.each<[string, Topology]>([
    ['from GitHub, with boundaries, managed policies and one Sync action', large],
    [
      'with triggers, queued, retried and rolled back',
      defineTopology({
        ...LARGE_INPUT,
        pipeline: { executionMode: 'QUEUED', retrySync: true },
        environments: LARGE_INPUT.environments.map((environment, index) => ({
          ...environment,
          onFailure: index === 0 ? ('retry' as const) : ('rollback' as const),
        })),
        github: {
          ...LARGE_INPUT.github,
          triggers: [{ branches: { includes: ['main'] }, paths: { excludes: ['docs/**'] } }],
        },
      }),
    ],
    ['with account-regional bucket names', { ...topology, bucketNamespace: 'account-regional' }],
    ['of 15 regions and 15 accounts', sized(15, 15)],
  ])('is deployed in one go: %s', async (_name, each) => {
    const names = namesOf(each);
    const deployment = withManagedPolicies(each);
    const { directory } = buildApp(each, unchecked).synth();

    deployApp(deployment, await readApp(directory, each.bootstrapQualifier));

    const store = names.stacks.artifactStore(each.tools.primaryRegion);
    const { outputs } = deployment.stack(each.tools.account, each.tools.primaryRegion, store) ?? {};
    expect(outputs?.get('ArtifactKeyArn')).toMatch(/^arn:aws:kms:/);
    expect(deployment.resource(names.stacks.pipeline, 'PipelineRole')?.ref).toBe(names.pipelineRole);
    expect(deployment.stacks.map(({ status }) => status)).not.toContain('ROLLBACK_COMPLETE');
  });
});

describe('the release template', () => {
  const template = buildReleaseApp('release.zip', unchecked).synth().getStackByName(RELEASE_STACK)
    .template as Readonly<Record<string, unknown>>;
  const arns = 'arn:aws:s3:::one,arn:aws:s3:::two';
  const keys = `arn:aws:kms:${REGION}:${ACCOUNT}:key/one`;

  function install(parameters: Readonly<Record<string, string>>): DeployedStack {
    const deployment = new Deployment(new World());
    deployment.world.createBucket({ name: 'code', region: REGION, ownerAccountId: ACCOUNT });
    deployment.world.putObject('code', 'releases/release.zip', generated(1000, 1));
    const required = {
      CodeBucket: 'code',
      CodePrefix: 'releases/',
      ArtifactBucketArns: arns,
      DestinationBucketArns: arns,
      DestinationKeyArns: keys,
    };
    const stack = stackOf(template, { name: 'sync-artifacts', parameters: { ...required, ...parameters } });
    return deployStack(deployment, stack);
  }

  it('is installed with the parameters of the guide, without a topic and without use of keys of sources', () => {
    const { resources, outputs } = install({});
    const types = [...resources.values()].map(({ type }) => type);
    const policies = JSON.stringify([...resources.values()].map(({ properties }) => properties));

    expect(outputs.get('SyncFunctionArn')).toBe(
      `arn:aws:lambda:${REGION}:${ACCOUNT}:function:sync-artifacts`,
    );
    expect(types).not.toContain('AWS::SNS::Topic');
    expect(policies).not.toContain('DecryptSources');
    expect(policies).toContain('"arn:aws:s3:::one/*","arn:aws:s3:::two/*"');
  });

  it('has a topic for an address, and use of the keys that are given', () => {
    const { resources } = install({ AlarmEmail: 'oncall@example.com', ArtifactKeyArns: keys });
    const policies = JSON.stringify([...resources.values()].map(({ properties }) => properties));

    expect([...resources.values()].map(({ type }) => type)).toContain('AWS::SNS::Subscription');
    expect(policies).toContain('DecryptSources');
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'a log level that there is not',
      { LogLevel: 'LOUD' },
      /LogLevel has the value "LOUD", but must be one of DEBUG/,
    ],
    ['a latency of nothing', { SlowestCopyMs: '0' }, /SlowestCopyMs .* at least 1/],
    ['a zip that was not uploaded', { CodePrefix: 'other/' }, /NoSuchKey/],
    ['a misspelt parameter', { AlarmMail: 'x' }, /Parameters: \[AlarmMail\] do not exist/],
  ])('is refused with %s', (_name, parameters, message) => {
    expect(() => install(parameters)).toThrow(message);
  });
});
