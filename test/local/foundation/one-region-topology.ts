// The smallest topology: one region, so that there is nothing to sync, and parameters come from the artifact itself.
import { sampleWorkloadPolicy } from '../../../infra/sample-workload/policy.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';

export const topology = defineTopology({
  qualifier: 'small',
  tools: { account: '111122223333', primaryRegion: 'eu-west-1' },
  regions: [{ region: 'eu-west-1' }],
  deployAccounts: [{ name: 'dev', account: '111122223333', policies: [sampleWorkloadPolicy] }],
  environments: [{ name: 'Dev', deployAccount: 'dev' }],
  alarms: { copyLatencyP99Ms: 60_000 },
});
