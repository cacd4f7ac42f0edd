// Gives a key another policy, unless that would lock out who gives it.
import { AwsError } from '../aws-error.ts';
import type { Facts } from '../iam/policy.ts';
import { refusing } from '../iam/policy-error.ts';
import type { Caller } from '../iam/principal.ts';
import type { KmsKey } from './kms-keys.ts';
import type { World } from './world.ts';

/** KMS quotas: key policy document size. */
const MAX_KEY_POLICY = 32_768;
const MALFORMED = 'MalformedPolicyDocumentException';

/** The condition keys of KMS that tell of a key and who asks. */
export function kmsFacts(caller: Caller, key: KmsKey): Facts {
  return {
    'kms:CallerAccount': 'accountId' in caller ? caller.accountId : undefined,
    'kms:ResourceAliases': [...key.aliases],
  };
}

/**
 * Puts a key policy as KMS does (KMS API, PutKeyPolicy).
 *
 * @throws MalformedPolicyDocumentException also for one that locks the caller out, unless asked not to check; LimitExceededException
 */
export function putKeyPolicy(
  world: Pick<World, 'decide' | 'setKeyPolicy'>,
  caller: Caller,
  key: KmsKey,
  document: string,
  { bypassLockoutCheck = false }: { readonly bypassLockoutCheck?: boolean } = {},
): void {
  if (document.length > MAX_KEY_POLICY) {
    throw new AwsError(400, 'LimitExceededException', `Policy is longer than ${MAX_KEY_POLICY} characters`);
  }
  const { policy: before } = key;
  refusing(MALFORMED, () => world.setKeyPolicy(key, document));
  const lockedOut =
    world.decide(caller, 'kms:PutKeyPolicy', key.arn, kmsFacts(caller, key)).effect !== 'Allow';
  if (lockedOut && !bypassLockoutCheck) {
    key.policy = before;
    const message = 'The new key policy will not allow you to update the key policy in the future.';
    throw new AwsError(400, MALFORMED, message);
  }
}
