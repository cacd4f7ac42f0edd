// Short ways to write callers and policies in tests.
import { parsePolicy } from '../../../../local/aws/iam/parse-policy.ts';
import type { Policy, PolicyKind } from '../../../../local/aws/iam/policy.ts';
import type { Caller } from '../../../../local/aws/iam/principal.ts';

/** The account of callers. */
export const HOME = '111122223333';
/** Another account. */
export const OTHER = '444455556666';

/** A statement as it is written in a document. */
export type StatementJson = Readonly<Record<string, unknown>>;

/** A policy of the current version. */
export function policy(kind: PolicyKind, ...statements: StatementJson[]): Policy {
  return parsePolicy(kind, `the ${kind} policy`, { Version: '2012-10-17', Statement: statements });
}

/** `Allow` of everything to those who have the policy, or to a principal. */
export function allowAll(principal?: unknown, more: StatementJson = {}): StatementJson {
  return {
    Effect: 'Allow',
    Action: '*',
    Resource: '*',
    ...(principal !== undefined && { Principal: principal }),
    ...more,
  };
}

/** A session of the role `R` of the home account. */
export function session(
  policies: readonly Policy[],
  more: { readonly boundary?: Policy; readonly sessionPolicies?: readonly Policy[] } = {},
): Caller {
  return {
    type: 'AssumedRole',
    accountId: HOME,
    arn: `arn:aws:sts::${HOME}:assumed-role/R/S`,
    roleArn: `arn:aws:iam::${HOME}:role/path/R`,
    policies,
    sessionPolicies: [],
    ...more,
  };
}

/** The user `U` of the home account. */
export function user(policies: readonly Policy[], boundary?: Policy): Caller {
  return {
    type: 'User',
    accountId: HOME,
    arn: `arn:aws:iam::${HOME}:user/U`,
    policies,
    ...(boundary && { boundary }),
  };
}
