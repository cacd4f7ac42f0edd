// The modelled network as a reverse proxy in front of another server.
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWanProxy, type WanProxy } from '../../../local/wan/proxy-server.ts';

const OBJECT_BYTES = 4_000_000;

describe('the proxy', () => {
  let upstream: Server;
  let proxy: WanProxy;
  const seen: IncomingMessage[] = [];

  beforeAll(async () => {
    // Knows one object of 4 MB; echoes what it was sent.
    upstream = createServer((message, response) => {
      seen.push(message);
      if (message.method === 'HEAD') {
        response.writeHead(200, { 'content-length': OBJECT_BYTES }).end();
        return;
      }
      const body: Buffer[] = [];
      message.on('data', (chunk: Buffer) => body.push(chunk));
      message.on('end', () => response.writeHead(200, { 'x-answer': 'yes' }).end(Buffer.concat(body)));
    });
    upstream.listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    proxy = await startWanProxy({
      upstream: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
      model: { roundTripMs: { 'us-east-1': 20 }, handshakeRoundTrips: 0, writesPerSecondPerPrefix: 3 },
    });
  });

  afterAll(async () => {
    await proxy.close();
    upstream.close();
  });

  async function send(method: string, path: string, headers: Record<string, string> = {}, body = '') {
    const startMs = performance.now();
    const outgoing = request(`${proxy.endpoint}${path}`, { method, headers });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer) {
      text += String(chunk);
    }
    return { status: answer.statusCode, headers: answer.headers, text, ms: performance.now() - startMs };
  }

  it('passes requests and answers on unchanged, a round trip later', async () => {
    const answer = await send(
      'PUT',
      '/pass/key?x=1',
      { host: 'signed.example:99', 'content-length': '5' },
      'hello',
    );
    expect(answer).toMatchObject({ status: 200, text: 'hello', headers: { 'x-answer': 'yes' } });
    expect(answer.ms).toBeGreaterThanOrEqual(19);
    expect(seen.at(-1)?.headers.host).toBe('signed.example:99');
    expect(seen.at(-1)?.url).toBe('/pass/key?x=1');
  });

  it('times a copy by the size that it has seen in the answer to a HEAD', async () => {
    await send('HEAD', '/source/key');
    const answer = await send('PUT', '/copies/key', { 'x-amz-copy-source': 'source/key' });
    // 20 ms, 30 ms, and 4 MB at 80 MB/s.
    expect(answer.ms).toBeGreaterThanOrEqual(99);
  });

  it('answers SlowDown to a prefix that is written too often, and keeps it from the server', async () => {
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => send('PUT', `/busy/p/key${index}`)),
    );
    const refused = answers.filter((answer) => answer.status === 503);
    expect(refused).toHaveLength(2);
    expect(refused[0]?.text).toContain('<Code>SlowDown</Code>');
    expect(seen.filter((message) => message.url?.startsWith('/busy/'))).toHaveLength(3);
  });
});
