// Managed policies that templates name and do not hold: what they allow is not known here, so it has to be assumed.
import type { World } from '../aws/state/world.ts';
import type { StackTemplate } from '../cloudformation/cdk/assembly.ts';
import { list, text } from '../pipeline/event/json.ts';
import { propertiesOf } from './templates.ts';

const ALLOWS_EVERYTHING = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
};

/** Makes them; returns what was assumed, a sentence each. */
export function assumeManagedPolicies(world: World, stacks: readonly StackTemplate[]): string[] {
  const arns = propertiesOf(stacks, 'AWS::IAM::Role').flatMap(({ ManagedPolicyArns, PermissionsBoundary }) =>
    [...list(ManagedPolicyArns), PermissionsBoundary].flatMap((arn) => text(arn) ?? []),
  );
  return [...new Set(arns)].map((arn) => {
    world.managedPolicies.create(arn, ALLOWS_EVERYTHING);
    return `${arn} is not in the templates: assumed to allow everything.`;
  });
}
