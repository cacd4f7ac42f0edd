// STS in the query protocol: AssumeRole and GetCallerIdentity, a form in and XML out.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { readBody, verifyBody } from '../http/body.ts';
import { globalFacts, type TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { type XmlElements, xmlDocument } from '../http/xml.ts';
import { Authorizer } from '../state/access.ts';
import { assumeRole } from '../state/assume-role.ts';
import type { Identity } from '../state/identities.ts';
import type { World } from '../state/world.ts';

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** STS has other names for what S3 says about signatures (STS API, common errors). */
const SIGNATURE_ERRORS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidToken: 'InvalidClientTokenId',
  RequestTimeTooSkewed: 'SignatureDoesNotMatch',
  AccessDenied: 'MissingAuthenticationToken',
};

interface StsRequest {
  readonly world: World;
  readonly caller: Identity;
  readonly authorizer: Authorizer;
  readonly form: URLSearchParams;
}

type StsOperation = (request: StsRequest) => XmlElements;

const OPERATIONS: Readonly<Record<string, StsOperation>> = {
  AssumeRole: runAssumeRole,
  GetCallerIdentity: getCallerIdentity,
};

/** Is a request for STS? Those who sign name the service. */
export function isForSts(request: IncomingMessage): boolean {
  return /Credential=[^,]*\/sts\/aws4_request/.test(header(request.headers, 'authorization') ?? '');
}

/** STS of all regions on one world. */
export function stsProtocol(world: World, tlsVersion: TlsVersion): Protocol {
  return {
    parse: (request) => parse(world, tlsVersion, request),
    error: ({ status, code, message }, _request, requestId) =>
      reply(status, 'ErrorResponse', {
        Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
        RequestId: requestId,
      }),
    idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  };
}

function parse(world: World, tlsVersion: TlsVersion, request: IncomingMessage): Call {
  const { method = 'POST' } = request;
  // The operation is in the body, which is read only now: the log has the name once it is known.
  const call = {
    service: 'sts' as const,
    operation: 'POST',
    method,
    authenticate: async () => {
      const body = await readBody(request);
      const form = new URLSearchParams(body.toString('utf8'));
      const name = form.get('Action') ?? '';
      call.operation = name;
      const { identity, region } = await verifyBody(world, request, body, {
        status: 403,
        names: SIGNATURE_ERRORS,
      });
      const authorizer = new Authorizer(world, identity, globalFacts(region, tlsVersion));
      return {
        region,
        accessKeyId: identity.credentials.accessKeyId,
        accesses: authorizer.accesses,
        bytes: () => 0,
        run: async () => {
          const run = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
          if (run === undefined) {
            throw new AwsError(501, 'NotImplemented', `The embedded AWS does not implement ${name}`);
          }
          const result = run({ world, caller: identity, authorizer, form });
          return reply(200, `${name}Response`, {
            [`${name}Result`]: result,
            ResponseMetadata: { RequestId: randomBytes(8).toString('hex') },
          });
        },
      };
    },
  };
  return call;
}

function runAssumeRole({ world, caller, authorizer, form }: StsRequest): XmlElements {
  const text = (name: string): string | undefined => form.get(name) ?? undefined;
  const seconds = text('DurationSeconds');
  const sessionName = text('RoleSessionName') ?? '';
  const session = assumeRole(
    world,
    caller.caller,
    {
      roleArn: text('RoleArn') ?? '',
      sessionName,
      policy: text('Policy'),
      durationSeconds: seconds === undefined ? undefined : Number(seconds),
      externalId: text('ExternalId'),
    },
    { authorizer },
  );
  world.addSession(session);
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
function getCallerIdentity({ caller }: StsRequest): XmlElements {
  return { Arn: caller.principalArn, UserId: userIdOf(caller), Account: caller.accountId };
}

/** Unique ids of roles and users, which the embedded AWS derives from their names. */
function userIdOf({ caller, principalArn }: Identity): string {
  const of = (prefix: string, arn: string): string =>
    prefix + createHash('sha256').update(arn).digest('hex').slice(0, 16).toUpperCase();
  return caller.type === 'AssumedRole'
    ? `${of('AROA', caller.roleArn)}:${principalArn.replace(/^.*\//, '')}`
    : of('AIDA', principalArn);
}

function reply(status: number, root: string, body: XmlElements): Reply {
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: xmlDocument(root, body, NAMESPACE),
  };
}
