// Foundations, each synthesised once, and runs of them that say yes to everything.
import { zipFiles } from '../../../infra/release/zip.ts';
import { sampleWorkloadPolicy } from '../../../infra/sample-workload/policy.ts';
import { defineTopology, type Topology } from '../../../infra/shape/topology-rules.ts';
import { topology } from '../../../infra/topology.ts';
import { type RunOptions, type RunOutcome, runFoundation } from '../../../local/foundation/run.ts';
import { statementsOf } from '../../../local/foundation/statements/inventory.ts';
import { synthesise } from '../../../local/foundation/templates.ts';

const SAMPLE_WORKLOAD = new URL('../../../infra/sample-workload/', import.meta.url);

/** The sample workload. */
export const release = await zipFiles(SAMPLE_WORKLOAD, ['template.yaml', 'code/index.mjs']);

/** A foundation with its statements. */
export type SampleFoundation = Awaited<ReturnType<typeof foundationOf>>;

/** The sample topology's. */
export const sample = await foundationOf(topology);

/** The smallest: one region, so that there is nothing to sync, and no function is started. What fails is rolled back. */
export const small = await foundationOf(
  defineTopology({
    qualifier: 'small',
    tools: { account: '111122223333', primaryRegion: 'eu-west-1' },
    regions: [{ region: 'eu-west-1' }],
    deployAccounts: [{ name: 'dev', account: '111122223333', policies: [sampleWorkloadPolicy] }],
    environments: [{ name: 'Dev', deployAccount: 'dev', approval: true, onFailure: 'rollback' }],
    alarms: { copyLatencyP99Ms: 60_000 },
  }),
);

/** Synthesises a foundation. */
export async function foundationOf(of: Topology) {
  const foundation = await synthesise(of);
  return { ...foundation, declared: statementsOf(foundation.stacks) };
}

/** Runs a foundation, as the options change it. */
export function run(foundation: SampleFoundation, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
  return runFoundation({
    ...foundation,
    release,
    approve: () => Promise.resolve(true),
    rarities: false,
    ...options,
  });
}

/** The first step that failed. */
export function failedStep({ steps }: RunOutcome) {
  return steps.find(({ failure }) => failure !== undefined);
}
