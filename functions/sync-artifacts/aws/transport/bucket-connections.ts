// Connections to buckets, wherever their endpoints listen. Needs nothing of the SDK, so that the first ones open while it loads.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../settings.ts';
import { endpointOf } from './endpoint.ts';
import { type Origin, Preconnector } from './preconnect.ts';

/** Sockets beyond the copy requests in flight: facts, listings, completions. */
const SPARE_SOCKETS = 64;
/** Connections that are opened ahead: each costs 2 ms of CPU, which the start of a process has to spare while it loads and waits. */
const MAX_AHEAD = 16;
/** A resolver that takes longer than this, in milliseconds, is not waited for: what Lambda asks answers in one or two. */
const LOOKUP_MS = 10;
/** First requests of a job to one destination: one for each of five artifacts (CodePipeline quotas); or to look, list and create. */
const FIRST_REQUESTS = 5;

/** How many requests a bucket is going to get at once. */
export interface ExpectedRequests {
  readonly bucket: string;
  readonly region: string;
  readonly count: number;
}

/** All connections of a container to S3. */
export class BucketConnections {
  /** Its agents belong to every S3 client. */
  readonly preconnector: Preconnector;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    const maxSockets = settings.maxConcurrency + SPARE_SOCKETS;
    this.preconnector = new Preconnector({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets });
  }

  /** Opens connections for the first requests to the buckets of the sets. What is wrong with a set, the job that asks for it tells. */
  async openAhead(): Promise<void> {
    const regions = regionsOf(this.#settings.destinationSets);
    const count = Math.max(1, Math.min(FIRST_REQUESTS, Math.floor(MAX_AHEAD / regions.size)));
    await this.open([...regions].map(([bucket, region]) => ({ bucket, region, count })));
  }

  /** Opens connections for requests that will come soon. Resolves when they are on their way: a busy processor would keep them from it. */
  async open(requests: readonly ExpectedRequests[]): Promise<void> {
    const counts = new Map<string, { readonly origin: Origin; readonly count: number }>();
    for (const { bucket, region, count } of requests) {
      const origin = endpointOf(bucket, region, this.#settings);
      if (origin === undefined) continue;
      const name = `${origin.protocol}//${origin.hostname}:${origin.port}`;
      counts.set(name, { origin, count: count + (counts.get(name)?.count ?? 0) });
    }
    const leaving = [...counts.values()].flatMap(({ origin, count }) =>
      this.preconnector.connect(origin, count),
    );
    if (leaving.length === 0) return;
    const limit = new AbortController();
    await Promise.race([Promise.all(leaving), sleep(LOOKUP_MS, undefined, { signal: limit.signal })]);
    limit.abort();
  }

  /** How many connections to a bucket are open or opening, and have nothing to do. */
  idle(bucket: string, region: string): number {
    const origin = endpointOf(bucket, region, this.#settings);
    return origin === undefined ? 0 : this.preconnector.idle(origin);
  }
}

/** The regions of the buckets of all sets, as far as they say them. */
function regionsOf(destinationSets = ''): ReadonlyMap<string, string> {
  const regions = new Map<string, string>();
  try {
    const sets = JSON.parse(destinationSets) as Readonly<Record<string, readonly unknown[]>>;
    for (const destination of Object.values(sets).flat()) {
      const { Bucket, Region } = (destination ?? {}) as {
        readonly Bucket?: unknown;
        readonly Region?: unknown;
      };
      if (typeof Bucket === 'string' && typeof Region === 'string') regions.set(Bucket, Region);
    }
  } catch {
    // No JSON, or no object.
  }
  return regions;
}
