// The templates of a topology, synthesised in this process, and what they declare.
import { rm } from 'node:fs/promises';
import { buildApp } from '../../infra/build-app.ts';
import type { Topology } from '../../infra/shape/topology-rules.ts';
import type { StackTemplate } from '../cloudformation/cdk/assembly.ts';
import { type CdkApp, readApp } from '../cloudformation/cdk/cdk-app.ts';
import { record } from '../pipeline/event/json.ts';

/** Synthesises the foundation of a topology. */
export async function synthesise(topology: Topology): Promise<CdkApp> {
  // `npm run synth` checks more; what AWS would refuse, the deployment finds.
  const { directory } = buildApp(topology, { checks: false }).synth();
  try {
    return await readApp(directory, topology.bootstrapQualifier);
  } finally {
    // CDK makes a temporary directory unless it is given one.
    if (process.env.CDK_OUTDIR === undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** The properties of all resources of a type, as the templates declare them. */
export function propertiesOf(stacks: readonly StackTemplate[], type: string): Record<string, unknown>[] {
  return stacks
    .flatMap(({ template }) => Object.values(record(template.Resources)).map(record))
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => record(Properties));
}
