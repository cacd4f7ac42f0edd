// The query protocol of STS and IAM: a form in, in whose Action the operation is, and XML out.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { authenticateBody, readBody } from '../http/body.ts';
import type { TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { type XmlElements, xmlDocument } from '../http/xml.ts';
import type { World } from '../state/world.ts';
import { iamOperations } from './iam.ts';
import type { QueryOperation } from './request.ts';
import { stsOperations } from './sts.ts';

interface QueryService {
  readonly namespace: string;
  readonly operations: Readonly<Record<string, QueryOperation>>;
}

type ServiceName = 'iam' | 'sts';

const SERVICES: Readonly<Record<ServiceName, QueryService>> = {
  iam: { namespace: 'https://iam.amazonaws.com/doc/2010-05-08/', operations: iamOperations },
  sts: { namespace: 'https://sts.amazonaws.com/doc/2011-06-15/', operations: stsOperations },
};

/** These services have other names for what S3 says about signatures (STS API, common errors). */
const SIGNATURE_ERRORS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'InvalidClientTokenId',
  InvalidToken: 'InvalidClientTokenId',
  RequestTimeTooSkewed: 'SignatureDoesNotMatch',
  AccessDenied: 'MissingAuthenticationToken',
};

/** Whether a request is for one of these services, which those who sign name. */
export function isQuery(request: IncomingMessage): boolean {
  return serviceOf(request) !== undefined;
}

/** The protocol of both services, of all regions, on one world. */
export function queryProtocol(world: World, tlsVersion: TlsVersion): Protocol {
  return {
    parse: (request) => parse(world, tlsVersion, request),
    error: ({ status, code, message }, request, RequestId) => {
      const details = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message };
      return reply(serviceOf(request) ?? 'sts', status, 'ErrorResponse', { Error: details, RequestId });
    },
    idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  };
}

function serviceOf({ headers }: IncomingMessage): ServiceName | undefined {
  const [, service] =
    /Credential=[^,]*\/(iam|sts)\/aws4_request/.exec(header(headers, 'authorization') ?? '') ?? [];
  return service as ServiceName | undefined;
}

function parse(world: World, tlsVersion: TlsVersion, request: IncomingMessage): Call {
  const service = serviceOf(request) ?? 'sts';
  // The operation is in the body, which is read later: the log has the name once it is known.
  const call = {
    service,
    operation: 'POST',
    method: request.method ?? 'POST',
    authenticate: async () => {
      const body = await readBody(request);
      const form = new URLSearchParams(body.toString('utf8'));
      const name = form.get('Action') ?? '';
      call.operation = name;
      const { identity, authorizer, logged } = await authenticateBody(world, tlsVersion, request, body, {
        name: service,
        status: 403,
        errorNames: SIGNATURE_ERRORS,
      });
      return {
        ...logged,
        run: async () => {
          const { operations } = SERVICES[service];
          const run = Object.hasOwn(operations, name) ? operations[name] : undefined;
          if (run === undefined) {
            throw new AwsError(501, 'NotImplemented', `The embedded AWS does not implement ${name}`);
          }
          const text = (parameter: string): string | undefined => form.get(parameter) ?? undefined;
          return reply(service, 200, `${name}Response`, {
            [`${name}Result`]: run({ world, caller: identity, authorizer, text }),
            ResponseMetadata: { RequestId: randomBytes(8).toString('hex') },
          });
        },
      };
    },
  };
  return call;
}

function reply(service: ServiceName, status: number, root: string, body: XmlElements): Reply {
  return {
    status,
    headers: { 'content-type': 'text/xml' },
    body: xmlDocument(root, body, SERVICES[service].namespace),
  };
}
