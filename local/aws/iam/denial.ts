// What AWS answers to a request that is denied.
import type { AccessRequest, Decision } from './evaluate.ts';
import { POLICY_KIND_NAMES } from './policy.ts';

/** A decision that is no Allow. */
type Denial = Exclude<Decision, { effect: 'Allow' }>;

/** Why: `because no identity-based policy allows the s3:GetObject action`, or `with an explicit deny in a …`. */
function denialReason(action: string, denial: Denial): string {
  if (denial.effect === 'ImplicitDeny') {
    return `because no ${POLICY_KIND_NAMES[denial.missing]} allows the ${action} action`;
  }
  const kind = POLICY_KIND_NAMES[denial.by[0].kind];
  return `with an explicit deny in ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** The whole sentence as KMS and most services write it. S3 puts the resource into quotes. */
export function denialMessage(
  { caller, action, resource }: Pick<AccessRequest, 'caller' | 'action' | 'resource'>,
  denial: Denial,
  quote: '' | '"' = '',
): string {
  return `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${quote}${resource}${quote} ${denialReason(action, denial)}`;
}

/** How KMS answers a principal of another account that asks to decrypt: it tells neither key nor reason. */
const UNKNOWN_CIPHERTEXT =
  'The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.';

/**
 * The sentence of KMS, of which S3 passes on each form: in the key's account with the reason; across accounts, where the
 * key's policy is what does not allow, without one.
 */
export function kmsDenialMessage(request: AccessRequest, denial: Denial): string {
  const { caller, action, resource, resourceAccountId } = request;
  const acrossAccounts =
    'accountId' in caller && caller.accountId !== (resourceAccountId ?? caller.accountId);
  const byKeyPolicy = (denial.effect === 'ImplicitDeny' ? denial.missing : denial.by[0].kind) === 'key';
  if (!acrossAccounts || !byKeyPolicy) return denialMessage(request, denial);
  return action === 'kms:Decrypt'
    ? UNKNOWN_CIPHERTEXT
    : `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`;
}
