// A policy that is refused when it is put.

/** Thrown while a policy is parsed; each service gives it a code of its own, such as MalformedPolicyDocument. */
export class PolicyError extends Error {
  /** `unsupported` is valid in AWS and unknown here. */
  readonly reason: 'malformed' | 'unsupported';

  constructor(message: string, reason: 'malformed' | 'unsupported' = 'malformed') {
    super(message);
    this.name = 'PolicyError';
    this.reason = reason;
  }
}

/** Refuses what AWS would take: to ignore it would be to decide wrongly. */
export function unsupported(what: string): PolicyError {
  return new PolicyError(`The embedded AWS cannot evaluate ${what}, so it refuses the policy`, 'unsupported');
}
