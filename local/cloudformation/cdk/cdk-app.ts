// A synthesised CDK app: what it deploys, and its deployment as a person would do it.

import { deployStacks } from '../deploy.ts';
import type { Deployment } from '../deployment.ts';
import type { DeployOptions } from '../stack.ts';
import { readAssembly, type StackTemplate } from './assembly.ts';
import { bootstrap } from './bootstrap.ts';
import { type Asset, publishAssets, readAssets } from './publish-assets.ts';

/** Everything that is deployed of an app. */
export interface CdkApp {
  readonly stacks: readonly StackTemplate[];
  /** Code of its functions. */
  readonly assets: readonly Asset[];
  readonly bootstrapQualifier: string;
}

/** Reads the cloud assembly in a directory. @throws when it is not one */
export async function readApp(directory: string, bootstrapQualifier: string): Promise<CdkApp> {
  return { stacks: readAssembly(directory), assets: await readAssets(directory), bootstrapQualifier };
}

/** As `cdk bootstrap` and `cdk deploy --all` do. @throws DeploymentError */
export function deployApp(
  deployment: Deployment,
  { assets, bootstrapQualifier, stacks }: CdkApp,
  options: DeployOptions = {},
): Deployment {
  bootstrap(deployment, stacks, bootstrapQualifier);
  publishAssets(deployment.world, assets);
  return deployStacks(deployment, stacks, options);
}
