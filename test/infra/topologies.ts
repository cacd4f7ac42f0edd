// A second topology, as unlike the user's own as it can be: three accounts, five regions, every choice made the other way.
import { defineTopology, type Topology, type TopologyInput } from '../../infra/shape/topology-rules.ts';

type DeployAccountInput = TopologyInput['deployAccounts'][number];

/** The account of the first two environments. */
export const STAGING: DeployAccountInput = {
  name: 'staging',
  account: '555566667777',
  permissionsBoundary: 'platform-boundary',
  policies: [{ managedPolicyArn: 'arn:aws:iam::555566667777:policy/platform-deploy' }],
};

/** The account of the last environment. */
export const LIVE: DeployAccountInput = {
  name: 'live',
  account: '666677778888',
  permissionsBoundary: 'platform-boundary',
  policies: [
    {
      name: 'queues',
      statements: [
        {
          actions: ['sqs:CreateQueue', 'sqs:DeleteQueue', 'sqs:GetQueueAttributes'],
          resources: ['arn:aws:sqs:*:{account}:{qualifier}-*'],
          why: 'The queues of the templates.',
        },
      ],
    },
  ],
};

/** What is written for it; tests change a copy. */
export const LARGE_INPUT = {
  qualifier: 'release7',
  tools: { account: '444455556666', primaryRegion: 'us-west-2' },
  regions: [
    { region: 'us-west-2' },
    { region: 'us-east-2' },
    { region: 'eu-central-1', copyLatencyP99Ms: 90_000 },
    { region: 'ap-northeast-1', copyLatencyP99Ms: 180_000 },
    { region: 'sa-east-1' },
  ],
  deployAccounts: [STAGING, LIVE],
  environments: [
    { name: 'Integration', deployAccount: 'staging', regions: ['us-west-2'] },
    { name: 'Acceptance', deployAccount: 'staging', regions: ['us-east-2', 'eu-central-1'], approval: true },
    { name: 'Live', deployAccount: 'live', approval: true },
  ],
  sync: 'one-action',
  alarms: { copyLatencyP99Ms: 60_000, notify: { email: 'oncall@example.com' } },
  github: {
    connectionArn:
      'arn:aws:codeconnections:us-west-2:444455556666:connection/0a1b2c3d-4e5f-6789-abcd-ef0123456789',
    repository: 'example/workload',
    branch: 'release/7.x',
  },
  bootstrapQualifier: 'platform1',
  cdkPipelines: true,
} satisfies TopologyInput;

/** It, checked. */
export const large = defineTopology(LARGE_INPUT);

const REGIONS = [
  'eu-central-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ap-southeast-3',
  'ca-central-1',
  'eu-north-1',
  'eu-west-1',
  'sa-east-1',
  'eu-west-2',
  'eu-west-3',
  'eu-south-1',
  'eu-south-2',
  'eu-central-2',
  'af-south-1',
  'ap-east-1',
  'ap-south-2',
  'ap-southeast-4',
  'il-central-1',
];

/** A topology of this many regions and accounts, where every environment has an account and all regions. */
export function sized(regionCount: number, accountCount: number): Topology {
  const accounts = Array.from({ length: accountCount }, (_, index) => String(100_000_000_000 + index));
  return defineTopology({
    qualifier: 'quitealongname16',
    tools: { account: '444455556666', primaryRegion: 'eu-central-1' },
    regions: REGIONS.slice(0, regionCount).map((region) => ({ region })),
    deployAccounts: accounts.map((account, index) => ({ ...LIVE, name: `account-${index}`, account })),
    environments: accounts.map((_, index) => ({
      name: `Environment-${index}`,
      deployAccount: `account-${index}`,
      approval: true,
    })),
    alarms: { copyLatencyP99Ms: 60_000, notify: { email: 'oncall@example.com' } },
    cdkPipelines: true,
  });
}
