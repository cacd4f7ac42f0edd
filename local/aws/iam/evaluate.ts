// Decides a request as IAM does: which statement allows or denies it, or which policy fails to.
import type { Context, Policy, PolicyKind, Statement, StatementReference } from './policy.ts';
import { type Caller, matchPrincipal, type PrincipalMatch, principalContext } from './principal.ts';

/** One action on one resource. */
export interface AccessRequest {
  readonly caller: Caller;
  /** `service:Action`. */
  readonly action: string;
  /** An ARN, or `*` for an action that knows no resources. */
  readonly resource: string;
  /** Whose the resource is; the caller's own if absent, as for `*`. */
  readonly resourceAccountId?: string;
  /** Of the bucket, key or role; absent where there is none. */
  readonly resourcePolicy?: Policy;
  /** What the service knows about the request; who asks is added. */
  readonly context: Context;
}

/** What was decided, and by what. */
export type Decision =
  /** All statements that allow it, of the policies that count; none for the root user of the account. */
  | { readonly effect: 'Allow'; readonly by: readonly StatementReference[] }
  | { readonly effect: 'ExplicitDeny'; readonly by: readonly [StatementReference] }
  /** `missing` is the kind of policy whose allow is missing. */
  | { readonly effect: 'ImplicitDeny'; readonly missing: PolicyKind };

/** Without an allow of their own policy, nobody uses keys or assumes roles: not even the account that owns them. */
const POLICY_ALONE_DECIDES: readonly PolicyKind[] = ['key', 'trust'];

/**
 * Decides. An explicit deny of any policy wins. In one account, identity-based or resource-based policies allow; across
 * accounts, both must. Permissions boundaries and session policies limit all of it, except what a resource-based policy
 * gives to exactly this user or session. A resource-based policy that names an account leaves it to the account's own
 * policies; keys and roles must name at least that (IAM user guide, policy evaluation logic; KMS guide, key policies).
 */
export function decide(request: AccessRequest): Decision {
  const { caller, resourcePolicy } = request;
  const context = new Map([...request.context, ...principalContext(caller)]);
  const attached = 'policies' in caller ? caller.policies : [];
  const limits = limitsOf(caller);
  const applying = [...attached, ...limits, ...(resourcePolicy === undefined ? [] : [resourcePolicy])].map(
    (policy) => ({ policy, statements: applyingStatements(policy, request, context) }),
  );
  const allowedBy = (policies: readonly Policy[]): StatementReference[] =>
    applying.flatMap(({ policy, statements }) =>
      policies.includes(policy) ? statements.map(({ statement }) => statement.reference) : [],
    );

  for (const { statements } of applying) {
    const denying = statements.find(({ statement }) => statement.effect === 'Deny');
    if (denying !== undefined) return { effect: 'ExplicitDeny', by: [denying.statement.reference] };
  }

  const grants = applying.find(({ policy }) => policy === resourcePolicy)?.statements ?? [];
  const grantedBy = resourcePolicy === undefined ? [] : allowedBy([resourcePolicy]);
  const is = (match: PrincipalMatch): boolean => grants.some((grant) => grant.match === match);
  const implicitDeny = (missing: PolicyKind): Decision => ({ effect: 'ImplicitDeny', missing });

  if (!('accountId' in caller)) {
    return grants.length > 0 ? allow(grantedBy) : implicitDeny(resourcePolicy?.kind ?? 'resource');
  }
  const sameAccount = caller.accountId === (request.resourceAccountId ?? caller.accountId);
  if (sameAccount && is('exactly')) return allow(grantedBy);

  const identityAllows = allowedBy(attached);
  const identity = caller.type === 'Account' || identityAllows.length > 0;
  const policyDecides = !sameAccount || POLICY_ALONE_DECIDES.includes(resourcePolicy?.kind ?? 'identity');
  if (policyDecides && grants.length === 0 && (identity || sameAccount)) {
    return implicitDeny(resourcePolicy?.kind ?? 'resource');
  }
  if (!identity && !(sameAccount && is('member'))) return implicitDeny('identity');
  const limiting = limits.find((limit) => allowedBy([limit]).length === 0);
  if (limiting !== undefined) return implicitDeny(limiting.kind);
  return allow([...identityAllows, ...grantedBy]);
}

function allow(by: readonly StatementReference[]): Decision {
  return { effect: 'Allow', by };
}

function limitsOf(caller: Caller): readonly Policy[] {
  const boundary = 'boundary' in caller && caller.boundary !== undefined ? [caller.boundary] : [];
  return caller.type === 'AssumedRole' ? [...boundary, ...caller.sessionPolicies] : boundary;
}

function applyingStatements(
  policy: Policy,
  { caller, action, resource }: AccessRequest,
  context: Context,
): { statement: Statement; match: PrincipalMatch }[] {
  return policy.statements
    .filter(({ matchesAction }) => matchesAction(action, context))
    .flatMap((statement) => {
      const { principals, matchesResource, conditions } = statement;
      const match = principals === undefined ? 'exactly' : matchPrincipal(principals, caller);
      return match !== undefined &&
        matchesResource(resource, context) &&
        conditions.every((holds) => holds(context))
        ? [{ statement, match }]
        : [];
    });
}
