// A reverse proxy that puts the modelled network in front of any S3 server.
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { WanModel } from './model.ts';
import { type Passage, SLOW_DOWN_DOCUMENT, Wan } from './network.ts';
import { ObjectSizes } from './sizes.ts';

/** Bodies up to this size leave at once: the round trip carries them. 64 KiB take 1.3 ms of modelled time. */
const UNPACED_BYTES = 64 * 1024;

/** Longer than any client keeps a connection for reuse, so that the client decides. */
const KEEP_ALIVE_MS = 120_000;

/** A running proxy. */
export interface WanProxy extends AsyncDisposable {
  readonly endpoint: string;
  readonly wan: Wan;
  close(): Promise<void>;
}

/** What to put the network in front of, and where to listen. */
interface WanProxyOptions {
  /** The S3 server, `http://host:port`. */
  readonly upstream: string;
  /** Port to listen on; 0 (the default) takes a free one. */
  readonly port?: number;
  readonly model?: Partial<WanModel>;
}

/** Starts the proxy on the loopback interface. The `Host` header passes unchanged, since clients sign it. */
export async function startWanProxy(options: WanProxyOptions): Promise<WanProxy> {
  const wan = new Wan(options.model);
  const upstream = new URL(options.upstream);
  const sizes = new ObjectSizes(upstream, wan.model.homeRegion);
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, noDelay: true });
  server.on('connection', (socket) => wan.opened(socket));
  server.on('request', (request, response) => {
    forward(wan, sizes, agent, upstream, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    agent.destroy();
    sizes.close();
    await new Promise((closed) => server.close(closed));
  };
  return { endpoint: `http://127.0.0.1:${port}`, wan, close, [Symbol.asyncDispose]: close };
}

async function forward(
  wan: Wan,
  sizes: ObjectSizes,
  agent: Agent,
  upstream: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const passage = wan.arrived(request);
  if (passage.refused) {
    request.resume();
    await passage.due();
    response.writeHead(503, { 'content-type': 'application/xml' }).end(SLOW_DOWN_DOCUMENT);
    return;
  }
  const copyBytes = copiedBytes(sizes, passage, request);
  const answer = await ask(agent, upstream, request);
  sizes.learn(request, passage.request.uploadBytes, answer);
  // A refused copy moves nothing.
  await passage.due(answer.statusCode === 200 ? await copyBytes : 0);
  response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  const isLong = Number(answer.headers['content-length'] ?? Number.POSITIVE_INFINITY) > UNPACED_BYTES;
  const body = request.method === 'GET' && isLong ? Readable.from(passage.paced(answer)) : answer;
  await pipeline(body, response);
}

/** Sends the request on and resolves with the head of the answer; rejects when the upstream or the client goes away. */
function ask(agent: Agent, upstream: URL, request: IncomingMessage): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const onward = sendRequest({
      agent,
      host: upstream.hostname,
      port: upstream.port === '' ? 80 : upstream.port,
      method: request.method,
      path: request.url,
      headers: request.rawHeaders,
      setHost: false,
    });
    onward.on('response', resolve);
    onward.on('error', reject);
    pipeline(request, onward).catch(reject);
  });
}

async function copiedBytes(sizes: ObjectSizes, passage: Passage, request: IncomingMessage): Promise<number> {
  const source = request.headers['x-amz-copy-source'];
  if (passage.request.kind !== 'copy' || typeof source !== 'string') return 0;
  return passage.request.copyBytes ?? (await sizes.of(source));
}
