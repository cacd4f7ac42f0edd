// Connections to S3, some of them opened before they are needed: a new one costs two round trips, TCP and TLS.
import type { ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { type AgentOptions, Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { MAX_OPEN_CONNECTIONS } from '../limits.ts';

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
  readonly #maxOpen: number;
  /** One for all connections: each would make its own, which takes 0.2 ms of processor time and 20 KB. */
  #secureContext: SecureContext | undefined;

  /** @param maxOpen  connections to all endpoints together */
  constructor(options: AgentOptions, maxOpen = MAX_OPEN_CONNECTIONS) {
    this.#options = options;
    this.#maxOpen = maxOpen;
    this.httpAgent = this.#reuseIdle(new http.Agent(options));
    this.httpsAgent = this.#reuseIdle(new HttpsAgent(options));
  }

  /**
   * Opens connections until `count` requests to an endpoint can be sent at once without waiting for a handshake.
   * @returns when each new one knows its address, and so is on its way
   */
  connect(origin: Origin, count: number): readonly Promise<void>[] {
    const { agent, options, name } = this.#endpoint(origin);
    const waiting = this.#waitingFor(name);
    this.#waiting.set(name, waiting);
    const known =
      waiting.length + (agent.sockets[name]?.length ?? 0) + (agent.freeSockets[name]?.length ?? 0);
    const leaving: Promise<void>[] = [];
    for (let opened = known; opened < Math.min(count, agent.maxSockets); opened++) {
      if (!this.#makeRoom(name)) break;
      const socket = this.#create.get(agent)?.({ ...options });
      if (!socket) continue;
      waiting.push(new IdleConnection(socket));
      leaving.push(addressKnown(socket, origin));
    }
    return leaving;
  }

  /** How many connections to an endpoint are open or opening, and have nothing to do. */
  idle(origin: Origin): number {
    const { agent, name } = this.#endpoint(origin);
    return this.#waitingFor(name).length + (agent.freeSockets[name]?.length ?? 0);
  }

  #waitingFor(name: string): IdleConnection[] {
    return (this.#waiting.get(name) ?? []).filter(({ destroyed }) => !destroyed);
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

  /** Connections to all endpoints that have carried a request and have nothing to do. */
  get used(): number {
    const free = [this.httpAgent, this.httpsAgent].flatMap(({ freeSockets }) => Object.values(freeSockets));
    return free.flatMap((sockets = []) => sockets.filter(({ destroyed }) => !destroyed)).length;
  }

  /** Makes an agent take a connection that was opened ahead before it opens another (Node.js, `agent.createConnection`). */
  #reuseIdle<T extends HttpAgent>(agent: T): T {
    const plain = agent.createConnection.bind(agent);
    const create: CreateConnection =
      agent instanceof HttpsAgent
        ? (options, callback) =>
            plain(Object.assign(options, { secureContext: this.#sharedContext() }), callback)
        : plain;
    this.#create.set(agent, create);
    agent.createConnection = (options: ClientRequestArgs, callback) => {
      const name = agent.getName(options);
      const waiting = this.#waiting.get(name) ?? [];
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const socket = next.take();
        if (socket !== undefined) return socket;
      }
      this.#makeRoom(name);
      return create(options, callback);
    };
    return agent;
  }

  /** Made with the first connection, not at import: it loads the certificates of all authorities. */
  #sharedContext(): SecureContext {
    this.#secureContext ??= process
      .getBuiltinModule('node:tls')
      .createSecureContext(this.#options as SecureContextOptions);
    return this.#secureContext;
  }

  /** Where one connection more would be too many, closes one to another endpoint that has nothing to do; `false` when none has. */
  #makeRoom(name: string): boolean {
    const agents = [this.httpAgent, this.httpsAgent];
    const free = agents.flatMap(({ freeSockets }) => Object.entries(freeSockets));
    const used = agents.flatMap(({ sockets }) => Object.values(sockets));
    const lists = [...this.#waiting.values(), ...used, ...free.map(([, sockets]) => sockets)];
    if (lists.reduce((sum, list = []) => sum + list.length, 0) < this.#maxOpen) return true;
    // The agent forgets what is closed a moment later.
    if (lists.flatMap((list = []) => list.filter(({ destroyed }) => !destroyed)).length < this.#maxOpen)
      return true;
    const isElsewhere = ([endpoint]: readonly [string, unknown]): boolean => endpoint !== name;
    const idle = [
      ...free.filter(isElsewhere).flatMap(([, sockets = []]) => sockets),
      ...[...this.#waiting].filter(isElsewhere).flatMap(([, connections]) => connections),
    ].find(({ destroyed }) => !destroyed);
    idle?.destroy();
    return idle !== undefined;
  }
}

/** Node.js connects in the turn after it has the address; an address that is given is looked up nowhere. */
async function addressKnown(socket: Duplex, { hostname }: Origin): Promise<void> {
  if (isIP(hostname) === 0) {
    await new Promise<void>((resolve) => {
      socket.once('lookup', () => resolve()).once('close', resolve);
    });
  }
  await setImmediate();
}

/** A connection that waits to be taken, and closes when it is not. */
class IdleConnection {
  readonly #socket: Duplex;
  readonly #timer: NodeJS.Timeout;
  // An error shows when the connection is taken: another one is opened then.
  readonly destroy = (): void => void this.#socket.destroy();

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.#timer = setTimeout(this.destroy, UNUSED_MS);
    this.#timer.unref();
    socket.on('error', this.destroy);
    // Before a request there is nothing to read but the end.
    socket.on('readable', this.destroy);
  }

  /** It was closed: by the other side, since nobody took it, or to make room. */
  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** The connection, if it is still good. */
  take(): Duplex | undefined {
    clearTimeout(this.#timer);
    this.#socket.off('error', this.destroy);
    this.#socket.off('readable', this.destroy);
    return this.destroyed ? undefined : this.#socket;
  }
}
