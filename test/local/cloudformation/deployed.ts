// Deploys apps as a person would: bootstrapped, synthesised, assets published, all stacks in order.
import type { App } from 'aws-cdk-lib';
import { World } from '../../../local/aws/state/world.ts';
import { readAssembly } from '../../../local/cloudformation/cdk/assembly.ts';
import { bootstrap } from '../../../local/cloudformation/cdk/bootstrap.ts';
import { publishAssets, readAssets } from '../../../local/cloudformation/cdk/publish-assets.ts';
import { deployStacks } from '../../../local/cloudformation/deploy.ts';
import { Deployment } from '../../../local/cloudformation/deployment.ts';

/** Deploys an app into an empty world, or on top of what is deployed. */
export async function deployed(
  app: App,
  qualifier: string,
  deployment = new Deployment(new World()),
): Promise<Deployment> {
  const { directory } = app.synth();
  const stacks = readAssembly(directory);
  bootstrap(deployment, stacks, qualifier);
  publishAssets(deployment.world, await readAssets(directory));
  return deployStacks(deployment, stacks);
}
