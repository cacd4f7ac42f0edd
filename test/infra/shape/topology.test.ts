// What a topology may say, and what is reported when it is wrong.
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadTopology, topologyFile } from '../../../infra/shape/read-topology.ts';
import { defineTopology, type TopologyInput } from '../../../infra/shape/topology-rules.ts';
import { topology } from '../../../infra/topology.ts';
import { LARGE_INPUT, LIVE, large, STAGING } from '../topologies.ts';

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

  it('copies to a region without CodePipeline, and deploys nothing there unless the topology gives it one', () => {
    const withMexico = (codePipeline?: boolean): string[] | undefined =>
      defineTopology({
        ...LARGE_INPUT,
        regions: [...LARGE_INPUT.regions, { region: 'mx-central-1', codePipeline }],
      })
        .environments.at(-1)
        ?.regions.slice(-1);
    expect(withMexico()).toEqual(['sa-east-1']);
    expect(withMexico(true)).toEqual(['mx-central-1']);
  });

  it('is the one file that a user edits, and as delivered is right', () => {
    expect(topology.environments.map(({ name }) => name)).toEqual(['Dev', 'Test', 'Prod']);
  });
});

const { regions, deployAccounts, environments, tools, alarms } = LARGE_INPUT;

describe.each<[string, Partial<TopologyInput>, RegExp]>([
  [
    'a misspelt property',
    { qualifer: 'artsync' } as Partial<TopologyInput>,
    /qualifer: there is no such property; did you mean "qualifier"\?/,
  ],
  [
    'an account id of the wrong length',
    { tools: { ...tools, account: '1234' } },
    /tools\.account: .*12 digits, "1234"/,
  ],
  [
    'a region that does not exist, with the nearest that does',
    { regions: [...regions, { region: 'eu-west-11' }] },
    /regions\.5\.region: "eu-west-11" is not an AWS region; did you mean "eu-west-1"/,
  ],
  ['a region twice', { regions: [...regions, { region: 'us-east-2' }] }, /"us-east-2" is listed twice/],
  [
    'a primary region without a store',
    { tools: { ...tools, primaryRegion: 'ca-central-1' } },
    /primary region "ca-central-1" has no artifact store/,
  ],
  [
    'an environment in a region without CodePipeline',
    {
      regions: [...regions, { region: 'mx-central-1' }],
      environments: [...environments, { name: 'Extra', deployAccount: 'live', regions: ['mx-central-1'] }],
    },
    /"Extra" is deployed to "mx-central-1", but that region has no CodePipeline; it can only take copies/,
  ],
  [
    'a primary region without CodePipeline',
    {
      tools: { ...tools, primaryRegion: 'ca-west-1' },
      regions: [...regions, { region: 'ca-west-1' }],
    },
    /tools: the primary region has no CodePipeline/,
  ],
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

describe('a topology file of your own', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'topology-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  async function written(name: string, content: string): Promise<string> {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  }

  it('is a module that exports it, or JSON', async () => {
    const json = JSON.stringify(LARGE_INPUT);
    const files = [
      await written('own.ts', `export const topology = ${json};`),
      await written('own.json', json),
    ];
    for (const file of files) expect((await loadTopology(file)).qualifier).toBe('release7');
  });

  it('is a copy of the sample, made by the command of the guide', async () => {
    const root = fileURLToPath(new URL('../../../', import.meta.url));
    const guide = await readFile(join(root, 'docs/deploy.md'), 'utf8');
    const [, pattern = '', replacement = ''] =
      /sed "s#(.+?)#(.+?)#" infra\/topology\.ts > platform/.exec(guide) ?? [];
    await symlink(join(root, 'infra'), join(directory, 'infra'));
    await mkdir(join(directory, 'platform'));
    const sample = await readFile(join(root, 'infra/topology.ts'), 'utf8');

    const copy = await written('platform/topology.ts', sample.replaceAll(pattern, replacement));

    expect(await loadTopology(copy)).toEqual(await loadTopology(undefined));
  });

  it('is refused with what is wrong when a policy has neither form', async () => {
    const [account] = LARGE_INPUT.deployAccounts;
    const wrong = {
      ...LARGE_INPUT,
      deployAccounts: [{ ...account, policies: [{ actions: ['s3:GetObject'], resources: ['*'] }] }],
    };
    await expect(loadTopology(await written('policy.json', JSON.stringify(wrong)))).rejects.toThrow(
      /policies\.0: is none of the forms.*managedPolicyArn is missing.*actions does not belong here.*statements is missing/,
    );
  });

  it('is refused with what is wrong when it has none, cannot be read, or contradicts itself', async () => {
    await expect(loadTopology(await written('none.ts', 'export const t = 1;'))).rejects.toThrow(
      /does not export it; write "export const topology/,
    );
    await expect(loadTopology(join(directory, 'missing.ts'))).rejects.toThrow(
      /cannot be read from .*missing.ts/,
    );
    const wrong = { ...LARGE_INPUT, environments: [] };
    await expect(loadTopology(await written('wrong.json', JSON.stringify(wrong)))).rejects.toThrow(
      /environments/,
    );
  });

  it('is named by the context of the CDK CLI, or by an environment variable', () => {
    vi.stubEnv('ARTIFACT_SYNC_TOPOLOGY', 'by-variable.ts');
    expect(topologyFile()).toBe('by-variable.ts');
    vi.stubEnv('CDK_CONTEXT_JSON', JSON.stringify({ topology: 'by-context.ts' }));
    expect(topologyFile()).toBe('by-context.ts');
    vi.unstubAllEnvs();
    expect(topologyFile()).toBeUndefined();
  });
});
