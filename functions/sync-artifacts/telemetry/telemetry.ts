// Logger and metrics of the function; the only place that writes to the log.
import type { Logger } from '@aws-lambda-powertools/logger';
import type { DataPoint } from './emf.ts';
import type { MetricDimension, MetricName } from './metrics.ts';

/** Fields of a log line beside its message. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Values of a metric's dimensions. */
export type Dimensions = Partial<Readonly<Record<MetricDimension, string>>>;

/** What the steps of a job may say. Never pass the event, credentials or a whole AWS error. */
export interface Telemetry {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Adds one value of a metric, in the unit of its definition. */
  record(metric: MetricName, value: number, dimensions?: Dimensions): void;
  /** Counts one event of a metric. */
  count(metric: MetricName, dimensions?: Dimensions): void;
}

/** Telemetry that the handler owns. */
export interface TelemetrySink extends Telemetry {
  /** Fields that all lines of an invocation carry. */
  begin(fields: LogFields & { readonly requestId: string }): void;
  /** The first job's id ties all invocations of a job together. */
  correlate(correlationId: string): void;
  /** From now on no line shows these values. */
  hide(secrets: readonly (string | undefined)[]): void;
  /** Loads what writing needs. */
  warmUp(): Promise<void>;
  /** Writes what waits, and the metrics recorded since the last call, as EMF lines. */
  flush(): Promise<void>;
}

/**
 * Makes the function's telemetry. Logger and metrics are loaded by `warmUp`, while requests are on their way; lines written before
 * that wait for it.
 */
export function createTelemetry(environment: Readonly<Record<string, string | undefined>>): TelemetrySink {
  const ownSecrets = [environment.AWS_SECRET_ACCESS_KEY, environment.AWS_SESSION_TOKEN].filter(isSecret);
  let recent: readonly string[] = [];
  let points: DataPoint[] = [];
  let waiting: ((logger: Logger) => void)[] = [];
  let logger: Logger | undefined;
  let loading: Promise<void> | undefined;
  const load = (): Promise<void> => {
    loading ??= import('./logger.ts').then(({ createLogger }) => {
      const loaded = createLogger(environment, () => [...ownSecrets, ...recent]);
      for (const use of waiting) use(loaded);
      waiting = [];
      logger = loaded;
    });
    return loading;
  };
  const log = (use: (logger: Logger) => void): void => {
    if (logger === undefined) waiting.push(use);
    else use(logger);
  };
  const record = (metric: MetricName, value: number, dimensions: Dimensions = {}): void => {
    points.push({ metric, value, dimensions });
  };
  return {
    debug: (message, fields = {}) => log((to) => to.debug(message, fields)),
    info: (message, fields = {}) => log((to) => to.info(message, fields)),
    warn: (message, fields = {}) => log((to) => to.warn(message, fields)),
    error: (message, fields = {}) => log((to) => to.error(message, fields)),
    record,
    count: (metric, dimensions) => record(metric, 1, dimensions),
    begin: (fields) => {
      points = [];
      log((to) => {
        to.resetKeys();
        to.appendKeys(fields);
      });
    },
    hide: (values) => {
      recent = [...new Set([...recent, ...values.filter(isSecret)])].slice(-MAX_RECENT_SECRETS);
    },
    correlate: (correlationId) => log((to) => to.setCorrelationId(correlationId)),
    warmUp: async () => {
      await Promise.all([load(), import('./emf.ts')]);
    },
    flush: async () => {
      await load();
      const toWrite = points;
      points = [];
      if (toWrite.length === 0) return;
      const { writeMetrics } = await import('./emf.ts');
      writeMetrics(toWrite);
    },
  };
}

/** Those of the last few jobs of a container. */
const MAX_RECENT_SECRETS = 20;

/** What is shorter is no credential of AWS, and might be part of any word. */
function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= 12;
}
