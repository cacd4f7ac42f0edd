// The JSON 1.1 protocol of CodePipeline and KMS: one path, the operation in X-Amz-Target.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { verifySignature } from '../http/sigv4.ts';
import { decide, type Identity } from '../state/identities.ts';
import type { World } from '../state/world.ts';
import { codePipelineOperations } from './code-pipeline.ts';
import { kmsOperations } from './kms.ts';
import type { JsonOperation } from './request.ts';

interface JsonService {
  readonly name: 'codepipeline' | 'kms';
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

const SERVICES: Readonly<Record<string, JsonService>> = {
  CodePipeline_20150709: { name: 'codepipeline', operations: codePipelineOperations },
  TrentService: { name: 'kms', operations: kmsOperations },
};

/** More than any of the operations can take. */
const MAX_BODY_BYTES = 1024 * 1024;

/** These services have other names for what S3 says about signatures. */
const SIGNATURE_ERRORS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
  ExpiredToken: 'ExpiredTokenException',
  AccessDenied: 'MissingAuthenticationTokenException',
};

/** The protocol of both services on one world. */
export function jsonProtocol(world: World): Protocol {
  return {
    parse: (request) => parse(world, request),
    error: ({ status, code, message, headers }) => jsonReply(status, { __type: code, message }, headers),
    idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  };
}

function parse(world: World, request: IncomingMessage): Call {
  const target = header(request.headers, 'x-amz-target') ?? '';
  const dot = target.lastIndexOf('.');
  const service = SERVICES[target.slice(0, dot)];
  const operation = target.slice(dot + 1);
  if (service === undefined) {
    throw new AwsError(501, 'NotImplemented', `The embedded AWS has no service ${target.slice(0, dot)}`);
  }
  const method = request.method ?? 'POST';
  return {
    service: service.name,
    operation,
    method,
    authenticate: async () => {
      const body = await readBody(request);
      const { identity, region } = await authenticate(world, request, method, body);
      return {
        region,
        accessKeyId: identity.credentials.accessKeyId,
        bytes: () => 0,
        run: async () => {
          const run = Object.hasOwn(service.operations, operation)
            ? service.operations[operation]
            : undefined;
          if (run === undefined) {
            throw new AwsError(501, 'NotImplemented', `The embedded AWS does not implement ${operation}`);
          }
          const authorize = (resource: string): void =>
            requirePermission(identity, `${service.name}:${operation}`, resource);
          return jsonReply(
            200,
            run({ world, caller: identity, region, input: parseInput(body), authorize }),
            {},
          );
        },
      };
    },
  };
}

async function authenticate(world: World, request: IncomingMessage, method: string, body: Buffer) {
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const signed = { method, path: request.url ?? '/', rawQuery: '', headers: request.headers, bodySha256 };
  try {
    return await verifySignature(signed, (id) => world.identity(id));
  } catch (error) {
    if (error instanceof AwsError) {
      throw new AwsError(400, SIGNATURE_ERRORS[error.code] ?? error.code, error.message);
    }
    throw error;
  }
}

function requirePermission(caller: Identity, action: string, resource: string): void {
  if (decide(caller, action, resource) !== 'Allow') {
    throw new AwsError(
      400,
      'AccessDeniedException',
      `User: ${caller.principalArn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
    );
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > MAX_BODY_BYTES) {
      throw new AwsError(413, 'RequestEntityTooLargeException', 'Request body is too large');
    }
  }
  return Buffer.concat(pieces);
}

function parseInput(body: Buffer): Record<string, unknown> {
  try {
    const input: unknown = JSON.parse(body.toString('utf8'));
    if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
      return { ...input };
    }
  } catch {
    // Falls through to the one error for everything that is no JSON object.
  }
  throw new AwsError(400, 'SerializationException', 'The request body is not a JSON object');
}

function jsonReply(
  status: number,
  body: Record<string, unknown>,
  headers: Readonly<Record<string, string>>,
): Reply {
  return {
    status,
    headers: { 'content-type': 'application/x-amz-json-1.1', ...headers },
    body: JSON.stringify(body),
  };
}
