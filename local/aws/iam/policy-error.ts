// A policy that is refused when it is put.
import { AwsError } from '../aws-error.ts';

/** Thrown while a policy is parsed; each service gives it a code of its own, such as MalformedPolicyDocument. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Runs `put`; a PolicyError becomes the service's own error with this code. */
export function refusing<T>(code: string, put: () => T): T {
  try {
    return put();
  } catch (error) {
    throw error instanceof PolicyError ? new AwsError(400, code, error.message) : error;
  }
}

/** Refuses what AWS would take: to ignore it would be to decide wrongly. */
export function unsupported(what: string): PolicyError {
  return new PolicyError(`The embedded AWS cannot evaluate ${what}, so it refuses the policy`);
}
