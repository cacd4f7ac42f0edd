// Managed policies: those of accounts, and those of AWS as far as somebody has added them.
import { AwsError } from '../aws-error.ts';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Policy } from '../iam/policy.ts';
import { refusing } from '../iam/policy-error.ts';

/** IAM quotas, characters without white space. */
const MAX_MANAGED_POLICY = 6144;

/** All managed policies, by ARN. */
export class ManagedPolicies {
  readonly #byArn = new Map<string, Policy>();

  /** @throws EntityAlreadyExists, MalformedPolicyDocument, LimitExceeded as IAM does */
  create(arn: string, document: string | object): Policy {
    if (this.#byArn.has(arn)) {
      throw new AwsError(
        409,
        'EntityAlreadyExists',
        `A policy called ${arn} already exists. Duplicate names are not allowed.`,
      );
    }
    const policy = refusing('MalformedPolicyDocument', () =>
      parsePolicy('identity', `managed policy ${arn}`, document),
    );
    if (
      !arn.startsWith('arn:aws:iam::aws:') &&
      policy.document.replace(/\s/g, '').length > MAX_MANAGED_POLICY
    ) {
      throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for PolicySize: ${MAX_MANAGED_POLICY}`);
    }
    this.#byArn.set(arn, policy);
    return policy;
  }

  has(arn: string): boolean {
    return this.#byArn.has(arn);
  }

  /** @throws NoSuchEntity as IAM does when a role is given a policy that is not there */
  get(arn: string): Policy {
    const policy = this.#byArn.get(arn);
    if (policy !== undefined) return policy;
    throw new AwsError(404, 'NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
  }
}
