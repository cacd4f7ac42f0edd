// An S3 server with less than AWS has: a proxy that answers some requests itself and strips headers from the answers to others.
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What the server lacks. */
export interface Lacks {
  /** Answered here instead of being passed on. */
  readonly answer?: (asked: Asked) => Answer | undefined;
  /** Headers that no answer has, as prefixes of their names. */
  readonly headers?: readonly string[];
  /** Headers that an answer has, whatever is true. */
  readonly claims?: (asked: Asked) => Readonly<Record<string, string>>;
  /** Changes the XML of answers. */
  readonly rewrite?: (xml: string) => string;
}

export interface Asked {
  readonly method: string;
  /** The path, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Answer {
  readonly status: number;
  readonly body?: string;
}

interface LimitedServer extends AsyncDisposable {
  readonly endpoint: string;
}

/** Starts such a server in front of another endpoint. Signatures stay valid: the Host header is passed on as it is. */
export async function startLimitedServer(behind: string, lacks: Lacks): Promise<LimitedServer> {
  const server = createServer((asked, reply) => {
    const url = new URL(asked.url ?? '/', behind);
    const question = { method: asked.method ?? 'GET', path: url.pathname, query: url.searchParams };
    const answer = lacks.answer?.(question);
    if (answer !== undefined) {
      asked.resume();
      reply.writeHead(answer.status, { 'content-type': 'application/xml' });
      reply.end(asked.method === 'HEAD' ? undefined : answer.body);
      return;
    }
    const { method, headers } = asked;
    const passed = request(
      { host: url.hostname, port: url.port, path: asked.url, method, headers },
      (answered) => {
        const kept = { ...without(answered, lacks.headers ?? []), ...lacks.claims?.(question) };
        if (lacks.rewrite === undefined || !/xml/.test(answered.headers['content-type'] ?? '')) {
          reply.writeHead(answered.statusCode ?? 500, kept);
          answered.pipe(reply);
          return;
        }
        const { rewrite } = lacks;
        void text(answered).then((xml) => {
          const body = rewrite(xml);
          reply.writeHead(answered.statusCode ?? 500, { ...kept, 'content-length': Buffer.byteLength(body) });
          reply.end(body);
        });
      },
    );
    passed.on('error', () => reply.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function without({ headers }: IncomingMessage, prefixes: readonly string[]): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(
    ([name]) => !prefixes.some((prefix) => name.startsWith(prefix)),
  );
  return Object.fromEntries(kept);
}
