// Writes metrics as EMF lines: loaded when a job ends, so that a cold start does not wait for it.
import { Metrics } from '@aws-lambda-powertools/metrics';
import { groupBy } from '../util.ts';
import { METRIC_NAMESPACE, METRICS, type MetricDimension, type MetricName } from './metrics.ts';

/** One value of a metric. */
export interface DataPoint {
  readonly metric: MetricName;
  readonly value: number;
  readonly dimensions: Partial<Readonly<Record<MetricDimension, string>>>;
}

/** Writes one EMF line for each set of dimensions. */
export function writeMetrics(points: readonly DataPoint[]): void {
  const groups = groupBy(points, ({ metric, dimensions }) =>
    JSON.stringify(METRICS[metric].dimensions.map((name) => [name, dimensions[name]])),
  );
  for (const [key, group] of groups) {
    const metrics = new Metrics({ namespace: METRIC_NAMESPACE });
    // Exactly the dimensions of the definition: an alarm finds no metric that has others as well. Default ones, since
    // others are forgotten when a hundred values of a metric are published before the rest.
    metrics.clearDefaultDimensions();
    metrics.setDefaultDimensions(Object.fromEntries(JSON.parse(key) as [string, string][]));
    for (const { metric, value } of group) metrics.addMetric(metric, METRICS[metric].unit, value);
    metrics.publishStoredMetrics();
  }
}
