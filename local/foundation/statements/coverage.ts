// Which step used which statement: the decisions of a run, brought back to the templates.
import type { StatementReference } from '../../aws/iam/policy.ts';
import type { Access } from '../../aws/state/access.ts';
import type { Deployment } from '../../cloudformation/deployment.ts';
import type { Step } from '../execution/steps.ts';
import type { TemplateStatement } from './inventory.ts';

/** What a statement did in a run. */
export interface StatementUse {
  readonly statement: TemplateStatement;
  /** Name of the role, key or bucket once it is deployed. */
  readonly deployedName: string | undefined;
  /** Steps that it decided something in, each once. */
  readonly steps: readonly Step[];
  /** Actions that it decided. */
  readonly actions: ReadonlySet<string>;
}

/** The use of every statement, in the order of the templates. */
export function usesOf(
  statements: readonly TemplateStatement[],
  deployment: Deployment,
  steps: readonly Step[],
): StatementUse[] {
  const decisions = steps.flatMap((step) =>
    step.accesses.flatMap((access) =>
      access.by.map((by) => ({ key: keyOfDecision(access, by), step, action: access.action })),
    ),
  );
  const byStatement = Map.groupBy(decisions, ({ key }) => key);
  return statements.map((statement) => {
    const own = byStatement.get(keyOfStatement(statement, deployment)) ?? [];
    return {
      statement,
      deployedName: deployment.resource(statement.stack, statement.subject)?.ref,
      steps: [...new Set(own.map(({ step }) => step))],
      actions: new Set(own.map(({ action }) => action)),
    };
  });
}

/** Names the statement that decided, as `--without` takes it; one that is in no template by its policy. */
export type StatementNames = (access: Access, reference: StatementReference) => string;

/** The names of all statements of a deployment. */
export function statementNames(
  statements: readonly TemplateStatement[],
  deployment: Deployment,
): StatementNames {
  const ids = new Map(statements.map((statement) => [keyOfStatement(statement, deployment), statement.id]));
  return (access, reference) =>
    ids.get(keyOfDecision(access, reference)) ?? `${reference.statement} of the ${reference.policy}`;
}

/** Roles of one name are in several accounts: the account is the caller's, or that of the role that is assumed. */
function keyOfDecision(
  { principalArn, resource }: Access,
  { kind, policy, statement }: StatementReference,
): string {
  const ofRole = kind === 'trust' ? resource : kind === 'identity' ? principalArn : '';
  return `${ofRole.split(':')[4] ?? ''} ${policy} ${statement}`;
}

function keyOfStatement(statement: TemplateStatement, deployment: Deployment): string {
  const { account, policyName, reference, stack, subject } = statement;
  const { ref = '', attributes = {} } = deployment.resource(stack, subject) ?? {};
  switch (statement.place) {
    case 'trust':
      return `${account} trust policy of role ${ref} ${reference}`;
    case 'role':
      return `${account} inline policy ${policyName} of role ${ref} ${reference}`;
    case 'key':
      return ` key policy of ${attributes.Arn} ${reference}`;
    case 'bucket':
      return ` bucket policy of ${ref} ${reference}`;
    case 'other':
      return '';
  }
}
