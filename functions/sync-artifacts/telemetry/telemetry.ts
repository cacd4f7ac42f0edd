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
  /** Holds lines back until `identify`, or until they are flushed. */
  hold(): void;
  /** Fields that also the lines held back carry; without any, those are written as they are. */
  identify(fields?: object): void;
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
  const FunctionName = environment.AWS_LAMBDA_FUNCTION_NAME ?? DEFAULT_FUNCTION_NAME;
  let points: DataPoint[] = [];
  const waiting: ((logger: Logger) => void)[] = [];
  /** What prepares the logger for an invocation, among what waits. */
  const setUp = new WeakSet<(logger: Logger) => void>();
  let held = false;
  let logger: Logger | undefined;
  let loading: Promise<void> | undefined;
  const load = (): Promise<void> => {
    loading ??= import('./logger.ts').then(({ createLogger }) => {
      logger = createLogger(environment, () => [...ownSecrets, ...recent]);
      writeWaiting();
    });
    return loading;
  };
  const writeWaiting = (): void => {
    if (logger === undefined || held) return;
    for (const use of waiting.splice(0)) use(logger);
  };
  const log = (use: (logger: Logger) => void): void => {
    waiting.push(use);
    writeWaiting();
  };
  const identify = (fields: object = {}): void => {
    if (!held) return;
    held = false;
    // Before the lines that waited for it, after what `begin` reset.
    const firstLine = waiting.findIndex((use) => !setUp.has(use));
    waiting.splice(firstLine < 0 ? waiting.length : firstLine, 0, (to) => to.appendKeys({ ...fields }));
    writeWaiting();
  };
  const record = (metric: MetricName, value: number, dimensions: Dimensions = {}): void => {
    points.push({ metric, value, dimensions: { FunctionName, ...dimensions } });
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
      const prepare = (to: Logger): void => {
        to.resetKeys();
        to.appendKeys(fields);
      };
      setUp.add(prepare);
      log(prepare);
    },
    hold: () => {
      held = true;
    },
    identify,
    hide: (values) => {
      recent = [...new Set([...recent, ...values.filter(isSecret)])].slice(-MAX_RECENT_SECRETS);
    },
    correlate: (correlationId) => log((to) => to.setCorrelationId(correlationId)),
    warmUp: async () => {
      await Promise.all([load(), import('./emf.ts')]);
    },
    flush: async () => {
      identify();
      await load();
      const toWrite = points;
      points = [];
      if (toWrite.length === 0) return;
      const { writeMetrics } = await import('./emf.ts');
      writeMetrics(toWrite);
    },
  };
}

/** Outside of Lambda. */
const DEFAULT_FUNCTION_NAME = 'sync-artifacts';

/** Those of the last few jobs of a container. */
const MAX_RECENT_SECRETS = 20;

/** What is shorter is not a credential of AWS, and might be part of any word. */
function isSecret(value: string | undefined): value is string {
  return value !== undefined && value.length >= 12;
}
