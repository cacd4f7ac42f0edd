// Deploys CloudFormation templates into the embedded AWS, and refuses what AWS would refuse.
import type { World } from '../aws/state/world.ts';
import type { StackTemplate } from './cdk/assembly.ts';
import { type DeployedStack, Deployment } from './deployment.ts';
import { DeploymentError, TemplateError } from './deployment-error.ts';
import { changeStack, type DeployOptions } from './stack.ts';
import { inOrder } from './template/order.ts';

/**
 * Deploys stacks in the order of their dependencies.
 *
 * @throws DeploymentError that names stack, resource and property, what was given, and what AWS expects
 */
export function deployStacks(
  into: Deployment | World,
  stacks: readonly StackTemplate[],
  options: DeployOptions = {},
): Deployment {
  const deployment = into instanceof Deployment ? into : new Deployment(into);
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  for (const name of deploymentOrder(stacks)) {
    const stack = byName.get(name);
    if (stack !== undefined) changeStack(deployment, stack, options);
  }
  return deployment;
}

/**
 * Creates one more stack, or updates it.
 *
 * @throws DeploymentError; what was made or changed before is rolled back
 */
export function deployStack(
  deployment: Deployment,
  stack: StackTemplate,
  options: DeployOptions = {},
): DeployedStack {
  return changeStack(deployment, stack, options);
}

function deploymentOrder(stacks: readonly StackTemplate[]): string[] {
  const dependencies = new Map(stacks.map(({ name, dependsOn }) => [name, dependsOn]));
  try {
    return inOrder(dependencies.keys(), (name) => dependencies.get(name) ?? [], 'stacks');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new DeploymentError({ stack: stacks.map(({ name }) => name).join(', ') }, error.message);
  }
}
