// CloudWatch metrics of the function, made from the definitions that it emits them by.
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FAILURE_TYPES } from '../../../functions/sync-artifacts/errors.ts';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricDimension,
  type MetricName,
} from '../../../functions/sync-artifacts/telemetry/metrics.ts';

/** Dimension values of a metric beside the function's name; exactly those that its definition names. */
type DimensionValues = Readonly<Partial<Record<Exclude<MetricDimension, 'FunctionName'>, string>>>;

/** The function whose metrics are meant. */
export type MeasuredFunction = Pick<IFunction, 'functionName'>;

/** Period of alarms and widgets. */
export const METRIC_PERIOD = Duration.minutes(5);

/**
 * A metric of the function.
 *
 * @throws when the dimensions are not those of the metric's definition
 */
export function syncMetric(
  { functionName }: MeasuredFunction,
  name: MetricName,
  statistic: string,
  dimensions: DimensionValues = {},
  label?: string,
): Metric {
  const defined = METRICS[name].dimensions.filter((dimension) => dimension !== 'FunctionName');
  const given = Object.keys(dimensions);
  if (given.length !== defined.length || !defined.every((dimension) => given.includes(dimension))) {
    throw new Error(`metric ${name} has the dimensions [${defined.join(', ')}], not [${given.join(', ')}]`);
  }
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    statistic,
    period: METRIC_PERIOD,
    dimensionsMap: { ...dimensions, FunctionName: functionName },
    ...(label === undefined ? {} : { label }),
  });
}

/** Failed jobs of all failure types. */
export function failedJobs(sync: MeasuredFunction): IMetric {
  const usingMetrics = Object.fromEntries(
    FAILURE_TYPES.map((type) => [`f${type}`, syncMetric(sync, 'JobsFailed', 'Sum', { FailureType: type })]),
  );
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    period: METRIC_PERIOD,
    label: 'Failed jobs',
  });
}

/** A CloudWatch Metrics Insights query over all destination regions, for templates that do not know them. */
export function overAllRegions(
  { functionName }: MeasuredFunction,
  aggregate: 'MAX' | 'SUM',
  name: MetricName,
): IMetric {
  return new MathExpression({
    expression: `SELECT ${aggregate}(${name}) FROM SCHEMA(${METRIC_NAMESPACE}, ${METRICS[name].dimensions.join(', ')}) WHERE FunctionName = '${functionName}'`,
    usingMetrics: {},
    period: METRIC_PERIOD,
    label: name,
  });
}

/** A search over all destination regions, for dashboards of templates that do not know them. */
export function searchRegions(
  { functionName }: MeasuredFunction,
  name: MetricName,
  statistic: string,
): IMetric {
  const dimensions = METRICS[name].dimensions.join(',');
  return new MathExpression({
    expression: `SEARCH('{${METRIC_NAMESPACE},${dimensions}} MetricName="${name}" FunctionName="${functionName}"', '${statistic}', ${METRIC_PERIOD.toSeconds()})`,
    usingMetrics: {},
    period: METRIC_PERIOD,
    label: '',
  });
}
