// Connections are opened before they are needed, taken by the requests that follow, and closed when nobody does.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import { createServer as createTlsServer, get as getWithTls, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeCertificates } from '../../../bench/server/certificates.ts';
import { type Origin, Preconnector } from '../../../functions/sync-artifacts/aws/transport/preconnect.ts';

describe('connections', () => {
  let server: Server;
  let origin: Origin;
  let accepted = 0;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    accepted = 0;
    sockets.clear();
    server = createServer((_, response) => response.end('ok'));
    server.on('connection', (socket) => {
      accepted++;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    origin = { protocol: 'http:', hostname: '127.0.0.1', port };
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const request = async (connections: Preconnector): Promise<void> => {
    const [response] = await once(
      get({ host: origin.hostname, port: origin.port, agent: connections.httpAgent }),
      'response',
    );
    response.resume();
    await once(response, 'end');
  };

  const opened = async (count: number): Promise<void> => {
    while (accepted < count) await once(server, 'connection');
  };

  it('are open before the first request, which opens no other', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 });
    void connections.connect(origin, 3);
    await opened(3);
    await Promise.all([request(connections), request(connections), request(connections)]);
    expect(accepted).toBe(3);
    connections.httpAgent.destroy();
  });

  it('are opened only as far as there are not enough', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 });
    await request(connections);
    void connections.connect(origin, 3);
    void connections.connect(origin, 3);
    await opened(3);
    await Promise.all(Array.from({ length: 5 }, () => request(connections)));
    expect(accepted).toBe(5);
    connections.httpAgent.destroy();
  });

  it('that the server closed in the meantime are not used', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 });
    void connections.connect(origin, 1);
    const [socket] = await once(server, 'connection');
    socket.destroy();
    while (accepted < 2) {
      void connections.connect(origin, 1);
      await setImmediate();
    }
    await request(connections);
    expect(accepted).toBe(2);
    connections.httpAgent.destroy();
  });

  it('are never more than may be open: one to another endpoint that has nothing to do is closed first', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 }, 3);
    const elsewhere = { ...origin, hostname: 'localhost' };
    void connections.connect(elsewhere, 2);
    await opened(2);
    await Promise.all([request(connections), request(connections), request(connections)]);
    while (sockets.size > 3) await setImmediate();
    expect(accepted).toBe(5);
    void connections.connect(elsewhere, 5);
    await opened(8);
    while (sockets.size > 3) await setImmediate();
    expect(accepted).toBe(8);
    connections.httpAgent.destroy();
  });
});

describe('connections over TLS', () => {
  let server: TlsServer;
  let origin: Origin;
  let ca: Buffer;
  const reused: boolean[] = [];

  beforeEach(async () => {
    const { certificate, authorityFile } = await makeCertificates();
    ca = await readFile(authorityFile);
    server = createTlsServer(certificate, (_, response) => response.end('ok'));
    server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = { protocol: 'https:', hostname: '127.0.0.1', port: (server.address() as AddressInfo).port };
  });

  afterEach(() => {
    reused.length = 0;
    server.closeAllConnections();
    server.close();
  });

  const request = async ({ httpsAgent: agent }: Preconnector, to: Origin): Promise<void> => {
    const { hostname: host, port } = to;
    const servername = host === 'localhost' ? { servername: host } : {};
    const [response] = await once(getWithTls({ host, port, agent, ...servername }), 'response');
    response.resume();
    await once(response, 'end');
  };

  it('that are opened ahead resume the session of an earlier one', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10, ca });
    const named = { ...origin, hostname: 'localhost' };
    await request(connections, named);

    void connections.connect(named, 3);
    while (reused.length < 3) await once(server, 'secureConnection');

    expect(reused).toEqual([false, true, true]);
    connections.httpsAgent.destroy();
  });

  it('are taken by requests to an address, and give later ones their session', async () => {
    const connections = new Preconnector({ keepAlive: false, rejectUnauthorized: false });
    await Promise.all(connections.connect(origin, 1));

    await request(connections, origin);
    await request(connections, origin);

    expect(reused).toEqual([false, true]);
    connections.httpsAgent.destroy();
  });

  it('to a name are on their way when it has been looked up', async () => {
    const connections = new Preconnector({ keepAlive: true, rejectUnauthorized: false });
    const named = { ...origin, hostname: 'localhost' };

    await Promise.all(connections.connect(named, 1));

    expect(connections.idle(named)).toBe(1);
    connections.httpsAgent.destroy();
  });
});
