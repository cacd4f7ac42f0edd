// Writes an answer: at the pace of the client and of a modelled network, and as far as a fault lets it come.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Passage } from '../../wan/network.ts';
import { type Content, chunks, slice } from '../content/content.ts';
import type { Reply } from './protocol.ts';

/** What may slow an answer down or end it early. */
export interface Delivery {
  /** The request's way through a modelled network. */
  readonly passage: Passage | undefined;
  /** The answer ends after this many bytes of its body. */
  truncateAt?: number;
  /** What happens there: the connection ends, or stays without another byte. */
  truncation?: 'cut' | 'stall';
}

/** Thrown where a fault cuts the connection. */
export class ConnectionCut extends Error {}

/** @throws ConnectionCut where a fault wants the connection to end */
export async function deliver(
  response: ServerResponse,
  request: IncomingMessage,
  reply: Reply,
  delivery: Delivery,
): Promise<void> {
  const { status, headers, body } = reply;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
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
  if (delivery.truncateAt !== undefined && sizeBytes > 0) {
    await truncate(response, body, Math.min(delivery.truncateAt, sizeBytes - 1), delivery.truncation);
  }
  if (typeof body === 'string') {
    response.end(body);
    return;
  }
  await stream(response, body, delivery.passage);
  response.end();
}

async function truncate(
  response: ServerResponse,
  body: string | Content,
  afterBytes: number,
  truncation: Delivery['truncation'],
): Promise<never> {
  response.flushHeaders();
  if (typeof body === 'string') {
    await new Promise((resolve) => response.write(body.slice(0, afterBytes), resolve));
  } else {
    await stream(response, slice(body, 0, afterBytes));
    await new Promise((resolve) => response.write('', resolve));
  }
  if (truncation === 'stall') await pause(response, Number.POSITIVE_INFINITY);
  throw new ConnectionCut();
}

async function stream(response: ServerResponse, content: Content, passage?: Passage): Promise<void> {
  for await (const chunk of passage === undefined ? chunks(content) : passage.paced(asynchronous(content))) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await writable(response);
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

/** Waits, but no longer than the connection lives. */
export async function pause(response: ServerResponse, delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = Number.isFinite(delayMs) ? setTimeout(resolve, delayMs) : undefined;
  response.once('close', resolve);
  await promise;
  clearTimeout(timer);
  response.off('close', resolve);
  if (response.destroyed) throw new ConnectionCut();
}
