// The one place that builds S3 clients.
import { S3Client } from '@aws-sdk/client-s3';
import type { HttpHandler } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, HttpRequest, NodeHttpHandlerOptions } from '@smithy/types';
import type { Settings } from '../settings.ts';
import { omitUndefined } from '../util.ts';
import { httpStatus, isTransient, type RequestTarget, S3RequestError } from './errors.ts';
import { requireXml } from './other-servers.ts';
import { type Origin, Preconnector } from './transport/preconnect.ts';
import { withResponseLimits } from './transport/response-limits.ts';
import { TimedRetryStrategy } from './transport/retry.ts';

const CONNECTION_TIMEOUT_MS = 5_000;
/** Sockets beyond the copy requests in flight: facts, listings, completions. */
const SPARE_SOCKETS = 64;

/** Connections that are opened ahead: each costs 2 ms of CPU, which the start of a process has to spare while it loads and waits. */
const MAX_AHEAD = 16;
/** First requests of a job to one destination: one for each of five artifacts (CodePipeline quotas); or to look, list and create. */
const FIRST_REQUESTS = 5;

/** No SDK logger, redirects of our own, no directory buckets, whose names are refused, and no Lambda function behind S3 to call us again. */
const IDLE_MIDDLEWARE = [
  'loggerMiddleware',
  'regionRedirectMiddleware',
  's3ExpressMiddleware',
  'recursionDetectionMiddleware',
  // Works out the same text for every request, which is set once below.
  'getUserAgentMiddleware',
];
const USER_AGENT = `artifact-sync (nodejs ${process.versions.node})`;

/** S3 clients by region, for the two identities that a job has. */
export interface S3Clients {
  /** Signs with the function's role. */
  role(region: string): S3Client;
  /** Signs with the job's `artifactCredentials`. */
  artifact(region: string): S3Client;
  readonly hasArtifactCredentials: boolean;
  /** Opens connections for requests that will come soon. */
  preconnect(requests: readonly ExpectedRequests[]): void;
  /** How many connections to a bucket have nothing to do. */
  idleConnections(bucket: string, region: string): number;
  /** Requests that were sent again so far. */
  retries(): number;
  /** Notes a request that keeps failing, is denied, or was not answered in time. */
  noteFailure(error: S3RequestError): void;
  /** The request of this job that failed last and has not succeeded since: what was in the way when the time is up. */
  lastFailure(): S3RequestError | undefined;
}

/** How many requests a bucket is going to get at once. */
interface ExpectedRequests {
  readonly bucket: string;
  readonly region: string;
  readonly count: number;
}

/** Client factory of a container: connections and clients live as long as it does. */
export class S3ClientPool {
  readonly #settings: Settings;
  readonly #handler: HttpHandler<NodeHttpHandlerOptions>;
  readonly #preconnector: Preconnector;
  /** The endpoint of each region and bucket that connections were opened to. */
  readonly #origins = new Map<string, Origin | undefined>();
  readonly #role = new Map<string, S3Client>();
  readonly #strategies = new Map<string, TimedRetryStrategy>();
  readonly #onThrottled: () => void;
  #retries = 0;
  /** Requests of the job that fail, by what they are about, the latest last. */
  readonly #failing = new Map<string, S3RequestError>();

