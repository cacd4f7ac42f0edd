// Who may do what: credentials, the principals behind them, and their grants.
import { randomBytes } from 'node:crypto';

/** A key pair that signs requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Actions such as `s3:GetObject` or `kms:*` on ARNs in which `*` stands for anything. */
export interface Grant {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** `Allow` if absent; a `Deny` wins over every `Allow`. */
  readonly effect?: 'Allow' | 'Deny';
}

/** A principal with its credentials and what it may do. */
export interface Identity {
  readonly principalArn: string;
  readonly accountId: string;
  readonly credentials: Credentials;
  readonly expiresAt: Date | undefined;
  /** What the identity may do; replace it to change permissions under way. */
  may: readonly Grant[];
}

/** What IAM says of an action; `ImplicitDeny` is that nothing allows it. */
export type Verdict = 'Allow' | 'ExplicitDeny' | 'ImplicitDeny';

/** Decides as IAM does: an explicit deny wins, and what nothing allows is denied. */
export function decide(identity: Identity, action: string, resource: string): Verdict {
  let allowed = false;
  for (const grant of identity.may) {
    if (matchesAny(grant.actions, action) && matchesAny(grant.resources, resource)) {
      if (grant.effect === 'Deny') {
        return 'ExplicitDeny';
      }
      allowed = true;
    }
  }
  return allowed ? 'Allow' : 'ImplicitDeny';
}

/** New random credentials; temporary ones carry a session token. */
export function newCredentials(kind: 'permanent' | 'temporary'): Credentials {
  const id = randomBytes(10).toString('hex').toUpperCase().slice(0, 16);
  const secretAccessKey = randomBytes(30).toString('base64');
  return kind === 'permanent'
    ? { accessKeyId: `AKIA${id}`, secretAccessKey }
    : { accessKeyId: `ASIA${id}`, secretAccessKey, sessionToken: randomBytes(120).toString('base64') };
}

function matchesAny(patterns: readonly string[], value: string): boolean {
  return patterns.some(
    (pattern) => pattern === '*' || pattern === value || toExpression(pattern).test(value),
  );
}

const expressions = new Map<string, RegExp>();

function toExpression(pattern: string): RegExp {
  let expression = expressions.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replace(/\*/g, '.*')
      .replace(/\?/g, '.');
    expression = new RegExp(`^${source}$`, 's');
    expressions.set(pattern, expression);
  }
  return expression;
}
