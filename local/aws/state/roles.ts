// The roles of all accounts: who may assume them, what they may do, and the sessions that are made of them.
import { AwsError } from '../aws-error.ts';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Policy, PolicyKind } from '../iam/policy.ts';
import { refusing } from '../iam/policy-error.ts';
import type { Caller } from '../iam/principal.ts';
import { type Credentials, type Identity, newCredentials } from './identities.ts';

/** A role. */
export interface Role {
  readonly arn: string;
  readonly accountId: string;
  readonly name: string;
  readonly path: string;
  readonly createdAt: Date;
  /** Who may assume it. */
  trustPolicy: Policy;
  /** By name. */
  readonly inlinePolicies: Map<string, Policy>;
  managedPolicies: readonly Policy[];
  permissionsBoundary: Policy | undefined;
}

/** A policy as it is written: as text, or as the JSON that it is. */
export type PolicyDocument = string | object;

/** What a role is made of. */
interface NewRole {
  readonly accountId: string;
  readonly name: string;
  /** Begins and ends with `/`; `/` if absent. */
  readonly path?: string;
  readonly trustPolicy: PolicyDocument;
  /** Inline policies by name. */
  readonly policies?: Readonly<Record<string, PolicyDocument>>;
  readonly managedPolicies?: readonly Policy[];
  readonly permissionsBoundary?: PolicyDocument;
}

// IAM quotas, characters without white space: of a trust policy, and of all inline policies of a role together.
const MAX_TRUST_POLICY = 2048;
const MAX_INLINE_POLICIES = 10_240;

/** All roles of the embedded AWS, by ARN. */
export class Roles {
  readonly #byArn = new Map<string, Role>();
  readonly #requirePrincipals: (policy: Policy) => void;

  /** `requirePrincipals` throws a PolicyError when a policy names somebody who is not there. */
  constructor(requirePrincipals: (policy: Policy) => void) {
    this.#requirePrincipals = requirePrincipals;
  }

  /** @throws EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded as IAM does */
  create(role: NewRole): Role {
    const { accountId, name, path = '/', trustPolicy, policies = {}, permissionsBoundary } = role;
    if (this.named(accountId, name) !== undefined) {
      throw new AwsError(409, 'EntityAlreadyExists', `Role with name ${name} already exists.`);
    }
    const made: Role = {
      arn: `arn:aws:iam::${accountId}:role${path}${name}`,
      accountId,
      name,
      path,
      createdAt: new Date(),
      trustPolicy: this.#parseTrust(name, trustPolicy),
      inlinePolicies: new Map(),
      managedPolicies: role.managedPolicies ?? [],
      permissionsBoundary:
        permissionsBoundary === undefined
          ? undefined
          : this.#parse('permissions-boundary', `permissions boundary of role ${name}`, permissionsBoundary),
    };
    for (const [policyName, document] of Object.entries(policies)) this.putPolicy(made, policyName, document);
    this.#byArn.set(made.arn, made);
    return made;
  }

  get(arn: string): Role | undefined {
    return this.#byArn.get(arn);
  }

  /** Names are unique in an account, whatever their paths. */
  named(accountId: string, name: string): Role | undefined {
    return [...this.#byArn.values()].find((role) => role.accountId === accountId && role.name === name);
  }

  /** @throws MalformedPolicyDocument, LimitExceeded as IAM does */
  setTrustPolicy(role: Role, document: PolicyDocument): void {
    role.trustPolicy = this.#parseTrust(role.name, document);
  }

  delete({ arn }: Role): void {
    this.#byArn.delete(arn);
  }

  /** Adds or replaces an inline policy. @throws MalformedPolicyDocument, LimitExceeded as IAM does */
  putPolicy(role: Role, name: string, document: PolicyDocument): void {
    const policy = this.#parse('identity', `inline policy ${name} of role ${role.name}`, document);
    const others = [...role.inlinePolicies].filter(([other]) => other !== name).map(([, other]) => other);
    const size = [...others, policy].reduce((sum, each) => sum + sizeOf(each), 0);
    if (size > MAX_INLINE_POLICIES) {
      throw new AwsError(
        409,
        'LimitExceeded',
        `Maximum policy size of ${MAX_INLINE_POLICIES} bytes exceeded for role ${role.name}`,
      );
    }
    role.inlinePolicies.set(name, policy);
  }

  #parseTrust(roleName: string, document: PolicyDocument): Policy {
    const policy = this.#parse('trust', `trust policy of role ${roleName}`, document);
    if (sizeOf(policy) > MAX_TRUST_POLICY) {
      throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for ACLSizePerRole: ${MAX_TRUST_POLICY}`);
    }
    return policy;
  }

  #parse(kind: PolicyKind, name: string, document: PolicyDocument): Policy {
    return refusing('MalformedPolicyDocument', () => {
      const policy = parsePolicy(kind, name, document);
      this.#requirePrincipals(policy);
      return policy;
    });
  }
}

/** How a session differs from a plain one. */
interface NewSession {
  readonly expiresAt: Date | undefined;
  /** Limit what the role allows. */
  readonly sessionPolicies?: readonly Policy[];
  /** New ones if absent. */
  readonly credentials?: Credentials;
}

/** A new session of a role. */
export function newSession(role: Role, sessionName: string, more: NewSession): Identity {
  const principalArn = `arn:aws:sts::${role.accountId}:assumed-role/${role.name}/${sessionName}`;
  return {
    principalArn,
    accountId: role.accountId,
    credentials: more.credentials ?? newCredentials('temporary'),
    expiresAt: more.expiresAt,
    get caller(): Caller {
      return {
        type: 'AssumedRole',
        accountId: role.accountId,
        arn: principalArn,
        roleArn: role.arn,
        policies: [...role.inlinePolicies.values(), ...role.managedPolicies],
        ...(role.permissionsBoundary && { boundary: role.permissionsBoundary }),
        sessionPolicies: more.sessionPolicies ?? [],
      };
    },
  };
}

function sizeOf({ document }: Policy): number {
  return document.replace(/\s/g, '').length;
}
