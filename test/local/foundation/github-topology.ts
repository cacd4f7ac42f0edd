// A topology with a repository, one Sync action for all regions, a retry, a rollback, a topic and a boundary.
import { sampleWorkloadPolicy } from '../../../infra/sample-workload/policy.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';

export const topology = defineTopology({
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
});