  constructor(settings: Settings, onThrottled: () => void) {
    this.#settings = settings;
    this.#onThrottled = onThrottled;
    this.#preconnector = new Preconnector({
      keepAlive: true,
      maxSockets: settings.maxConcurrency + SPARE_SOCKETS,
      maxFreeSockets: settings.maxConcurrency + SPARE_SOCKETS,
    });
    this.#handler = withResponseLimits(
      new NodeHttpHandler({
        httpAgent: this.#preconnector.httpAgent,
        httpsAgent: this.#preconnector.httpsAgent,
        connectionTimeout: CONNECTION_TIMEOUT_MS,
        requestTimeout: settings.stallMs,
        throwOnRequestTimeout: true,
        socketAcquisitionWarningTimeout: 3_600_000,
      }),
      settings.stallMs,
    );
  }

  /** Clients for one job; `artifactCredentials` gives the job's live credentials, renewed when they run out. */
  forJob(artifactCredentials?: () => Promise<AwsCredentialIdentity>): S3Clients {
    const artifact = new Map<string, S3Client>();
    this.#failing.clear();
    for (const strategy of this.#strategies.values()) strategy.reset();
    return {
      preconnect: (requests) => this.#preconnect(requests),
      idleConnections: (bucket, region) => {
        const origin = this.#origin(bucket, region);
        return origin === undefined ? 0 : this.#preconnector.idle(origin);
      },
      noteFailure: (error) => this.#noteFailure(error),
      lastFailure: () => [...this.#failing.values()].at(-1),
      hasArtifactCredentials: artifactCredentials !== undefined,
      retries: () => this.#retries,
      role: (region) => memoized(this.#role, region, () => this.#client(region)),
      artifact: (region) => {
        if (artifactCredentials === undefined) throw new Error('the job has no artifactCredentials');
        return memoized(artifact, region, () => this.#client(region, artifactCredentials));
      },
    };
  }

  /** Opens connections for the first requests to buckets that jobs will copy to. */
  connectAhead(buckets: readonly Pick<ExpectedRequests, 'bucket' | 'region'>[]): void {
    const count = Math.max(1, Math.min(FIRST_REQUESTS, Math.floor(MAX_AHEAD / buckets.length)));
    this.#preconnect(buckets.map((bucket) => ({ ...bucket, count })));
  }

  /** Connections to all endpoints that earlier jobs left open. */
  get openConnections(): number {
    return this.#preconnector.used;
  }

  #preconnect(requests: readonly ExpectedRequests[]): void {
    const byOrigin = new Map<string, { readonly origin: Origin; count: number }>();
    for (const { bucket, region, count } of requests) {
      const origin = this.#origin(bucket, region);
      if (origin === undefined) continue;
      const { protocol, hostname, port } = origin;
      const shared = memoized(byOrigin, `${protocol}//${hostname}:${port}`, () => ({ origin, count: 0 }));
      shared.count += count;
    }
    for (const { origin, count } of byOrigin.values()) this.#preconnector.connect(origin, count);
  }

  /** Where requests to a bucket go; `undefined` for an endpoint of the settings that is none, of which the first request tells. */
  #origin(bucket: string, region: string): Origin | undefined {
    const { endpoint, forcePathStyle } = this.#settings;
    return memoized(this.#origins, `${region}/${bucket}`, () => {
      try {
        const { url } = memoized(this.#role, region, () => this.#client(region)).config.endpointProvider({
          Bucket: bucket,
          Region: region,
          ForcePathStyle: forcePathStyle,
          ...(endpoint === undefined ? {} : { Endpoint: endpoint }),
        });
        const { protocol, hostname, port } = url;
        return { protocol, hostname, port: port === '' ? undefined : Number(port) };
      } catch {
        return undefined;
      }
    });
  }

  #client(region: string, credentials?: () => Promise<AwsCredentialIdentity>): S3Client {
    const client = new S3Client({
      region,
      forcePathStyle: this.#settings.forcePathStyle,
      requestHandler: this.#handler,
      // Region facts are this project's business: a silent redirect would cost a round trip on every request.
      followRegionRedirects: false,
      // Checksums are asked for where they prove something; the SDK need not add its own.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      retryStrategy: memoized(this.#strategies, region, () => this.#strategy()),
      // Bodies are small enough to be sent at once: waiting for S3's consent costs a round trip each.
      expectContinueHeader: false,
      ...(credentials === undefined ? {} : { credentials }),
    });
    // Steps that do nothing here, but once for each of thousands of requests: see `npm run bench:profile`.
    for (const idle of IDLE_MIDDLEWARE) client.middlewareStack.remove(idle);
    requireXml(client);
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          const { Bucket = '', Key } = args.input as { Bucket?: string; Key?: string };
          (args.request as HttpRequest).headers['user-agent'] = USER_AGENT;
          const operation = commandName.replace(/Command$/, '');
          const target: RequestTarget = {
            operation,
            side: 'destination',
            bucket: Bucket,
            region,
            ...omitUndefined({ key: Key }),
          };
          try {
            const result = await next(args);
            if (this.#failing.size > 0) this.#failing.delete(nameOf(target));
            return result;
          } catch (error) {
            if (isTransient(error)) this.#noteFailure(new S3RequestError(target, error));
            throw error;
          }
        },
      { step: 'finalizeRequest', name: 'failureMiddleware' },
    );
    return client;
  }

  #noteFailure(error: S3RequestError): void {
    // What was only not answered in time says less than what S3 refused.
    if (httpStatus(error) === undefined && this.#failing.size > 0 && !isTransient(error)) return;
    const name = nameOf(error.target);
    this.#failing.delete(name);
    this.#failing.set(name, error);
  }

  /** One for all clients of a region: S3 throttles what comes to it, whoever signed it. */
  #strategy(): TimedRetryStrategy {
    return new TimedRetryStrategy({
      budgetMs: this.#settings.retryBudgetMs,
      onThrottled: this.#onThrottled,
      onRetry: () => {
        this.#retries++;
      },
    });
  }
}

function nameOf({ operation, bucket, key }: RequestTarget): string {
  return `${operation} ${bucket}/${key ?? ''}`;
}

function memoized<K, V>(cache: Map<K, V>, key: K, make: () => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
