// Adding a region is one line of the topology: everything that a region needs follows from it.
import { describe, expect, it } from 'vitest';
import { buildApp } from '../../../infra/build-app.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { defineTopology, type Topology } from '../../../infra/shape/topology-rules.ts';
import {
  at,
  type Json,
  listAt,
  ofType,
  type Synthesised,
  stringsIn,
  synthesised,
  textAt,
  theOnly,
} from '../synthesised.ts';
import { LARGE_INPUT, large } from '../topologies.ts';

const REGION = 'ca-central-1';

describe.each(['action-per-region', 'one-action'] as const)('with %s', (sync) => {
  const before = withRegions([]);
  const after = withRegions([{ region: REGION, copyLatencyP99Ms: 45_000 }]);
  const app = synthesised(buildApp, after);
  const names = namesOf(after);
  const bucket = names.artifactBucket(REGION);

  function withRegions(added: { region: string; copyLatencyP99Ms: number }[]): Topology {
    return defineTopology({ ...LARGE_INPUT, sync, regions: [...LARGE_INPUT.regions, ...added] });
  }

  it('gives the new region a store of its own and leaves the other stacks alone', () => {
    const stackNames = (of: Synthesised): string[] => of.stacks.map(({ name }) => name).sort();
    expect(stackNames(app)).toEqual(
      [...stackNames(synthesised(buildApp, before)), names.stacks.artifactStore(REGION)].sort(),
    );
    const store = app.stack(names.stacks.artifactStore(REGION));
    expect(store.region).toBe(REGION);
    expect(ofType(store, 'AWS::S3::Bucket').map(({ Properties }) => Properties.BucketName)).toContain(bucket);
    expect(ofType(store, 'AWS::KMS::Key')).toHaveLength(1);
  });

  it('lets the function write there, under the key of the region', () => {
    const policies = textOf('AWS::IAM::Role', names.stacks.syncArtifacts, names.functionRole);
    expect(policies).toContain(`"arn:aws:s3:::${bucket}"`);
    expect(policies).toContain(`"arn:aws:s3:::${bucket}/*"`);
    expect(policies).toContain(`"StackName":"${names.stacks.artifactStore(REGION)}"`);
    expect(policies).toContain(`"s3.${REGION}.amazonaws.com"`);
  });

  it('lets the pipeline and the deploy roles use the store', () => {
    expect(textOf('AWS::IAM::Role', names.stacks.pipeline, names.pipelineRole)).toContain(
      `"arn:aws:s3:::${bucket}/*"`,
    );
    const live = names.stacks.deployRoles('live');
    for (const role of [names.actionRole, names.cloudFormationRole]) {
      expect(textOf('AWS::IAM::Role', live, role)).toContain(`"arn:aws:s3:::${bucket}/*"`);
    }
  });

  it('lets the key of the primary region be used by the S3 of the new one', () => {
    const key = theOnly(app.stack(names.stacks.artifactStore('us-west-2')), 'AWS::KMS::Key');
    expect(stringsIn(at(key.Properties, 'KeyPolicy'))).toContain(`s3.${REGION}.amazonaws.com`);
  });

  it('watches its copies, with its own threshold', () => {
    const alarms = ofType(app.stack(names.stacks.syncArtifacts), 'AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => stringsIn(Properties.Dimensions).includes(REGION),
    );
    expect(alarms.map(({ Properties }) => [Properties.MetricName, Properties.Threshold])).toEqual([
      ['CopyLatency', 45_000],
      ['RelayFallbacks', 0],
    ]);
  });

  it('gives it a row on the dashboard', () => {
    const dashboard = theOnly(app.stack(names.stacks.syncArtifacts), 'AWS::CloudWatch::Dashboard');
    expect(JSON.stringify(dashboard.Properties)).toContain(`Copy latency to ${REGION} (ms)`);
  });

  it('copies to it in the Sync stage, and deploys to it from its own copy', () => {
    const pipeline = theOnly(app.stack(names.stacks.pipeline), 'AWS::CodePipeline::Pipeline').Properties;
    const actions = listAt(pipeline, 'Stages').flatMap((stage) => listAt(stage, 'Actions'));
    const syncing = actions
      .map((action) => at(action, 'Configuration.UserParameters'))
      .filter((parameters) => parameters !== undefined)
      .map((parameters) => at(JSON.parse(String(parameters)) as Json, 'Destinations'));
    expect(syncing.filter((set) => bucketsOf(String(set)).includes(bucket))).toHaveLength(1);
    const deploying = actions.filter((action) => at(action, 'Region') === REGION);
    expect(deploying.map((action) => textAt(action, 'Name'))).toEqual([
      `CreateChangeSet-${REGION}`,
      `ExecuteChangeSet-${REGION}`,
    ]);
    expect(textAt(deploying[0], 'Configuration.ParameterOverrides')).toContain(bucket);
  });

  it('gives the pipeline an artifact store there, under the key of the region', () => {
    const pipeline = theOnly(app.stack(names.stacks.pipeline), 'AWS::CodePipeline::Pipeline').Properties;
    const store = listAt(pipeline, 'ArtifactStores').find((candidate) => at(candidate, 'Region') === REGION);
    expect(at(store, 'ArtifactStore.Location')).toBe(bucket);
    expect(at(store, 'ArtifactStore.EncryptionKey.Id.Fn::GetStackOutput.Region')).toBe(REGION);
  });

  /** The buckets of a set of destinations that the function is deployed with. */
  function bucketsOf(set: string): string[] {
    const variables = ofType(app.stack(names.stacks.syncArtifacts), 'AWS::Lambda::Function').map(
      ({ Properties }) => Properties.Environment,
    );
    const sets = JSON.stringify(variables).replaceAll('\\', '');
    const [, listed = ''] = sets.split(`"${set}":[`);
    return [...(listed.split('}]')[0] ?? '').matchAll(/"Bucket":"([^"]+)"/g)].map(([, name]) => String(name));
  }

  function textOf(type: string, stackName: string, roleName: string): string {
    const role = ofType(app.stack(stackName), type).find(
      ({ Properties }) => Properties.RoleName === roleName,
    );
    return JSON.stringify(role?.Properties.Policies ?? null);
  }
});

