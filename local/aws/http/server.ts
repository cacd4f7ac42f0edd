// Answers HTTP requests: picks the protocol, lets faults strike, writes the answer, keeps the log.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Passage, Wan } from '../../wan/wan.ts';
import { AwsError } from '../aws-error.ts';
import { type Content, chunks, slice } from '../content.ts';
import type { Fault, FaultHook } from '../faults.ts';
import type { LoggedRequest } from '../request-log.ts';
import type { AuthenticatedCall, Call, Protocol, Reply } from './protocol.ts';

export interface ServerParts {
  readonly protocolOf: (request: IncomingMessage) => Protocol;
  readonly faults: FaultHook | undefined;
  readonly network: Wan | undefined;
  readonly log: (request: LoggedRequest) => void;
}

/** The listener of the HTTP server. */
export function requestListener(parts: ServerParts): RequestListener {
  return (request, response) => {
    // A broken connection is the client's affair; anything else has been answered by now.
    answer(parts, request, response).catch(() => response.destroy());
  };
}

/** Thrown where a fault cuts the connection. */
class ConnectionCut extends Error {}

interface Progress {
  /** The request's way through a modelled network. */
  readonly passage: Passage | undefined;
  call?: Call;
  authenticated?: AuthenticatedCall;
  errorCode?: string;
  /** The answer ends after so many bytes of its body. */
  truncateAt?: number;
  /** What happens there: the connection ends, or stays without another byte. */
  truncation?: 'cut' | 'stall';
}

async function answer(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = new Date();
  const start = performance.now();
  const requestId = randomBytes(8).toString('hex').toUpperCase();
  const protocol = parts.protocolOf(request);
  const progress: Progress = { passage: parts.network?.arrived(request) };
  let status = 0;
  try {
    const reply = await replyTo(parts, protocol, request, response, requestId, progress);
    ({ status } = reply);
    await progress.passage?.due(progress.authenticated?.bytes());
    await write(
      response,
      request,
      { ...reply, headers: { ...protocol.idHeaders(requestId), ...reply.headers } },
      progress,
    );
  } catch (error) {
    response.destroy();
    if (!(error instanceof ConnectionCut)) {
      throw error;
    }
  } finally {
    const { call, authenticated, errorCode } = progress;
    parts.log({
      requestId,
      service: call?.service ?? 's3',
      operation: call?.operation ?? request.method ?? '',
      ...(call?.bucket && { bucket: call.bucket }),
      ...(call?.key && { key: call.key }),
      ...(call?.partNumber && { partNumber: call.partNumber }),
      region: authenticated?.region ?? '',
      status,
      ...(errorCode !== undefined && { errorCode }),
      accessKeyId: authenticated?.accessKeyId ?? '',
      bytes: authenticated?.bytes() ?? 0,
      startedAt,
      durationMs: performance.now() - start,
    });
  }
}

async function replyTo(
  parts: ServerParts,
  protocol: Protocol,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  progress: Progress,
): Promise<Reply> {
  try {
    if (progress.passage?.refused === true) {
      throw new AwsError(503, 'SlowDown', 'Please reduce your request rate.');
    }
    const call = protocol.parse(request);
    progress.call = call;
    const authenticated = await call.authenticate();
    progress.authenticated = authenticated;
    const strike = async (phase: 'before' | 'after'): Promise<void> => {
      const { region, accessKeyId } = authenticated;
      const fault = parts.faults?.({ ...call, phase, region, accessKeyId });
      if (fault !== undefined) {
        await suffer(fault, response, progress);
      }
    };
    await strike('before');
    const reply = await authenticated.run();
    await strike('after');
    return reply;
  } catch (error) {
    if (error instanceof ConnectionCut) {
      throw error;
    }
    const awsError = error instanceof AwsError ? error : internalError(error, request);
    progress.errorCode = awsError.code;
    return protocol.error(awsError, request, requestId);
  }
}

async function suffer(fault: Fault, response: ServerResponse, progress: Progress): Promise<void> {
  switch (fault.kind) {
    case 'error':
      throw new AwsError(
        fault.status,
        fault.code,
        fault.message ?? 'An error that was injected on purpose.',
        {
          ...(fault.headers && { headers: { ...fault.headers } }),
        },
      );
    case 'reset':
      throw new ConnectionCut();
    case 'stall':
      await pause(response, fault.delayMs);
      return;
    case 'truncate':
    case 'stall-body':
      progress.truncateAt = fault.afterBytes;
      progress.truncation = fault.kind === 'truncate' ? 'cut' : 'stall';
      return;
  }
}

/** Waits, but no longer than the connection lives. */
async function pause(response: ServerResponse, delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = Number.isFinite(delayMs) ? setTimeout(resolve, delayMs) : undefined;
  response.once('close', resolve);
  await promise;
  clearTimeout(timer);
  response.off('close', resolve);
  if (response.destroyed) {
    throw new ConnectionCut();
  }
}

function internalError(error: unknown, request: IncomingMessage): AwsError {
  if (!request.destroyed) {
    process.stderr.write(
      `embedded AWS: ${request.method} ${request.url}: ${error instanceof Error ? error.stack : error}\n`,
    );
  }
  return new AwsError(500, 'InternalError', 'We encountered an internal error. Please try again.');
}

async function write(
  response: ServerResponse,
  request: IncomingMessage,
  reply: Reply,
  progress: Progress,
): Promise<void> {
  const { status, headers, body } = reply;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) {
      response.setHeader(name, value);
    }
  }
  const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.sizeBytes;
  if (status !== 204 && status !== 304) {
    response.setHeader('content-length', reply.contentLength ?? sizeBytes);
  }
  response.writeHead(status);
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    response.end();
    return;
  }
  if (progress.truncateAt !== undefined && sizeBytes > 0) {
    await truncate(response, body, Math.min(progress.truncateAt, sizeBytes - 1), progress.truncation);
  }
  if (typeof body === 'string') {
    response.end(body);
    return;
  }
  await stream(response, body, progress.passage);
  response.end();
}

async function truncate(
  response: ServerResponse,
  body: string | Content,
  afterBytes: number,
  truncation: Progress['truncation'],
): Promise<never> {
  response.flushHeaders();
  if (typeof body === 'string') {
    await new Promise((resolve) => response.write(body.slice(0, afterBytes), resolve));
  } else {
    await stream(response, slice(body, 0, afterBytes));
    await new Promise((resolve) => response.write('', resolve));
  }
  if (truncation === 'stall') {
    await pause(response, Number.POSITIVE_INFINITY);
  }
  throw new ConnectionCut();
}

async function stream(response: ServerResponse, content: Content, passage?: Passage): Promise<void> {
  for await (const chunk of passage === undefined ? chunks(content) : passage.paced(asynchronous(content))) {
    if (response.destroyed) {
      return;
    }
    if (!response.write(chunk)) {
      await writable(response);
    }
  }
}

async function* asynchronous(content: Content): AsyncGenerator<Buffer> {
  yield* chunks(content);
}

async function writable(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  response.once('drain', resolve);
  response.once('close', resolve);
  await promise;
  response.off('drain', resolve);
  response.off('close', resolve);
}
