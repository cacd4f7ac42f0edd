// Starts the embedded AWS: S3, CodePipeline, KMS, Lambda, IAM and STS of all regions behind one loopback endpoint.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import type { Network } from '../wan/network.ts';
import type { FaultHook } from './faults/faults.ts';
import type { TlsVersion } from './http/global-facts.ts';
import { requestListener } from './http/server.ts';
import { Spool } from './http/spool.ts';
import { jsonProtocol } from './json/protocol.ts';
import { isQuery, queryProtocol } from './query/protocol.ts';
import { isLambda, lambdaProtocol } from './rest/lambda.ts';
import { s3Protocol } from './s3/protocol.ts';
import type { Credentials } from './state/identities.ts';
import { DEFAULT_ACCOUNT_ID, World } from './state/world.ts';

/** A running embedded AWS. */
export interface EmbeddedAws extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`: S3 (path style), CodePipeline, KMS, Lambda, IAM and STS on one port, for all regions. */
  readonly endpoint: string;
  /** The administrator of account 111122223333, whom everything is allowed. */
  readonly admin: Credentials;
  /** The in-process control plane. */
  readonly world: World;
  close(): Promise<void>;
}

/** How it is started. */
export interface EmbeddedAwsOptions {
  /** A free port by default. */
  readonly port?: number;
  /** Loopback by default. */
  readonly host?: string;
  /** Where large uploads go, in files that are unlinked at once; the system's temporary directory by default. */
  readonly spoolDirectory?: string;
  /** How much of them stays in memory before the rest goes there. @default 256 MiB */
  readonly spoolAfterBytes?: number;
  /** Decides for each request whether and how it fails. */
  readonly faults?: FaultHook;
  /**
   * A modelled network before the server. It hears of every connection (`opened`) and, before anything else is done
   * about it, of every request (`arrived`): a refused one gets 503 SlowDown, the others' answers leave when they are `due`.
   */
  readonly network?: Network;
  /** Serves https with this certificate instead of http. */
  readonly tls?: Certificate;
  /** What policies see of the transport, which on loopback mostly is plain HTTP: TLS 1.3 by default. */
  readonly tlsVersion?: TlsVersion;
  /** The administrator's credentials; random ones by default. */
  readonly admin?: Credentials;
}

/** A server's certificate with its private key, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** Idle connections stay open longer than clients keep them, so that no request meets a closing one. */
const KEEP_ALIVE_MS = 60_000;

/** Starts a new, empty embedded AWS. */
export async function startEmbeddedAws(options: EmbeddedAwsOptions = {}): Promise<EmbeddedAws> {
  const world = new World();
  const admin = world.addIdentity({
    principalArn: `arn:aws:iam::${DEFAULT_ACCOUNT_ID}:user/admin`,
    may: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    ...(options.admin && { credentials: options.admin }),
  });
  const { tlsVersion = '1.3' } = options;
  const s3 = s3Protocol(
    world,
    new Spool(options.spoolDirectory ?? tmpdir(), options.spoolAfterBytes),
    tlsVersion,
  );
  const json = jsonProtocol(world, tlsVersion);
  const query = queryProtocol(world, tlsVersion);
  const lambda = lambdaProtocol(world, tlsVersion);
  const server = serverFor(
    options.tls,
    requestListener({
      protocolOf: (request) =>
        request.headers['x-amz-target'] !== undefined
          ? json
          : isQuery(request)
            ? query
            : isLambda(request)
              ? lambda
              : s3,
      faults: options.faults,
      network: options.network,
      log: (request) => world.logRequest(request),
    }),
  );
  const { network } = options;
  if (network !== undefined) announceConnections(server, network, options.tls !== undefined);
  const host = options.host ?? '127.0.0.1';
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new Error(`expected a TCP address, found ${String(address)}`);
  }
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    endpoint: `${options.tls === undefined ? 'http' : 'https'}://${host}:${address.port}`,
    admin: admin.credentials,
    world,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function serverFor(tls: Certificate | undefined, listener: RequestListener): Server {
  const options = { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 };
  return tls === undefined
    ? createServer(options, listener)
    : createTlsServer({ ...options, ...tls }, listener);
}

/** Requests come on the TLS socket, but the connection began before its handshake. */
function announceConnections(server: Server, network: Network, secure: boolean): void {
  if (!secure) {
    server.on('connection', (socket: Socket) => network.opened(socket));
    return;
  }
  const acceptedAtMs = new Map<number | undefined, number>();
  server.on('connection', ({ remotePort }: Socket) => acceptedAtMs.set(remotePort, performance.now()));
  server.on('secureConnection', (socket: Socket) =>
    network.opened(socket, acceptedAtMs.get(socket.remotePort)),
  );
}
