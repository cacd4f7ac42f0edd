// Deploys CloudFormation templates into the embedded AWS, and refuses what AWS would refuse.
import type { Caller } from '../aws/iam/principal.ts';
import type { World } from '../aws/state/world.ts';
import type { StackTemplate } from './cdk/assembly.ts';
import { type DeployedStack, Deployment } from './deployment.ts';
import { DeploymentError, TemplateError } from './deployment-error.ts';
import { changeStack } from './stack.ts';
import { inOrder } from './template/order.ts';

/**
 * Deploys stacks in the order of their dependencies, as an administrator of each account would.
 *
 * @throws DeploymentError that names stack, resource and property, what was given, and what AWS expects
 */
export function deployStacks(deployment: Deployment | World, stacks: readonly StackTemplate[]): Deployment {
  const into = deployment instanceof Deployment ? deployment : new Deployment(deployment);
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  for (const name of deploymentOrder(stacks)) {
    const stack = byName.get(name);
    if (stack !== undefined) deployStack(into, stack);
  }
  return into;
}

/**
 * Creates one more stack, or updates it.
 *
 * @param options.caller whose permissions are asked for each API call that CloudFormation makes, such as a session of a
 * service role; without one, nobody's are
 * @throws DeploymentError; what was made before is rolled back
 */
export function deployStack(
  deployment: Deployment,
  stack: StackTemplate,
  options: { readonly caller?: Caller } = {},
): DeployedStack {
  return changeStack(deployment, stack, options.caller);
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
