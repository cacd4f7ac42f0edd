// Decides accesses to what there is: finds the resource's owner and policy, evaluates, and keeps what was decided.
import { hasKey } from '../iam/bucket-policy.ts';
import { type AccessRequest, type Decision, decide } from '../iam/evaluate.ts';
import type { Facts, Policy, PolicyKind, StatementReference } from '../iam/policy.ts';
import type { Caller } from '../iam/principal.ts';
import type { Bucket } from './buckets.ts';
import type { KmsKeys } from './kms-keys.ts';
import type { Roles } from './roles.ts';

/** The resources that have owners and policies. */
export interface Resources {
  readonly buckets: ReadonlyMap<string, Bucket>;
  readonly keys: KmsKeys;
  readonly roles: Roles;
}

/** One access that was decided. */
export interface Access {
  readonly principalArn: string;
  readonly action: string;
  readonly resource: string;
  readonly effect: Decision['effect'];
  /** The statements that allow it, or the one that denies it. */
  readonly by: readonly StatementReference[];
  /** The kind of policy whose allow is missing. */
  readonly missing?: PolicyKind;
}

/** Decides one action on one resource. */
export function decideAccess(
  resources: Resources,
  caller: Caller,
  action: string,
  resource: string,
  facts: Facts,
): { readonly request: AccessRequest; readonly decision: Decision; readonly access: Access } {
  const { accountId, policy } = ownerOf(resources, action, resource);
  const resourceAccountId = accountId ?? ('accountId' in caller ? caller.accountId : undefined);
  const request: AccessRequest = {
    caller,
    action,
    resource,
    ...(resourceAccountId !== undefined && { resourceAccountId }),
    ...(policy && { resourcePolicy: policy }),
    facts: {
      ...factsOf(action, facts),
      'aws:ResourceAccount': resourceAccountId,
      's3:ResourceAccount': resource.startsWith('arn:aws:s3:') ? resourceAccountId : undefined,
    },
  };
  const decision = decide(request);
  const access: Access = {
    principalArn: caller.arn,
    action,
    resource,
    effect: decision.effect,
    by: decision.effect === 'ImplicitDeny' ? [] : decision.by,
    ...(decision.effect === 'ImplicitDeny' && { missing: decision.missing }),
  };
  return { request, decision, access };
}

/** Decides what one request needs, one after the other, and keeps it for the log. */
export class Authorizer {
  readonly accesses: Access[] = [];
  readonly #resources: Resources;
  readonly #who: { readonly caller: Caller };
  readonly #facts: Facts;

  /** Policies are those of the moment of each decision. `facts` are those of the whole request. */
  constructor(resources: Resources, who: { readonly caller: Caller }, facts: Facts) {
    this.#resources = resources;
    this.#who = who;
    this.#facts = facts;
  }

  decide(
    action: string,
    resource: string,
    facts: Facts = {},
  ): { request: AccessRequest; decision: Decision } {
    const all = { ...this.#facts, ...facts };
    const decided = decideAccess(this.#resources, this.#who.caller, action, resource, all);
    this.accesses.push(decided.access);
    return decided;
  }
}

/** Without the condition keys that requests for the action do not have. */
function factsOf(action: string, facts: Facts): Facts {
  if (!action.startsWith('s3:')) return facts;
  return Object.fromEntries(Object.entries(facts).filter(([key]) => hasKey(action.slice(3), key)));
}

function ownerOf(
  { buckets, keys, roles }: Resources,
  action: string,
  resource: string,
): { accountId?: string | undefined; policy?: Policy | undefined } {
  const [, , service = '', , accountId, ...rest] = resource.split(':');
  switch (service) {
    case 's3': {
      const bucket = buckets.get(rest.join(':').split('/')[0] ?? '');
      return { accountId: bucket?.ownerAccountId, policy: bucket?.policy };
    }
    case 'kms':
      return { accountId, policy: keys.get(resource)?.policy };
    case 'iam':
      return {
        accountId,
        policy: action === 'sts:AssumeRole' ? roles.get(resource)?.trustPolicy : undefined,
      };
    default:
      return { accountId: accountId === '' ? undefined : accountId };
  }
}
