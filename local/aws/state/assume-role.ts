// AssumeRole: who is trusted, and allowed, gets a session of a role.
import { AwsError } from '../aws-error.ts';
import { parsePolicy } from '../iam/parse-policy.ts';
import type { Facts, Policy } from '../iam/policy.ts';
import { refusing } from '../iam/policy-error.ts';
import type { Caller } from '../iam/principal.ts';
import { Authorizer, type Resources } from './access.ts';
import type { Identity } from './identities.ts';
import { newSession } from './roles.ts';

/** What AssumeRole takes (STS API). */
export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly sessionName: string;
  /** Limits the session further. */
  readonly policy?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly externalId?: string | undefined;
}

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 900;
/** STS API, AssumeRole: characters of a session policy. */
const MAX_SESSION_POLICY = 2048;

/** Where the question comes from. */
interface AssumeRoleContext {
  /** Of the request, which keeps what was decided. */
  readonly authorizer?: Authorizer;
  readonly facts?: Facts;
}

/**
 * Makes a session; `facts` are what the request says besides.
 *
 * @throws AccessDenied, ValidationError, MalformedPolicyDocument as STS does
 */
export function assumeRole(
  resources: Resources,
  caller: Caller,
  { roleArn, sessionName, policy, durationSeconds = DEFAULT_SECONDS, externalId }: AssumeRoleInput,
  { authorizer = new Authorizer(resources, { caller }, {}), facts = {} }: AssumeRoleContext = {},
): Identity {
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw validationError(
      `Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  }
  if (!Number.isInteger(durationSeconds) || durationSeconds < MIN_SECONDS) {
    throw validationError(
      `Value '${durationSeconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to ${MIN_SECONDS}`,
    );
  }
  if (durationSeconds > DEFAULT_SECONDS) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
  const { decision } = authorizer.decide('sts:AssumeRole', roleArn, {
    ...facts,
    'sts:RoleSessionName': sessionName,
    'sts:ExternalId': externalId,
  });
  const role = resources.roles.get(roleArn);
  if (decision.effect !== 'Allow' || role === undefined) {
    const message = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
    throw new AwsError(403, 'AccessDenied', message);
  }
  return newSession(role, sessionName, {
    expiresAt: new Date(Date.now() + durationSeconds * 1000),
    sessionPolicies: policy === undefined ? [] : [sessionPolicy(sessionName, policy)],
  });
}

function sessionPolicy(sessionName: string, document: string): Policy {
  if (document.length > MAX_SESSION_POLICY) {
    throw validationError(
      `Value at 'policy' failed to satisfy constraint: Member must have length less than or equal to ${MAX_SESSION_POLICY}`,
    );
  }
  return refusing('MalformedPolicyDocument', () =>
    parsePolicy('session', `session policy of ${sessionName}`, document),
  );
}

function validationError(message: string): AwsError {
  return new AwsError(400, 'ValidationError', `1 validation error detected: ${message}`);
}
