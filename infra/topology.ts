// The sample topology: which accounts and regions there are, and what is deployed where in which order.
import { sampleWorkloadPolicy } from './sample-workload/policy.ts';
import { defineTopology } from './shape/topology-rules.ts';

/**
 * What `cdk deploy --all` builds when no other file is named. Keep your own as a copy of this file, so that an upgrade is no
 * merge (docs/deploy.md). Every property is described in topology-schema.ts; every name follows from it.
 */
export const topology = defineTopology({
  qualifier: 'artsync',
  tools: { account: '111122223333', primaryRegion: 'eu-west-1' },

  // Adding a region is one line here; bootstrap it first (docs/deploy.md).
  regions: [
    { region: 'eu-west-1' },
    { region: 'us-east-1' },
    { region: 'ap-southeast-2', copyLatencyP99Ms: 240_000 },
  ],

  deployAccounts: [
    { name: 'dev', account: '222233334444', policies: [sampleWorkloadPolicy] },
    { name: 'prod', account: '333344445555', policies: [sampleWorkloadPolicy] },
  ],

  // In deploy order. Without `regions`, an environment is deployed to all of them.
  environments: [
    { name: 'Dev', deployAccount: 'dev', regions: ['eu-west-1'] },
    { name: 'Test', deployAccount: 'dev', regions: ['eu-west-1', 'us-east-1'] },
    { name: 'Prod', deployAccount: 'prod', approval: true },
  ],

  sync: 'action-per-region',
  alarms: { copyLatencyP99Ms: 120_000 },
  cdkPipelines: true,
});
