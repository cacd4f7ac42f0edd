// Who asks, and the Principal element that says who is meant.
import type { Facts, Policy } from './policy.ts';
import { PolicyError, unsupported } from './policy-error.ts';

/** What limits a principal of an account, and what it is given. */
interface Permissions {
  readonly policies: readonly Policy[];
  readonly boundary?: Policy;
}

/** Who makes a request. */
export type Caller =
  /** The root user of an account: may do everything that its account may. */
  | { readonly type: 'Account'; readonly accountId: string; readonly arn: string }
  | ({ readonly type: 'User'; readonly accountId: string; readonly arn: string } & Permissions)
  | ({
      readonly type: 'AssumedRole';
      readonly accountId: string;
      /** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` */
      readonly arn: string;
      readonly roleArn: string;
      /** Given with AssumeRole: what the session may do is what the role *and* these allow. */
      readonly sessionPolicies: readonly Policy[];
    } & Permissions)
  /** An AWS service on its own account; `arn` is its name, such as `logging.s3.amazonaws.com`. */
  | { readonly type: 'Service'; readonly arn: string }
  /** An unsigned request. */
  | { readonly type: 'Anonymous'; readonly arn: '*' };

/** One principal that a policy names. */
export type PrincipalPattern =
  | { readonly type: 'Everyone' }
  | { readonly type: 'Account'; readonly accountId: string }
  | { readonly type: 'User' | 'Role' | 'Session' | 'Service'; readonly arn: string };

const ARN = /^arn:aws(?:-cn|-us-gov)?:(iam|sts)::(\d{12}):(root|user\/.+|role\/.+|assumed-role\/[^/]+\/.+)$/;

/** Reads a Principal element. @throws PolicyError */
export function parsePrincipals(element: unknown): PrincipalPattern[] {
  if (element === '*') return [{ type: 'Everyone' }];
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    throw new PolicyError('Invalid principal in policy');
  }
  const patterns = Object.entries(element).flatMap(([kind, values]) =>
    (Array.isArray(values) ? values : [values]).map((value: unknown) => parsePrincipal(kind, value)),
  );
  if (patterns.length === 0) throw new PolicyError('Invalid principal in policy');
  return patterns;
}

function parsePrincipal(kind: string, value: unknown): PrincipalPattern {
  const invalid = new PolicyError(`Invalid principal in policy: "${kind}":"${String(value)}"`);
  if (typeof value !== 'string') throw invalid;
  if (kind === 'Service') {
    if (!/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(value)) throw invalid;
    return { type: 'Service', arn: value };
  }
  if (kind === 'Federated' || kind === 'CanonicalUser') throw unsupported(`principals of the kind ${kind}`);
  if (kind !== 'AWS') throw invalid;
  if (value === '*') return { type: 'Everyone' };
  if (/^\d{12}$/.test(value)) return { type: 'Account', accountId: value };
  const [, service, accountId, name] = ARN.exec(value) ?? [];
  // Wildcards are for conditions: a principal is named in full, or everybody is (IAM user guide, Principal element).
  if (accountId === undefined || name === undefined || /[*?]/.test(value)) throw invalid;
  if (service === 'sts') {
    if (!name.startsWith('assumed-role/')) throw invalid;
    return { type: 'Session', arn: value };
  }
  if (name === 'root') return { type: 'Account', accountId };
  if (name.startsWith('user/')) return { type: 'User', arn: value };
  if (name.startsWith('role/')) return { type: 'Role', arn: value };
  throw invalid;
}

/**
 * How a principal is meant: `exactly` as this user, session or service; as a `member` of a role or of everybody, so that
 * boundaries and session policies still limit it; or only as an `account`, which decides itself whom of its own it lets.
 */
export type PrincipalMatch = 'exactly' | 'member' | 'account';

/** The closest way in which a caller is meant, or undefined if it is not. */
export function matchPrincipal(
  patterns: readonly PrincipalPattern[],
  caller: Caller,
): PrincipalMatch | undefined {
  const matches = patterns.map((pattern) => matchOne(pattern, caller));
  return (['exactly', 'member', 'account'] as const).find((match) => matches.includes(match));
}

function matchOne(pattern: PrincipalPattern, caller: Caller): PrincipalMatch | undefined {
  switch (pattern.type) {
    case 'Everyone':
      return 'member';
    case 'Account':
      return 'accountId' in caller && caller.accountId === pattern.accountId ? 'account' : undefined;
    case 'User':
    case 'Session':
    case 'Service':
      return caller.arn === pattern.arn ? 'exactly' : undefined;
    case 'Role':
      return caller.type === 'AssumedRole' && caller.roleArn === pattern.arn ? 'member' : undefined;
  }
}

/** The global condition keys that tell who asks (IAM user guide, global condition context keys). */
export function principalFacts(caller: Caller): Facts {
  const ofAccount = 'accountId' in caller;
  return {
    'aws:PrincipalType': ofAccount ? caller.type : caller.type === 'Anonymous' ? 'Anonymous' : undefined,
    'aws:PrincipalArn': caller.type === 'AssumedRole' ? caller.roleArn : ofAccount ? caller.arn : undefined,
    'aws:PrincipalAccount': ofAccount ? caller.accountId : undefined,
    'aws:PrincipalIsAWSService': String(caller.type === 'Service'),
    'aws:PrincipalServiceName': caller.type === 'Service' ? caller.arn : undefined,
    'aws:username': caller.type === 'User' ? caller.arn.replace(/^.*\//, '') : undefined,
  };
}
