// Connections to S3, some of them opened before they are needed: a new one costs two round trips, TCP and TLS.
import type { AgentOptions, ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';

/** Where an endpoint listens. */
export interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
}

/** A connection that nobody took after this time, in milliseconds, is closed. */
const UNUSED_MS = 10_000;

/** Not imported: the module form of `node:http` loads everything that it could export, WebSocket and fetch among it. */
const http = process.getBuiltinModule('node:http');

type CreateConnection = HttpAgent['createConnection'];

/** The agents of all S3 clients, and what was opened for them ahead of need. */
export class Preconnector {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
  readonly #create = new Map<HttpAgent, CreateConnection>();
  readonly #waiting = new Map<string, IdleConnection[]>();

  readonly #options: AgentOptions;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.httpAgent = this.#reuseIdle(new http.Agent(options));
    this.httpsAgent = this.#reuseIdle(new HttpsAgent(options));
  }

  /** Opens connections until `count` requests to an endpoint can be sent at once without waiting for a handshake. */
  connect(origin: Origin, count: number): void {
    const { agent, options, name } = this.#endpoint(origin);
    const waiting = (this.#waiting.get(name) ?? []).filter(({ closed }) => !closed);
    this.#waiting.set(name, waiting);
    const known =
      waiting.length + (agent.sockets[name]?.length ?? 0) + (agent.freeSockets[name]?.length ?? 0);
    for (let opened = known; opened < Math.min(count, agent.maxSockets); opened++) {
      const socket = this.#create.get(agent)?.({ ...options });
      if (socket) waiting.push(new IdleConnection(socket));
    }
  }

  /** How many connections to an endpoint are open or opening, and have nothing to do. */
  idle(origin: Origin): number {
    const { agent, name } = this.#endpoint(origin);
    const waiting = (this.#waiting.get(name) ?? []).filter(({ closed }) => !closed);
    return waiting.length + (agent.freeSockets[name]?.length ?? 0);
  }

  #endpoint({ protocol, hostname, port }: Origin) {
    const agent = protocol === 'http:' ? this.httpAgent : this.httpsAgent;
    const options = {
      ...this.#options,
      host: hostname,
      port: port ?? (protocol === 'http:' ? 80 : 443),
      // As Node.js names it for requests: an address is no name of a server (RFC 6066).
      servername: isIP(hostname) === 0 ? hostname : '',
    };
    const name = agent.getName(options);
    // By this name the agent keeps TLS sessions, with which later connections save half of their handshake.
    return { agent, options: { ...options, _agentKey: name }, name };
  }

  /** Makes an agent take a connection that was opened ahead before it opens another (Node.js, `agent.createConnection`). */
  #reuseIdle<T extends HttpAgent>(agent: T): T {
    const create = agent.createConnection.bind(agent);
    this.#create.set(agent, create);
    agent.createConnection = (options: ClientRequestArgs, callback) => {
      const waiting = this.#waiting.get(agent.getName(options)) ?? [];
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const socket = next.take();
        if (socket !== undefined) return socket;
      }
      return create(options, callback);
    };
    return agent;
  }
}

/** A connection that waits to be taken, and closes when it is not. */
class IdleConnection {
  readonly #socket: Duplex;
  readonly #timer: NodeJS.Timeout;
  // An error shows when the connection is taken: another one is opened then.
  readonly #close = (): void => void this.#socket.destroy();

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#timer = setTimeout(this.#close, UNUSED_MS);
    this.#timer.unref();
    socket.on('error', this.#close);
    // Before a request there is nothing to read but the end.
    socket.on('readable', this.#close);
  }

  /** It was closed, by the other side or since nobody took it. */
  get closed(): boolean {
    return this.#socket.destroyed;
  }

  /** The connection, if it is still good. */
  take(): Duplex | undefined {
    clearTimeout(this.#timer);
    this.#socket.off('error', this.#close);
    this.#socket.off('readable', this.#close);
    return this.closed ? undefined : this.#socket;
  }
}
