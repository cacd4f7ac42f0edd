// Measures how precisely the modelled network keeps its times under load, as a client sees them.
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DEFAULT_WAN_MODEL } from './model.ts';
import { Wan } from './network.ts';
import { describeRequest, responseTimeMs } from './request.ts';
import { Samples } from './samples.ts';

/** Modelled against actual answer times of one load, in milliseconds; positive is late. */
interface Precision {
  readonly concurrency: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  /** At the server: when the answer was let go. */
  readonly serverP50: number;
  readonly serverP99: number;
  /** At the client: what its clock saw, HTTP and its own queueing included. */
  readonly clientP50: number;
  readonly clientP99: number;
  /** CPU of both sides over elapsed time: near 2 means that the machine, not the model, decides. */
  readonly cpuShare: number;
  readonly eventLoopDelayP99: number;
}

/** How long each load runs. */
const LOAD_MS = 2000;

/** Runs part copies to all regions of the model at rising concurrency, server and clients in this one process. */
export async function measurePrecision(
  concurrencies: readonly number[] = [1, 16, 64, 256],
): Promise<Precision[]> {
  const wan = new Wan({ writesPerSecondPerPrefix: 1_000_000 });
  const server = createServer((message, response) => {
    void wan
      .arrived(message)
      .due()
      .then(() => response.end());
  });
  server.on('connection', (socket) => wan.opened(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const results: Precision[] = [];
  for (const concurrency of concurrencies) {
    results.push(await measureLoad(wan, port, concurrency));
  }
  server.closeAllConnections();
  server.close();
  return results;
}

async function measureLoad(wan: Wan, port: number, concurrency: number): Promise<Precision> {
  const clientMs = new Samples();
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const regions = Object.keys(DEFAULT_WAN_MODEL.roundTripMs);
  const eventLoop = monitorEventLoopDelay({ resolution: 1 });
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  wan.latenessMs.clear();
  eventLoop.enable();
  await Promise.all(
    Array.from({ length: concurrency }, async (_, index) => {
      const head = partCopyHead(regions[index % regions.length] ?? 'us-east-1');
      const describes = describeRequest(head, wan.model.homeRegion);
      const modelledMs = responseTimeMs(wan.model, describes, describes.copyBytes ?? 0);
      for (let first = true; performance.now() - startMs < LOAD_MS; first = false) {
        const sentMs = performance.now();
        await answered(agent, port, head);
        // The first request of a connection waits for the handshake too.
        if (!first) {
          clientMs.add(performance.now() - sentMs - modelledMs);
        }
      }
    }),
  );
  eventLoop.disable();
  agent.destroy();
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  return {
    concurrency,
    requests: wan.latenessMs.count,
    requestsPerSecond: Math.round(wan.latenessMs.count / (elapsedMs / 1000)),
    serverP50: rounded(wan.latenessMs.quantile(0.5)),
    serverP99: rounded(wan.latenessMs.quantile(0.99)),
    clientP50: rounded(clientMs.quantile(0.5)),
    clientP99: rounded(clientMs.quantile(0.99)),
    cpuShare: rounded((user + system) / 1000 / elapsedMs),
    eventLoopDelayP99: rounded(eventLoop.percentile(99) / 1e6),
  };
}

function partCopyHead(region: string): { method: string; url: string; headers: Record<string, string> } {
  return {
    method: 'PUT',
    url: '/destination/key?partNumber=1&uploadId=1',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/${region}/s3/aws4_request`,
      'x-amz-copy-source': 'source/key',
      'x-amz-copy-source-range': 'bytes=0-5242879',
    },
  };
}

function answered(agent: Agent, port: number, head: ReturnType<typeof partCopyHead>): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { agent, host: '127.0.0.1', port, method: head.method, path: head.url, headers: head.headers },
      (response) => response.resume().on('end', resolve),
    );
    sent.on('error', reject).end();
  });
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
