// Deploys CloudFormation templates into the embedded AWS, and refuses what AWS would refuse.
import type { StackTemplate } from './cdk/assembly.ts';
import type { Deployment } from './deployment.ts';
import { locate } from './deployment-error.ts';
import { type DeployOptions, deployStack } from './stack.ts';
import { inOrder } from './template/order.ts';

/**
 * Deploys stacks in the order of their dependencies.
 *
 * @throws DeploymentError that names stack, resource and property, what was given, and what AWS expects
 */
export function deployStacks(
  deployment: Deployment,
  stacks: readonly StackTemplate[],
  options: DeployOptions = {},
): Deployment {
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  const order = locate({ stack: [...byName.keys()].join(', ') }, () =>
    inOrder(byName, ({ dependsOn = [] }) => dependsOn, 'stacks'),
  );
  for (const stack of order) deployStack(deployment, stack, options);
  return deployment;
}
