// STS: sessions of roles, and who one is.
import { hash } from 'node:crypto';
import type { XmlElements } from '../http/xml.ts';
import { assumeRole } from '../state/assume-role.ts';
import type { Identity } from '../state/identities.ts';
import { type QueryOperation, type QueryRequest, required } from './request.ts';

/** The operations by name. */
export const stsOperations: Readonly<Record<string, QueryOperation>> = {
  AssumeRole: runAssumeRole,
  GetCallerIdentity: getCallerIdentity,
};

function runAssumeRole(request: QueryRequest): XmlElements {
  const { world, caller, authorizer, text } = request;
  const seconds = text('DurationSeconds');
  const session = world.addSession(
    assumeRole(
      world,
      caller.caller,
      {
        roleArn: required(request, 'RoleArn'),
        sessionName: required(request, 'RoleSessionName'),
        policy: text('Policy'),
        durationSeconds: seconds === undefined ? undefined : Number(seconds),
        externalId: text('ExternalId'),
      },
      { authorizer },
    ),
  );
  const { accessKeyId, secretAccessKey, sessionToken } = session.credentials;
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
      Expiration: session.expiresAt?.toISOString(),
    },
    AssumedRoleUser: { Arn: session.principalArn, AssumedRoleId: userIdOf(session) },
  };
}

/** Needs no permission (STS API, GetCallerIdentity). */
function getCallerIdentity({ caller }: QueryRequest): XmlElements {
  return { Arn: caller.principalArn, UserId: userIdOf(caller), Account: caller.accountId };
}

function userIdOf({ caller, principalArn }: Identity): string {
  return caller.type === 'AssumedRole'
    ? `${uniqueId('AROA', caller.roleArn)}:${principalArn.replace(/^.*\//, '')}`
    : uniqueId('AIDA', principalArn);
}

/** The unique id of a role or a user, which the embedded AWS derives from the ARN. */
export function uniqueId(prefix: 'AROA' | 'AIDA', arn: string): string {
  return prefix + hash('sha256', arn).slice(0, 17).toUpperCase();
}
