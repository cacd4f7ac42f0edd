// The JSON 1.1 protocol of CodePipeline and KMS: one path, the operation in X-Amz-Target.
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { authenticateBody, JSON_SIGNATURE_ERRORS, readBody } from '../http/body.ts';
import type { TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { denialMessage, kmsDenialMessage } from '../iam/denial.ts';
import type { Facts } from '../iam/policy.ts';
import { type Json, parseObject } from '../json-object.ts';
import type { Authorizer } from '../state/access.ts';
import type { World } from '../state/world.ts';
import { codePipelineOperations } from './code-pipeline.ts';
import { kmsOperations } from './kms.ts';
import { pipelineOperations } from './pipelines.ts';
import type { JsonOperation } from './request.ts';

interface JsonService {
  readonly name: 'codepipeline' | 'kms';
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

const SERVICES: Readonly<Record<string, JsonService>> = {
  CodePipeline_20150709: {
    name: 'codepipeline',
    operations: { ...codePipelineOperations, ...pipelineOperations },
  },
  TrentService: { name: 'kms', operations: kmsOperations },
};

/** The protocol of both services on one world. */
export function jsonProtocol(world: World, tlsVersion: TlsVersion): Protocol {
  return {
    parse: (request) => parse(world, tlsVersion, request),
    error: ({ status, code, message, headers }) => jsonReply(status, { __type: code, message }, headers),
    idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  };
}

function parse(world: World, tlsVersion: TlsVersion, request: IncomingMessage): Call {
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
      const { identity, authorizer, logged } = await authenticateBody(world, tlsVersion, request, body, {
        name: service.name,
        status: 400,
        errorNames: JSON_SIGNATURE_ERRORS,
      });
      const { region } = logged;
      return {
        ...logged,
        run: async () => {
          const run = Object.hasOwn(service.operations, operation)
            ? service.operations[operation]
            : undefined;
          if (run === undefined) {
            throw new AwsError(501, 'NotImplemented', `The embedded AWS does not implement ${operation}`);
          }
          const authorize = (resource: string, facts?: Facts): void =>
            requirePermission(authorizer, `${service.name}:${operation}`, resource, facts);
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

function requirePermission(authorizer: Authorizer, action: string, resource: string, facts?: Facts): void {
  const { request, decision } = authorizer.decide(action, resource, facts);
  if (decision.effect === 'Allow') return;
  const message = action.startsWith('kms:')
    ? kmsDenialMessage(request, decision)
    : denialMessage(request, decision);
  throw new AwsError(400, 'AccessDeniedException', message);
}

function parseInput(body: Buffer): Json {
  const input = parseObject(body.toString('utf8'));
  if (input !== undefined) return input;
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
