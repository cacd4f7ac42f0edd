// What a topology may say, and how it is told what is wrong.
import { describe, expect, it } from 'vitest';
import { defineTopology, type TopologyInput } from '../../infra/shape/topology-rules.ts';
import { topology } from '../../infra/topology.ts';
import { LARGE_INPUT, LIVE, large, STAGING } from './topologies.ts';

function changed(change: Partial<TopologyInput>): () => unknown {
  return () => defineTopology({ ...LARGE_INPUT, ...change });
}

describe('a topology', () => {
  it('deploys an environment without regions to all of them', () => {
    expect(large.environments.at(-1)?.regions).toEqual(large.regions.map(({ region }) => region));
  });

  it('copies to every region but the primary one', () => {
    expect(large.destinations.map(({ region }) => region)).toEqual([
      'us-east-2',
      'eu-central-1',
      'ap-northeast-1',
      'sa-east-1',
    ]);
  });

  it('takes the latency threshold of a region, or else the common one', () => {
    expect(large.regions.map(({ copyLatencyP99Ms }) => copyLatencyP99Ms)).toEqual([
      60_000, 60_000, 90_000, 180_000, 60_000,
    ]);
  });

  it('is the one file that a user edits, and as delivered is right', () => {
    expect(topology.environments.map(({ name }) => name)).toEqual(['Dev', 'Test', 'Prod']);
  });
});

const { regions, deployAccounts, environments, tools, alarms } = LARGE_INPUT;

describe.each<[string, Partial<TopologyInput>, RegExp]>([
  [
    'an account id of the wrong length',
    { tools: { ...tools, account: '1234' } },
    /tools\.account: .*12 digits, "1234"/,
  ],
  [
    'a region that does not exist, with the nearest that does',
    { regions: [...regions, { region: 'eu-west-11' }] },
    /regions\.5\.region: "eu-west-11" is no AWS region; did you mean "eu-west-1"/,
  ],
  ['a region twice', { regions: [...regions, { region: 'us-east-2' }] }, /"us-east-2" is listed twice/],
  [
    'a primary region without a store',
    { tools: { ...tools, primaryRegion: 'ca-central-1' } },
    /primary region "ca-central-1" has no artifact store/,
  ],
  ['nothing to sync to', { regions: [{ region: 'us-west-2' }] }, /needs at least one region besides/],
  [
    'regions of two partitions',
    { regions: [...regions, { region: 'cn-north-1' }] },
    /"cn-north-1" is in another partition than "us-west-2"/,
  ],
  [
    'an environment in a region without a store',
    { environments: [...environments, { name: 'Extra', deployAccount: 'live', regions: ['eu-west-1'] }] },
    /"Extra" is deployed to "eu-west-1", which has no artifact store/,
  ],
  [
    'an environment in an account that is not there',
    { environments: [...environments, { name: 'Extra', deployAccount: 'lvie' }] },
    /"Extra" names the deploy account "lvie"; there is staging, live/,
  ],
  [
    'two environments of one name, whatever the case',
    { environments: [...environments, { name: 'LIVE', deployAccount: 'live' }] },
    /the name "live" is used twice/,
  ],
  [
    'an environment named like another stage',
    { environments: [...environments, { name: 'Sync', deployAccount: 'live' }] },
    /"Sync" is the name of another stage/,
  ],
  [
    'an account twice',
    { deployAccounts: [STAGING, { ...LIVE, account: STAGING.account }] },
    /account 555566667777 is listed twice/,
  ],
  [
    'an account that nothing is deployed to',
    { deployAccounts: [...deployAccounts, { name: 'spare', account: '777788889999', policies: [] }] },
    /no environment is deployed to "spare"/,
  ],
  [
    'AdministratorAccess',
    {
      deployAccounts: [
        STAGING,
        { ...LIVE, policies: [{ managedPolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }] },
      ],
    },
    /deployAccounts\.1\.policies\.0/,
  ],
  [
    'wildcard actions',
    {
      deployAccounts: [
        STAGING,
        {
          ...LIVE,
          policies: [
            { name: 'all', statements: [{ actions: ['s3:*'], resources: ['arn:aws:s3:::x'], why: 'all' }] },
          ],
        },
      ],
    },
    /deployAccounts\.1\.policies\.0/,
  ],
  ['a qualifier that no bucket name can hold', { qualifier: 'Release_7' }, /qualifier: .*\[a-z0-9\]/],
  [
    'an alarm topic in another region',
    { alarms: { ...alarms, notify: { topicArn: 'arn:aws:sns:eu-west-1:444455556666:oncall' } } },
    /the topic is in eu-west-1/,
  ],
  [
    'a connection of another account',
    {
      github: {
        connectionArn:
          'arn:aws:codeconnections:us-west-2:111111111111:connection/0a1b2c3d-4e5f-6789-abcd-ef0123456789',
        repository: 'a/b',
      },
    },
    /the connection is in account 111111111111/,
  ],
])('a topology with %s', (_what, change, message) => {
  it('is refused, and says why', () => {
    expect(changed(change)).toThrow(message);
  });
});

describe('a topology with several mistakes', () => {
  it('names them all at once', () => {
    const change = { environments: [{ name: 'Source', deployAccount: 'nobody', regions: ['eu-west-1'] }] };
    expect(changed(change)).toThrow(/another stage[\s\S]*nobody[\s\S]*no artifact store[\s\S]*"staging"/);
  });

  it('refuses properties that it does not know', () => {
    expect(() => defineTopology({ ...LARGE_INPUT, regoins: [] } as TopologyInput)).toThrow(/regoins/);
  });
});
