// Decides a request as IAM does: which statement allows or denies it, or which policy fails to.
import {
  type Context,
  type Facts,
  type Policy,
  type PolicyKind,
  requestContext,
  type Statement,
  type StatementReference,
} from './policy.ts';
import { type Caller, matchPrincipal, type PrincipalMatch, principalFacts } from './principal.ts';

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
  readonly facts: Facts;
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
  const context = new Map([...requestContext(request.facts), ...requestContext(principalFacts(caller))]);
  const applying = (policy: Policy): Grant[] => applyingStatements(policy, request, context);
  const attached = 'policies' in caller ? caller.policies.flatMap(applying) : [];
  const limits = limitsOf(caller).map((limit) => ({ kind: limit.kind, grants: applying(limit) }));
  const grants = resourcePolicy === undefined ? [] : applying(resourcePolicy);

  const all = [...attached, ...limits.flatMap((limit) => limit.grants), ...grants];
  const denying = all.find(({ statement }) => statement.effect === 'Deny');
  if (denying !== undefined) return { effect: 'ExplicitDeny', by: [denying.statement.reference] };

  const grantedBy = referencesOf(grants);
  const is = (match: PrincipalMatch): boolean => grants.some((grant) => grant.match === match);
  const implicitDeny = (missing: PolicyKind): Decision => ({ effect: 'ImplicitDeny', missing });

  if (!('accountId' in caller)) {
    return grants.length > 0 ? allow(grantedBy) : implicitDeny(resourcePolicy?.kind ?? 'resource');
  }
  const sameAccount = caller.accountId === (request.resourceAccountId ?? caller.accountId);
  if (sameAccount && is('exactly')) return allow(grantedBy);

  const identity = caller.type === 'Account' || attached.length > 0;
  const policyDecides = !sameAccount || POLICY_ALONE_DECIDES.includes(resourcePolicy?.kind ?? 'identity');
  if (policyDecides && grants.length === 0 && (identity || sameAccount)) {
    return implicitDeny(resourcePolicy?.kind ?? 'resource');
  }
  if (!identity && !(sameAccount && is('member'))) return implicitDeny('identity');
  const limiting = limits.find((limit) => limit.grants.length === 0);
  if (limiting !== undefined) return implicitDeny(limiting.kind);
  return allow([...referencesOf(attached), ...grantedBy]);
}

function allow(by: readonly StatementReference[]): Decision {
  return { effect: 'Allow', by };
}

function limitsOf(caller: Caller): readonly Policy[] {
  const boundary = 'boundary' in caller && caller.boundary !== undefined ? [caller.boundary] : [];
  return caller.type === 'AssumedRole' ? [...boundary, ...caller.sessionPolicies] : boundary;
}

/** A statement that is about a request, and how its Principal matches the caller. */
interface Grant {
  readonly statement: Statement;
  readonly match: PrincipalMatch;
}

function referencesOf(grants: readonly Grant[]): StatementReference[] {
  return grants.map(({ statement }) => statement.reference);
}

function applyingStatements(
  policy: Policy,
  { caller, action, resource }: AccessRequest,
  context: Context,
): Grant[] {
  return policy.statements.flatMap((statement) => {
    const { principals, matchesAction, matchesResource, conditions } = statement;
    if (!matchesAction(action, context) || !matchesResource(resource, context)) return [];
    const match = principals === undefined ? 'exactly' : matchPrincipal(principals, caller);
    return match !== undefined && conditions.every((holds) => holds(context)) ? [{ statement, match }] : [];
  });
}
