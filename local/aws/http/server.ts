// Answers HTTP requests: picks the protocol, lets faults strike, writes the answer, keeps the log.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Network } from '../../wan/network.ts';
import { AwsError } from '../aws-error.ts';
import type { Fault, FaultHook } from '../faults/faults.ts';
import { s3Error } from '../s3-errors.ts';
import type { LoggedRequest } from '../state/request-log.ts';
import { ConnectionCut, type Delivery, deliver, pause } from './delivery.ts';
import type { AuthenticatedCall, Call, Protocol, Reply } from './protocol.ts';

/** What the listener is made of. */
interface ServerParts {
  readonly protocolOf: (request: IncomingMessage) => Protocol;
  readonly faults: FaultHook | undefined;
  readonly network: Network | undefined;
  readonly log: (request: LoggedRequest) => void;
}

/** The listener of the HTTP server. */
export function requestListener(parts: ServerParts): RequestListener {
  return (request, response) => {
    // A broken connection is the client's affair; anything else has been answered by now.
    answer(parts, request, response).catch(() => response.destroy());
  };
}

interface Progress extends Delivery {
  call?: Call;
  authenticated?: AuthenticatedCall;
  errorCode?: string;
}

async function answer(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const startedAt = new Date();
  const start = performance.now();
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
  const protocol = parts.protocolOf(request);
  const progress: Progress = { passage: parts.network?.arrived(request) };
  let status = 0;
  try {
    const reply = await replyTo(parts, protocol, request, response, requestId, progress);
    ({ status } = reply);
    await progress.passage?.due(progress.authenticated?.bytes());
    await deliver(
      response,
      request,
      { ...reply, headers: { ...protocol.idHeaders(requestId), ...reply.headers } },
      progress,
    );
  } catch (error) {
    response.destroy();
    if (!(error instanceof ConnectionCut)) throw error;
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
      accesses: authenticated?.accesses ?? [],
      startedAt,
      durationMs: performance.now() - start,
      ...(progress.passage && { connectMs: progress.passage.connectMs }),
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
    if (progress.passage?.refused === true) throw s3Error('SlowDown');
    const call = protocol.parse(request);
    progress.call = call;
    const authenticated = await call.authenticate();
    progress.authenticated = authenticated;
    const strike = async (phase: 'before' | 'after'): Promise<void> => {
      const { region, accessKeyId } = authenticated;
      const fault = parts.faults?.({ ...call, phase, region, accessKeyId });
      if (fault !== undefined) await suffer(fault, response, progress);
    };
    await strike('before');
    const reply = await authenticated.run();
    await strike('after');
    return reply;
  } catch (error) {
    if (error instanceof ConnectionCut) throw error;
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
        {},
        fault.headers,
      );
    case 'reset':
      throw new ConnectionCut();
    case 'stall':
      await pause(response, fault.delayMs);
      return;
    case 'wait':
      await fault.until;
      return;
    case 'truncate':
    case 'stall-body':
      progress.truncateAt = fault.afterBytes;
      progress.truncation = fault.kind === 'truncate' ? 'cut' : 'stall';
      return;
  }
}

function internalError(error: unknown, request: IncomingMessage): AwsError {
  if (!request.destroyed) {
    process.stderr.write(
      `embedded AWS: ${request.method} ${request.url}: ${error instanceof Error ? error.stack : error}\n`,
    );
  }
  return s3Error('InternalError');
}
