// What a policy is once it has been parsed, and what a request looks like to it.
import type { PrincipalPattern } from './principal.ts';

/** What a policy is attached to; the kinds from `bucket` on are resource-based. */
export type PolicyKind =
  | 'identity'
  | 'permissions-boundary'
  | 'session'
  | 'trust'
  | 'bucket'
  | 'key'
  | 'resource';

/** How AWS names a kind in its messages. */
export const POLICY_KIND_NAMES: Readonly<Record<PolicyKind, string>> = {
  identity: 'identity-based policy',
  'permissions-boundary': 'permissions boundary',
  session: 'session policy',
  trust: 'resource-based policy',
  bucket: 'resource-based policy',
  key: 'resource-based policy',
  resource: 'resource-based policy',
};

/** Condition keys and their values; what is undefined is absent. */
export type Facts = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The facts of a request that conditions look at: lower-case key to values. A key without values is absent. */
export type Context = ReadonlyMap<string, readonly string[]>;

/** Something that the policy compares with a value of the request. */
export type Matcher = (value: string, context: Context) => boolean;

/** One statement. */
export interface Statement {
  readonly reference: StatementReference;
  readonly effect: 'Allow' | 'Deny';
  /** Absent in policies that are attached to a principal. */
  readonly principals: readonly PrincipalPattern[] | undefined;
  readonly matchesAction: Matcher;
  /** True for all resources in a trust policy. */
  readonly matchesResource: Matcher;
  /** All of them must hold. */
  readonly conditions: readonly ((context: Context) => boolean)[];
}

/** A valid policy. */
export interface Policy {
  readonly kind: PolicyKind;
  /** Where it is, for people: `inline policy deploy of role pipeline-action`. */
  readonly name: string;
  readonly statements: readonly Statement[];
  /** The document as it was put. */
  readonly document: string;
}

/** A statement that decided, for messages and logs. */
export interface StatementReference {
  readonly kind: PolicyKind;
  readonly policy: string;
  /** The statement's Sid, else `#` and its number from 1. */
  readonly statement: string;
}

/** Makes a context; what is undefined or empty is absent. Keys are not case-sensitive. */
export function requestContext(facts: Facts): Context {
  const context = new Map<string, readonly string[]>();
  for (const [key, value] of Object.entries(facts)) {
    const values = typeof value === 'string' ? [value] : (value ?? []);
    if (values.length > 0) context.set(key.toLowerCase(), values);
  }
  return context;
}