describe('a new key for a region, by raising its generation', () => {
  const before = synthesised(buildApp, large);
  const topology = defineTopology({
    ...LARGE_INPUT,
    regions: LARGE_INPUT.regions.map((region) => ({
      ...region,
      ...(region.region === 'sa-east-1' ? { keyGeneration: 2 } : {}),
    })),
  });
  const after = synthesised(buildApp, topology);
  const names = namesOf(topology);

  it('changes the template of every stack that uses the old one, so that none is skipped as unchanged', () => {
    const text = (app: Synthesised, stack: string): string => JSON.stringify(app.stack(stack).template);
    const users = before.stacks
      .map(({ name }) => name)
      .filter((name) =>
        text(before, name).includes(`"StackName":"${names.stacks.artifactStore('sa-east-1')}"`),
      );
    expect(users).toEqual(expect.arrayContaining([names.stacks.syncArtifacts, names.stacks.pipeline]));
    for (const name of users) expect(text(after, name)).not.toBe(text(before, name));
  });

  it('makes a new key under the same alias, and keeps the old one', () => {
    const key = (app: Synthesised): string =>
      theOnly(app.stack(names.stacks.artifactStore('sa-east-1')), 'AWS::KMS::Key').id;
    expect(key(after)).not.toBe(key(before));
    const store = after.stack(names.stacks.artifactStore('sa-east-1'));
    const alias = theOnly(store, 'AWS::KMS::Alias').Properties;
    expect(alias).toEqual({
      AliasName: names.artifactKeyAlias,
      TargetKeyId: { 'Fn::GetAtt': [key(after), 'Arn'] },
    });
    expect(at(store.template, `Resources.${key(after)}.DeletionPolicy`)).toBe('RetainExceptOnCreate');
  });
});

describe('a region without CodePipeline', () => {
  const topology = defineTopology({
    ...LARGE_INPUT,
    regions: [...LARGE_INPUT.regions, { region: 'mx-central-1' }],
  });
  const names = namesOf(topology);
  const app = synthesised(buildApp, topology);

  it('takes copies, and the pipeline neither acts nor keeps artifacts there', () => {
    const pipeline = theOnly(app.stack(names.stacks.pipeline), 'AWS::CodePipeline::Pipeline').Properties;
    const regions = listAt(pipeline, 'ArtifactStores').map((store) => at(store, 'Region'));
    expect(regions).not.toContain('mx-central-1');
    const actions = listAt(pipeline, 'Stages').flatMap((stage) => listAt(stage, 'Actions'));
    expect(actions.map((action) => at(action, 'Region'))).not.toContain('mx-central-1');
    const variables = ofType(app.stack(names.stacks.syncArtifacts), 'AWS::Lambda::Function').map(
      ({ Properties }) => Properties.Environment,
    );
    expect(JSON.stringify(variables)).toContain(names.artifactBucket('mx-central-1'));
  });
});

describe('removing the line again', () => {
  it('removes the region from all stacks', () => {
    const text = synthesised(buildApp, large).stacks.map(({ template }) => JSON.stringify(template));
    expect(text.filter((template) => template.includes(REGION))).toEqual([]);
  });
});
