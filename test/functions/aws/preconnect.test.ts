// Connections are opened before they are needed, taken by the requests that follow, and closed when nobody does.
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Origin, Preconnector } from '../../../functions/sync-artifacts/aws/transport/preconnect.ts';

describe('connections', () => {
  let server: Server;
  let origin: Origin;
  let accepted = 0;

  beforeEach(async () => {
    accepted = 0;
    server = createServer((_, response) => response.end('ok'));
    server.on('connection', () => accepted++);
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
    connections.connect(origin, 3);
    await opened(3);
    await Promise.all([request(connections), request(connections), request(connections)]);
    expect(accepted).toBe(3);
    connections.httpAgent.destroy();
  });

  it('are opened only as far as there are not enough', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 });
    await request(connections);
    connections.connect(origin, 3);
    connections.connect(origin, 3);
    await opened(3);
    await Promise.all(Array.from({ length: 5 }, () => request(connections)));
    expect(accepted).toBe(5);
    connections.httpAgent.destroy();
  });

  it('that the server closed in the meantime are not used', async () => {
    const connections = new Preconnector({ keepAlive: true, maxSockets: 10 });
    connections.connect(origin, 1);
    const [socket] = await once(server, 'connection');
    socket.destroy();
    while (accepted < 2) {
      connections.connect(origin, 1);
      await setImmediate();
    }
    await request(connections);
    expect(accepted).toBe(2);
    connections.httpAgent.destroy();
  });
});
