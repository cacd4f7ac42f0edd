// The templates of a topology, synthesised in this process.
import { rm } from 'node:fs/promises';
import { buildApp } from '../../infra/build-app.ts';
import { loadTopology, topologyFile } from '../../infra/shape/read-topology.ts';
import { readAssembly, type StackTemplate } from '../cloudformation/cdk/assembly.ts';
import { type Asset, readAssets } from '../cloudformation/cdk/publish-assets.ts';

/** What is deployed. */
export interface Foundation {
  readonly stacks: readonly StackTemplate[];
  /** Code of its functions. */
  readonly assets: readonly Asset[];
  readonly bootstrapQualifier: string;
}

/**
 * Synthesises the foundation of a topology: of the file, else of what ARTIFACT_SYNC_TOPOLOGY names, else of the sample.
 *
 * @throws TopologyError for one that is not right
 */
export async function synthesise(file?: string): Promise<Foundation> {
  const topology = await loadTopology(file ?? topologyFile());
  // `npm run synth` checks more; what AWS would refuse, the deployment finds.
  const { directory } = buildApp(topology, { checks: false }).synth();
  try {
    return {
      stacks: readAssembly(directory),
      assets: await readAssets(directory),
      bootstrapQualifier: topology.bootstrapQualifier,
    };
  } finally {
    // CDK makes a temporary directory unless it is given one.
    if (process.env.CDK_OUTDIR === undefined) await rm(directory, { recursive: true, force: true });
  }
}
