// The clocks of the modelled network: deadlines, handshakes and write rates.
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines } from '../../../local/wan/deadlines.ts';
import { Wan } from '../../../local/wan/network.ts';
import { WriteRate } from '../../../local/wan/write-rate.ts';

/** A busy machine may be this late; never early by more than half a tick. */
const EARLY_MS = 0.6;
/** What Node's timers are worth, on a clock that nothing else delays. */
const TICK_MS = 1;

describe('deadlines', () => {
  it('are reached in their order, whatever the order they were set in', async () => {
    const deadlines = new Deadlines();
    const reached: number[] = [];
    const startMs = performance.now();
    await Promise.all(
      [30, 5, 20, 10, 25, 15].map((delayMs) =>
        deadlines.reached(startMs + delayMs).then(() => reached.push(delayMs)),
      ),
    );
    expect(reached).toEqual([5, 10, 15, 20, 25, 30]);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(30 - EARLY_MS);
  });

  it('are reached at once when they have passed', async () => {
    const startMs = performance.now();
    await new Deadlines().reached(startMs - 1000);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('the write rate of a prefix', () => {
  it('admits the limit within a second, and again what has left the second', () => {
    const rate = new WriteRate(3);
    const admitted = [0, 100, 200, 300, 999, 1000, 1050, 1100].map((atMs) => rate.admits('/bucket/', atMs));
    expect(admitted).toEqual([true, true, true, false, false, true, false, true]);
  });

  it('counts every prefix alone', () => {
    const rate = new WriteRate(1);
    expect(rate.admits('/one/', 0)).toBe(true);
    expect(rate.admits('/two/', 0)).toBe(true);
    expect(rate.admits('/one/', 0)).toBe(false);
  });
});

describe('a connection', () => {
  const ROUND_TRIP_MS = 40;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** How long two requests on one connection take, the first sent this long after the connection was opened. */
  async function answerTimes(waitMsBeforeFirst: number): Promise<number[]> {
    const wan = new Wan({ roundTripMs: { 'us-east-1': ROUND_TRIP_MS } });
    const socket = new Socket();
    wan.opened(socket);
    await vi.advanceTimersByTimeAsync(waitMsBeforeFirst);
    const times: number[] = [];
    for (let request = 0; request < 2; request++) {
      const sentMs = performance.now();
      const answered = wan.arrived(new IncomingMessage(socket)).due();
      void answered.then(() => times.push(performance.now() - sentMs));
      await vi.runAllTimersAsync();
      await answered;
    }
    return times;
  }

  it('costs two round trips before its first request, and none before its second', async () => {
    const [first = 0, second = 0] = await answerTimes(0);
    expect(Math.abs(first - 3 * ROUND_TRIP_MS)).toBeLessThanOrEqual(TICK_MS);
    expect(Math.abs(second - ROUND_TRIP_MS)).toBeLessThanOrEqual(TICK_MS);
  });

  it('that was opened ahead of need has its handshake behind it', async () => {
    const [first = 0] = await answerTimes(2 * ROUND_TRIP_MS);
    expect(Math.abs(first - ROUND_TRIP_MS)).toBeLessThanOrEqual(TICK_MS);
  });
});

describe('a body', () => {
  it('travels at the speed of one download', async () => {
    const wan = new Wan({ transferBytesPerSecond: 10e6 });
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const received = once(server, 'request');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write('GET /bucket/key HTTP/1.1\r\nhost: here\r\n\r\n');
    const [message] = await received;
    const startMs = performance.now();
    let bytes = 0;
    for await (const piece of wan.arrived(message).paced(chunks(1_000_000))) {
      bytes += piece.byteLength;
    }
    socket.destroy();
    server.close();
    expect(bytes).toBe(1_000_000);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(100 - EARLY_MS);
  });
});

async function* chunks(sizeBytes: number): AsyncIterable<Uint8Array> {
  yield new Uint8Array(sizeBytes / 2);
  yield new Uint8Array(sizeBytes / 2);
}
