// Who signs requests: credentials, and the principal behind them with the policies of the moment.
import { randomBytes } from 'node:crypto';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Policy } from '../iam/policy.ts';
import type { Caller } from '../iam/principal.ts';

/** A key pair that signs requests. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A principal with its credentials. */
export interface Identity {
  /** Of the user, or of the session: what messages name. */
  readonly principalArn: string;
  readonly accountId: string;
  readonly credentials: Credentials;
  readonly expiresAt: Date | undefined;
  /** The principal as policies see it, with what it may do now. */
  readonly caller: Caller;
}

/** A statement of an identity policy, as it is written. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What an identity is made of; new credentials unless some are given. */
export interface NewIdentity {
  /** Of a user (`arn:aws:iam::…:user/U`) or a session of a role (`arn:aws:sts::…:assumed-role/R/S`). */
  readonly principalArn: string;
  readonly credentials?: Credentials;
  readonly expiresAt?: Date;
  readonly may: readonly PolicyStatement[];
}

/** A user, or a session of a role that is nowhere else, with one policy of its own. */
export interface SimpleIdentity extends Identity {
  /** The policy's statements; replace them to change permissions under way. @throws PolicyError */
  may: readonly PolicyStatement[];
}

/** Makes a principal with one policy. @throws PolicyError; an Error for an ARN that is not a principal's */
export function simpleIdentity({ principalArn, credentials, expiresAt, may }: NewIdentity): SimpleIdentity {
  const [, accountId, user, roleName] =
    /^arn:aws:(?:iam|sts)::(\d{12}):(?:(user)\/.+|assumed-role\/([^/]+)\/[^/]+)$/.exec(principalArn) ?? [];
  if (accountId === undefined || (user ?? roleName) === undefined) {
    throw new Error(`expected the ARN of a user or of a role's session, found ${principalArn}`);
  }
  let statements = may;
  let policies = policiesOf(principalArn, may);
  return {
    principalArn,
    accountId,
    credentials: credentials ?? newCredentials(expiresAt === undefined ? 'permanent' : 'temporary'),
    expiresAt,
    get caller(): Caller {
      const principal = { accountId, arn: principalArn, policies };
      return roleName === undefined
        ? { type: 'User', ...principal }
        : {
            type: 'AssumedRole',
            ...principal,
            roleArn: `arn:aws:iam::${accountId}:role/${roleName}`,
            sessionPolicies: [],
          };
    },
    get may() {
      return statements;
    },
    set may(changed) {
      policies = policiesOf(principalArn, changed);
      statements = changed;
    },
  };
}

/** New random credentials; temporary ones carry a session token. */
export function newCredentials(kind: 'permanent' | 'temporary'): Credentials {
  const id = randomBytes(10).toString('hex').toUpperCase().slice(0, 16);
  const secretAccessKey = randomBytes(30).toString('base64');
  return kind === 'permanent'
    ? { accessKeyId: `AKIA${id}`, secretAccessKey }
    : { accessKeyId: `ASIA${id}`, secretAccessKey, sessionToken: randomBytes(120).toString('base64') };
}

function policiesOf(principalArn: string, statements: readonly PolicyStatement[]): readonly Policy[] {
  // A policy has statements; who has none has no policy.
  if (statements.length === 0) return [];
  const document = { Version: '2012-10-17', Statement: statements };
  return [parsePolicy('identity', `policy of ${principalArn}`, document)];
}
