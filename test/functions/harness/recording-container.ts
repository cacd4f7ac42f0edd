// A container of the function, composed as handler.ts does it, whose telemetry remembers instead of printing.
import { BucketCache } from '../../../functions/sync-artifacts/aws/bucket-cache.ts';
import { S3ClientPool } from '../../../functions/sync-artifacts/aws/s3-clients.ts';
import type { Container } from '../../../functions/sync-artifacts/create-context.ts';
import { JobReporter } from '../../../functions/sync-artifacts/result/job-reporter.ts';
import type { Settings } from '../../../functions/sync-artifacts/settings.ts';
import type { MetricName } from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import type {
  Dimensions,
  LogFields,
  TelemetrySink,
} from '../../../functions/sync-artifacts/telemetry/telemetry.ts';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface DataPoint {
  readonly metric: MetricName;
  readonly value: number;
  readonly dimensions: Dimensions;
}

/** What the function logged and measured. */
export class Recording {
  log: LogLine[] = [];
  metrics: DataPoint[] = [];
  /** The correlation id of each line. */
  correlationIds: string[] = [];
}

/** A container that writes into a recording. */
export function recordingContainer(settings: Settings, recording: Recording): Container {
  const telemetry = telemetryInto(recording);
  const onThrottled = (): void => telemetry.count('ThrottledRequests');
  return {
    settings,
    telemetry,
    clients: new S3ClientPool(settings, onThrottled),
    reporter: new JobReporter(settings, onThrottled),
    facts: new BucketCache(settings.bucketCacheMs),
  };
}

function telemetryInto(recording: Recording): TelemetrySink {
  let correlationId = '';
  const log =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}): void => {
      recording.log.push({ level, message, fields });
      recording.correlationIds.push(correlationId);
    };
  const record: TelemetrySink['record'] = (metric, value, dimensions = {}) =>
    void recording.metrics.push({ metric, value, dimensions });
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    record,
    count: (metric, dimensions) => record(metric, 1, dimensions),
    begin: () => undefined,
    correlate: (id) => {
      correlationId = id;
    },
    hide: () => undefined,
    hold: () => undefined,
    identify: () => undefined,
    warmUp: async () => undefined,
    flush: async () => undefined,
  };
}
