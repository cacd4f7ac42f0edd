// Reads which metrics of the function the alarms and dashboards of a template refer to.
import { METRIC_NAMESPACE } from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import {
  at,
  type Json,
  listAt,
  objectsWith,
  ofType,
  type SynthesisedStack,
  theOnly,
} from '../synthesised.ts';

/** A metric with the values of its dimensions. */
export interface MetricReference {
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Metrics of the function that alarms refer to. */
export function alarmMetrics(stack: SynthesisedStack): MetricReference[] {
  return ofType(stack, 'AWS::CloudWatch::Alarm').flatMap(({ Properties }) =>
    objectsWith(Properties, 'MetricName')
      .filter((metric) => metric.Namespace === METRIC_NAMESPACE)
      .map((metric) => ({
        name: String(metric.MetricName),
        dimensions: Object.fromEntries(
          listAt(metric, 'Dimensions').map((dimension) => [
            String(at(dimension, 'Name')),
            String(at(dimension, 'Value')),
          ]),
        ),
      })),
  );
}

/** The body of the dashboard, with what CloudFormation fills in replaced by placeholders. */
export function dashboardBody(stack: SynthesisedStack): Json {
  const body = theOnly(stack, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody;
  const filledIn = (value: Json | undefined): string => {
    if (typeof value === 'string') return value;
    const parts = at(value, 'Fn::Join.1');
    return Array.isArray(parts)
      ? parts.map((part) => (typeof part === 'string' ? part : 'filled-in')).join('')
      : '';
  };
  return JSON.parse(filledIn(body)) as Json;
}

/** Metrics of the function that widgets refer to: ["ArtifactSync", name, dimension, value, …, options]. */
export function widgetMetrics(body: Json): MetricReference[] {
  return listAt(body, 'widgets').flatMap((widget) =>
    listAt(widget, 'properties.metrics')
      .filter((metric): metric is readonly Json[] => Array.isArray(metric) && metric[0] === METRIC_NAMESPACE)
      .map(([, name, ...rest]) => {
        const pairs = rest.filter((part): part is string => typeof part === 'string');
        return {
          name: String(name),
          dimensions: Object.fromEntries(
            pairs.flatMap((part, index) => (index % 2 === 0 ? [[part, String(pairs[index + 1])]] : [])),
          ),
        };
      }),
  );
}
