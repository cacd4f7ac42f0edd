// Logger and metrics of the function; the only place that writes to the log.
import { Logger } from '@aws-lambda-powertools/logger';
import type { LogLevel } from '@aws-lambda-powertools/logger/types';
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
  /** Writes the metrics recorded since the last call, as EMF lines. */
  flush(): Promise<void>;
}

/** Names under which AWS hands out secrets; a second line of defence, since no code passes them on. */
const SECRET_NAMES =
  /^(?:artifactCredentials|accessKeyId|secretAccessKey|sessionToken|credentials|authorization|x-amz-security-token|continuationToken)$/i;

const DEFAULT_SERVICE_NAME = 'artifact-sync';

/** Makes the function's telemetry. Level and service name come from the standard Powertools variables. */
export function createTelemetry(environment: Readonly<Record<string, string | undefined>>): TelemetrySink {
  const level = environment.POWERTOOLS_LOG_LEVEL ?? environment.AWS_LAMBDA_LOG_LEVEL ?? environment.LOG_LEVEL;
  const logger = new Logger({
    serviceName: environment.POWERTOOLS_SERVICE_NAME ?? DEFAULT_SERVICE_NAME,
    ...(level === undefined ? {} : { logLevel: level.toUpperCase() as LogLevel }),
    jsonReplacerFn: (key, value: unknown) => (SECRET_NAMES.test(key) ? '[redacted]' : value),
  });
  let points: DataPoint[] = [];
  const record = (metric: MetricName, value: number, dimensions: Dimensions = {}): void => {
    points.push({ metric, value, dimensions });
  };
  return {
    debug: (message, fields = {}) => logger.debug(message, fields),
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
    record,
    count: (metric, dimensions) => record(metric, 1, dimensions),
    begin: (fields) => {
      points = [];
      logger.resetKeys();
      logger.appendKeys(fields);
    },
    correlate: (correlationId) => logger.setCorrelationId(correlationId),
    flush: async () => {
      const toWrite = points;
      points = [];
      if (toWrite.length === 0) return;
      const { writeMetrics } = await import('./emf.ts');
      writeMetrics(toWrite);
    },
  };
}
