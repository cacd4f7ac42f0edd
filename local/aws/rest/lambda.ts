// Lambda's REST API as far as it takes to look at a function and to invoke it and wait for its answer.
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { authenticateBody, JSON_SIGNATURE_ERRORS, readBody } from '../http/body.ts';
import type { TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { denialMessage } from '../iam/denial.ts';
import { functionArn, type LambdaFunctionState } from '../state/lambda-functions.ts';
import type { World } from '../state/world.ts';

interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  /** Where the name of its permission differs from its own. */
  readonly action?: string;
  run(state: LambdaFunctionState, request: IncomingMessage, body: Buffer): Promise<Reply>;
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'GetFunctionConfiguration',
    method: 'GET',
    path: /^\/2015-03-31\/functions\/([^/]+)\/configuration$/,
    run: async (state) =>
      json(200, {
        FunctionName: state.name,
        FunctionArn: functionArn(state),
        Role: state.role,
        ...state.configuration,
      }),
  },
  {
    name: 'GetFunctionEventInvokeConfig',
    method: 'GET',
    path: /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/,
    run: async (state) => {
      if (state.eventInvokeConfig !== undefined) return json(200, state.eventInvokeConfig);
      throw notFound(`The function ${functionArn(state)} doesn't have an EventInvokeConfig`);
    },
  },
  {
    name: 'Invoke',
    method: 'POST',
    path: /^\/2015-03-31\/functions\/([^/]+)\/invocations$/,
    action: 'InvokeFunction',
    run: invoke,
  },
];

/** Whether a request is for Lambda, which those who sign name. */
export function isLambda({ headers }: IncomingMessage): boolean {
  return /Credential=[^,]*\/lambda\/aws4_request/.test(header(headers, 'authorization') ?? '');
}

/** Lambda of all regions on one world. Functions have their latest version only. */
export function lambdaProtocol(world: World, tlsVersion: TlsVersion): Protocol {
  return {
    parse: (request) => parse(world, tlsVersion, request),
    error: ({ status, code, message }) =>
      json(
        status,
        { Type: status < 500 ? 'User' : 'Service', Message: message },
        { 'x-amzn-errortype': code },
      ),
    idHeaders: (requestId) => ({ 'x-amzn-requestid': requestId }),
  };
}

function parse(world: World, tlsVersion: TlsVersion, request: IncomingMessage): Call {
  const { method = 'GET', url = '/' } = request;
  const [path = '', query = ''] = url.split('?');
  const operation = OPERATIONS.find((each) => each.method === method && each.path.test(path));
  const name = decodeURIComponent(operation?.path.exec(path)?.[1] ?? '');
  return {
    service: 'lambda',
    operation: operation?.name ?? method,
    method,
    authenticate: async () => {
      const body = await readBody(request);
      const { identity, authorizer, logged } = await authenticateBody(world, tlsVersion, request, body, {
        name: 'lambda',
        status: 403,
        errorNames: JSON_SIGNATURE_ERRORS,
      });
      const { region } = logged;
      return {
        ...logged,
        run: async () => {
          const qualifier = new URLSearchParams(query).get('Qualifier') ?? '$LATEST';
          if (operation === undefined || qualifier !== '$LATEST') {
            throw new AwsError(501, 'NotImplemented', `The embedded AWS does not implement ${method} ${url}`);
          }
          const { accountId } = identity;
          const arn = functionArn({ accountId, region, name });
          const action = `lambda:${operation.action ?? operation.name}`;
          const { request: asked, decision } = authorizer.decide(action, arn);
          if (decision.effect !== 'Allow') {
            throw new AwsError(403, 'AccessDeniedException', denialMessage(asked, decision));
          }
          const state = world.functions.find(accountId, region, name);
          if (state === undefined) throw notFound(`Function not found: ${arn}`);
          return await operation.run(state, request, body);
        },
      };
    },
  };
}

/** Waits for the answer; the asynchronous way is CodePipeline's, which the replay goes. */
async function invoke(state: LambdaFunctionState, request: IncomingMessage, body: Buffer): Promise<Reply> {
  const type = header(request.headers, 'x-amz-invocation-type') ?? 'RequestResponse';
  if (type !== 'RequestResponse') {
    throw new AwsError(501, 'NotImplemented', `The embedded AWS does not invoke as ${type}`);
  }
  const event = parseEvent(body);
  const executed = { 'x-amz-executed-version': '$LATEST' };
  try {
    const payload = await state.run(event);
    return json(200, payload ?? null, executed);
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    return json(
      200,
      { errorType: name, errorMessage: message },
      { ...executed, 'x-amz-function-error': 'Unhandled' },
    );
  }
}

function parseEvent(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new AwsError(
      400,
      'InvalidRequestContentException',
      'Could not parse request body into json: the payload is not JSON',
    );
  }
}

function notFound(message: string): AwsError {
  return new AwsError(404, 'ResourceNotFoundException', message);
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
