// Reads the function's settings from environment variables, with safe defaults.
import { ConfigurationError } from './errors.ts';

/** Settings of the function; README documents each in one table. */
export interface Settings {
  /** Region of the function. */
  readonly region: string;
  /** Copy requests in flight at once, over all artifacts, destinations and parts. */
  readonly maxConcurrency: number;
  /** Bytes of artifact content that a relay may hold in memory at once. */
  readonly relayMemoryBytes: number;
  /** How long one request is retried before the job fails as SystemUnavailable, in milliseconds. */
  readonly retryBudgetMs: number;
  /** How long a request that moves no bytes may take before it counts as stalled and is sent again, in milliseconds. */
  readonly stallMs: number;
  /** How long a denied request is retried before the denial is believed, in milliseconds. */
  readonly accessDeniedRetryMs: number;
  /** How long before the Lambda deadline a job stops taking new parts, in milliseconds. */
  readonly deadlineMarginMs: number;
  /** How long facts about destination buckets are reused by a warm container, in milliseconds. */
  readonly bucketCacheMs: number;
  /** Use `https://endpoint/bucket` addresses; on by itself with a custom endpoint. */
  readonly forcePathStyle: boolean;
  /** Endpoint of S3 instead of that of each region. */
  readonly endpoint?: string;
  /** What the names of S3's own hosts begin with: `s3`, or another kind of endpoint that the SDK's variables ask for. */
  readonly s3Host: string;
  /** Named sets of destinations, as JSON text; parsed where a job asks for one. */
  readonly destinationSets?: string;
  /** What is wrong with the variables, one sentence each; their defaults stand in for them. */
  readonly problems: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings. Never throws: a function that does not start cannot tell the pipeline why. */
export function readSettings(environment: Environment): Settings {
  const problems: string[] = [];
  const integer = (name: string, fallback: number, minimum: number, maximum: number): number => {
    const text = environment[name];
    if (text === undefined || text === '') return fallback;
    const value = Number(text);
    if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
    problems.push(
      `Environment variable ${name} is ${JSON.stringify(text)}; expected a whole number from ${minimum} to ${maximum}.`,
    );
    return fallback;
  };
  const endpoint = environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL;
  const destinationSets = environment.SYNC_DESTINATION_SETS;
  return {
    region: environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? 'us-east-1',
    maxConcurrency: integer('SYNC_MAX_CONCURRENCY', 704, 1, 900),
    relayMemoryBytes: integer('SYNC_RELAY_MEMORY_MIB', 48, 10, 8192) * 1024 * 1024,
    retryBudgetMs: integer('SYNC_RETRY_BUDGET_MS', 60_000, 0, 900_000),
    stallMs: integer('SYNC_STALL_MS', 8_000, 100, 300_000),
    accessDeniedRetryMs: integer('SYNC_ACCESS_DENIED_RETRY_MS', 3_000, 0, 5_000),
    deadlineMarginMs: integer('SYNC_DEADLINE_MARGIN_MS', 10_000, 500, 300_000),
    bucketCacheMs: integer('SYNC_BUCKET_CACHE_MS', 300_000, 0, 3_600_000),
    forcePathStyle: Boolean(endpoint),
    s3Host: `s3${environment.AWS_USE_FIPS_ENDPOINT === 'true' ? '-fips' : ''}${environment.AWS_USE_DUALSTACK_ENDPOINT === 'true' ? '.dualstack' : ''}`,
    ...(endpoint ? { endpoint } : {}),
    ...(destinationSets ? { destinationSets } : {}),
    problems,
  };
}

/** @throws ConfigurationError naming every wrong variable, what it holds and what is expected. */
export function assertValidSettings({ problems }: Settings): void {
  if (problems.length > 0) throw new ConfigurationError(problems.join(' '));
}
