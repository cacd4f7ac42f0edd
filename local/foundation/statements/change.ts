// Changes templates before they are deployed: takes a statement out, or denies a role an action.
import { closest } from 'fastest-levenshtein';
import type { StackTemplate } from '../../cloudformation/cdk/assembly.ts';
import { list, record } from '../../pipeline/event/json.ts';
import { policiesOf, statementsOf, type TemplateStatement } from './inventory.ts';

/** A name that means no statement or role, or several. */
export class NameError extends Error {
  override readonly name = 'NameError';
}

/** The Sid of what is added. */
export const ADDED_DENY = 'AddedDeny';

/** The one statement that a name means: its label, after any of its stack, resource, owner, policy or account. @throws NameError */
export function findStatement(statements: readonly TemplateStatement[], name: string): TemplateStatement {
  const exact = statements.find(({ id }) => id === name);
  if (exact !== undefined) return exact;
  const segments = name.split('/');
  const label = segments.pop();
  const found = statements.filter(
    (statement) =>
      statement.label === label && segments.every((segment) => namesOf(statement).includes(segment)),
  );
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1) {
    throw new NameError(
      `"${name}" means ${found.length} statements. Give one of:\n${lines(found.map(({ id }) => id))}`,
    );
  }
  const ids = statements.map(({ id }) => id);
  const similar = closest(name, [...ids, ...statements.map((each) => each.label)]);
  throw new NameError(`There is no statement "${name}", but:\n${lines(ids)}\nDid you mean ${similar}?`);
}

function namesOf({ stack, resource, owner, subject, policyName, account }: TemplateStatement): string[] {
  return [stack, resource, owner, subject, account, ...(policyName === undefined ? [] : [policyName])];
}

/** The stacks without a statement. Of a trust policy, which cannot be empty, the only statement denies instead. */
export function without(stacks: readonly StackTemplate[], gone: TemplateStatement): StackTemplate[] {
  return changing(stacks, gone, (stack) => {
    const document = policiesOf(stack).find(
      ({ place, policyName, resource }) =>
        place === gone.place && policyName === gone.policyName && resource === gone.resource,
    )?.document;
    if (document === undefined) return;
    const statements = list(document.Statement);
    if (gone.place === 'trust' && statements.length === 1) {
      document.Statement = [{ ...record(statements[0]), Effect: 'Deny' }];
      return;
    }
    document.Statement = statements.toSpliced(gone.index, 1);
    if (statements.length === 1) dropPolicy(stack, gone);
  });
}

/** The stacks with a copy of one of them that is changed. */
function changing(
  stacks: readonly StackTemplate[],
  { stack: name }: TemplateStatement,
  change: (stack: StackTemplate) => void,
): StackTemplate[] {
  return stacks.map((stack) => {
    if (stack.name !== name) return stack;
    const changed = { ...stack, template: structuredClone(stack.template) };
    change(changed);
    return changed;
  });
}

/** A policy without statements is none: AWS refuses it. */
function dropPolicy({ template }: StackTemplate, { resource, policyName, place }: TemplateStatement): void {
  const resources = record(template.Resources);
  const properties = record(record(resources[resource]).Properties);
  if (Array.isArray(properties.Policies)) {
    properties.Policies = properties.Policies.filter(
      (policy: unknown) => record(policy).PolicyName !== policyName,
    );
  } else if (place !== 'key') {
    delete resources[resource];
  }
}

/** The stacks with a role that is denied an action. @throws NameError for a role that is not there, or several */
export function denying(stacks: readonly StackTemplate[], roleName: string, action: string): StackTemplate[] {
  const roles = statementsOf(stacks).filter(({ place }) => place === 'trust');
  const name = roleName.split('/').at(-1);
  const named = roles.filter(({ owner, resource }) => owner === name || resource === name);
  const found = named.filter((role) =>
    roleName.split('/').every((segment) => namesOf(role).includes(segment)),
  );
  const [only] = found;
  if (only === undefined || found.length > 1) {
    const what =
      only === undefined ? `There is no role "${roleName}"` : `"${roleName}" means ${found.length} roles`;
    throw new NameError(
      `${what}. Give one of:\n${lines((only ? found : roles).map(({ stack, owner }) => `${stack}/${owner}`))}`,
    );
  }
  return changing(stacks, only, ({ template }) => {
    const properties = record(record(record(template.Resources)[only.resource]).Properties);
    const Statement = [{ Sid: ADDED_DENY, Effect: 'Deny', Action: action, Resource: '*' }];
    properties.Policies = [
      ...list(properties.Policies),
      { PolicyName: 'added-deny', PolicyDocument: { Version: '2012-10-17', Statement } },
    ];
  });
}

function lines(names: readonly string[]): string {
  return names.map((name) => `  ${name}`).join('\n');
}
