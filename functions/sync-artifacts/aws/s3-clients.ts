// The one place that builds S3 clients.
import { S3Client } from '@aws-sdk/client-s3';
import type { HttpHandler } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, HttpRequest, NodeHttpHandlerOptions } from '@smithy/types';
import type { Settings } from '../settings.ts';
import { omitUndefined } from '../util.ts';
import { httpStatus, isTransient, type RequestTarget, S3RequestError } from './errors.ts';
import { requireXml } from './other-servers.ts';
import { BucketConnections, type ExpectedRequests } from './transport/bucket-connections.ts';
import { withResponseLimits } from './transport/response-limits.ts';
import { TimedRetryStrategy } from './transport/retry.ts';

const CONNECTION_TIMEOUT_MS = 5_000;

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
export type S3Clients = ReturnType<S3ClientPool['forJob']>;

/** Client factory of a container: connections and clients live as long as it does. */
export class S3ClientPool {
  readonly #settings: Settings;
  readonly #handler: HttpHandler<NodeHttpHandlerOptions>;
  readonly #connections: BucketConnections;
  readonly #role = new Map<string, S3Client>();
  readonly #strategies = new Map<string, TimedRetryStrategy>();
  readonly #onThrottled: () => void;
  /** Requests of the job that fail, by what they are about, the latest last. */
  readonly #failing = new Map<string, S3RequestError>();

  /** @param connections  of which some may be open already */
  constructor(
    settings: Settings,
    onThrottled: () => void,
    connections: BucketConnections = new BucketConnections(settings),
  ) {
    this.#settings = settings;
    this.#onThrottled = onThrottled;
    this.#connections = connections;
    this.#handler = withResponseLimits(
      new NodeHttpHandler({
        httpAgent: connections.preconnector.httpAgent,
        httpsAgent: connections.preconnector.httpsAgent,
        connectionTimeout: CONNECTION_TIMEOUT_MS,
        requestTimeout: settings.stallMs,
        throwOnRequestTimeout: true,
        socketAcquisitionWarningTimeout: 3_600_000,
      }),
      settings.stallMs,
    );
  }

  /** Clients for one job; `artifactCredentials` gives the job's live credentials, renewed when they run out. */
  forJob(artifactCredentials?: () => Promise<AwsCredentialIdentity>) {
    const artifact = new Map<string, S3Client>();
    this.#failing.clear();
    for (const strategy of this.#strategies.values()) strategy.reset();
    return {
      /** Signs with the function's role. */
      role: (region: string) => memoized(this.#role, region, () => this.#client(region)),
      /** Signs with the job's `artifactCredentials`. */
      artifact: (region: string) => {
        if (artifactCredentials === undefined) throw new Error('the job has no artifactCredentials');
        return memoized(artifact, region, () => this.#client(region, artifactCredentials));
      },
      hasArtifactCredentials: artifactCredentials !== undefined,
      /** Opens connections for requests that will come soon; resolves when they are on their way. */
      preconnect: (requests: readonly ExpectedRequests[]) => this.#connections.open(requests),
      /** How many connections to a bucket have nothing to do. */
      idleConnections: (bucket: string, region: string) => this.#connections.idle(bucket, region),
      /** Notes a request that keeps failing, is denied, or was not answered in time. */
      noteFailure: (error: S3RequestError) => this.#noteFailure(error),
      /** The request of this job that failed last and has not succeeded since: what was in the way when the time is up. */
      lastFailure: () => [...this.#failing.values()].at(-1),
    };
  }

  /** Connections to all endpoints that earlier jobs left open. */
  get openConnections(): number {
    return this.#connections.preconnector.used;
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
