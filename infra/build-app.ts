// From a topology to all its stacks, in the order in which they are deployed.
import { type App, BOOTSTRAP_QUALIFIER_CONTEXT } from 'aws-cdk-lib';
import { type AppOptions, createApp } from './checks/validations.ts';
import type { Topology } from './shape/topology-rules.ts';
import { ArtifactStoreStack } from './stacks/artifact-store-stack.ts';
import { CdkPipelineStack } from './stacks/cdk-pipeline-stack.ts';
import { DeployRolesStack } from './stacks/deploy-roles-stack.ts';
import { PipelineStack } from './stacks/pipeline-stack.ts';
import { SyncArtifactsStack } from './stacks/sync-artifacts-stack.ts';

/**
 * Builds the app: artifact stores and deploy roles first, then the function, then what uses them. Values cross stacks by
 * name or by Fn::GetStackOutput, so the dependencies are what makes one `cdk deploy --all` enough.
 */
export function buildApp(topology: Topology, options: AppOptions = {}): App {
  const app = topologyApp(topology, options);
  const stores = topology.regions.map((region) => new ArtifactStoreStack(app, topology, region));
  const roles = topology.deployAccounts.map((account) => new DeployRolesStack(app, topology, account));
  const sync = new SyncArtifactsStack(app, topology);
  for (const store of stores) sync.addStackDependency(store);
  const pipeline = new PipelineStack(app, topology);
  for (const stack of [...stores, ...roles, sync]) pipeline.addStackDependency(stack);
  return app;
}

/**
 * Builds the app of the self-mutating pipeline. It uses the artifact stores and the function of the other app by name.
 *
 * @throws when the topology does not let the bootstrap deploy roles read the artifact stores
 */
export function buildCdkPipelinesApp(
  topology: Topology,
  { topologyFile, ...options }: AppOptions & { readonly topologyFile?: string | undefined } = {},
): App {
  const app = topologyApp(topology, options);
  new CdkPipelineStack(app, topology, topologyFile);
  return app;
}

/** An app whose stacks are deployed by the roles of the topology's bootstrap stacks. */
function topologyApp({ bootstrapQualifier }: Topology, options: AppOptions): App {
  return createApp({
    ...options,
    context: { [BOOTSTRAP_QUALIFIER_CONTEXT]: bootstrapQualifier, ...options.context },
  });
}
