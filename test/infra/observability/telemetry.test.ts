// Alarms and dashboards read exactly the metrics that the function emits, and reach somebody.
import { describe, expect, it } from 'vitest';
import { FAILURE_TYPES } from '../../../functions/sync-artifacts/errors.ts';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import { buildApp } from '../../../infra/build-app.ts';
import { syncMetric } from '../../../infra/constructs/observability/sync-metrics.ts';
import { buildReleaseApp } from '../../../infra/release/template.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { topology as small } from '../../../infra/topology.ts';
import {
  at,
  listAt,
  ofType,
  statementsIn,
  stringsIn,
  synthesise,
  synthesised,
  theOnly,
} from '../synthesised.ts';
import { large } from '../topologies.ts';
import { alarmMetrics, dashboardBody, widgetMetrics } from './metric-references.ts';

function definitionOf(name: string): MetricDefinition | undefined {
  return METRICS[name as MetricName];
}

describe.each([
  { name: 'delivered topology', topology: small },
  { name: 'large topology', topology: large },
])('the telemetry of the $name', ({ topology }) => {
  const stack = synthesised(buildApp, topology).stack(namesOf(topology).stacks.syncArtifacts);
  const destinations = topology.destinations.map(({ region }) => region);
  const body = dashboardBody(stack);
  const references = [...alarmMetrics(stack), ...widgetMetrics(body)];

  it('refers to metrics that the function emits, with exactly their dimensions', () => {
    expect(references.length).toBeGreaterThan(20);
    for (const { name, dimensions } of references) {
      expect(Object.keys(dimensions), name).toEqual([
        ...(definitionOf(name)?.dimensions ?? ['no such metric']),
      ]);
      if (dimensions.DestinationRegion) expect(destinations).toContain(dimensions.DestinationRegion);
      if (dimensions.FailureType) expect(FAILURE_TYPES).toContain(dimensions.FailureType);
    }
  });

  it('shows every metric of the function on the dashboard, in every region that it has', () => {
    const shown = new Set(
      widgetMetrics(body).map(({ name, dimensions: { FunctionName: _, ...others } }) =>
        [name, ...Object.values(others)].join('/'),
      ),
    );
    const expected = Object.entries<MetricDefinition>(METRICS).flatMap(([name, { dimensions }]) => {
      if (dimensions.includes('DestinationRegion')) return destinations.map((region) => `${name}/${region}`);
      if (dimensions.includes('FailureType')) return FAILURE_TYPES.map((type) => `${name}/${type}`);
      return [name];
    });
    expect([...shown].sort()).toEqual(expected.sort());
  });

  it('lays the widgets out without overlap', () => {
    const cells = new Set<string>();
    for (const widget of listAt(body, 'widgets')) {
      const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((key) => Number(at(widget, key)));
      for (let column = x ?? 0; column < (x ?? 0) + (width ?? 0); column++) {
        for (let row = y ?? 0; row < (y ?? 0) + (height ?? 0); row++) {
          expect(cells.has(`${column},${row}`)).toBe(false);
          expect(column).toBeLessThan(24);
          cells.add(`${column},${row}`);
        }
      }
    }
  });

  it('has every alarm in the composite alarm, and quiet when there is nothing to do', () => {
    const alarms = ofType(stack, 'AWS::CloudWatch::Alarm');
    const composite = theOnly(stack, 'AWS::CloudWatch::CompositeAlarm');
    const rule = JSON.stringify(composite.Properties.AlarmRule);
    for (const { id, Properties } of alarms) {
      expect(rule).toContain(id);
      expect(Properties.TreatMissingData).toBe('notBreaching');
    }
    expect(alarms).toHaveLength(8 + 2 * destinations.length);
  });

  it('watches the 99th percentile per region against the threshold of the topology', () => {
    const latency = ofType(stack, 'AWS::CloudWatch::Alarm').filter(
      ({ Properties }) => Properties.MetricName === 'CopyLatency',
    );
    expect(
      latency.map(({ Properties }) => [
        at(Properties, 'Dimensions.0.Value'),
        Properties.ExtendedStatistic,
        Properties.Threshold,
      ]),
    ).toEqual(topology.destinations.map(({ region, copyLatencyP99Ms }) => [region, 'p99', copyLatencyP99Ms]));
  });

  it('counts failed jobs of every failure type', () => {
    const failed = alarmMetrics(stack).filter(({ name }) => name === 'JobsFailed');
    expect(failed.map(({ dimensions }) => dimensions.FailureType)).toEqual([...FAILURE_TYPES]);
  });
});

describe('who is notified', () => {
  const names = namesOf(large);

  it('is the address of the topology, over an encrypted topic that alarms may publish to', () => {
    const stack = synthesised(buildApp, large).stack(names.stacks.syncArtifacts);
    const topic = theOnly(stack, 'AWS::SNS::Topic');
    expect(theOnly(stack, 'AWS::SNS::Subscription').Properties.Endpoint).toBe('oncall@example.com');
    expect(listAt(theOnly(stack, 'AWS::CloudWatch::CompositeAlarm').Properties, 'AlarmActions')).toEqual([
      { Ref: topic.id },
    ]);
    expect(topic.Properties.KmsMasterKeyId).toBeDefined();
    const publish = statementsIn(stack).filter(
      ({ where }) => where.includes('TopicPolicy') || where.includes('Policy'),
    );
    expect(publish.map(({ statement }) => at(statement, 'Principal.Service'))).toContain(
      'cloudwatch.amazonaws.com',
    );
    const key = statementsIn(stack).find(({ statement }) => at(statement, 'Sid') === 'PublishAlarms');
    expect(key?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
  });

  it('is nobody when the topology names nobody', () => {
    const stack = synthesised(buildApp, small).stack(namesOf(small).stacks.syncArtifacts);
    expect(ofType(stack, 'AWS::SNS::Topic')).toEqual([]);
    expect(theOnly(stack, 'AWS::CloudWatch::CompositeAlarm').Properties.AlarmActions).toBeUndefined();
    const publishing = statementsIn(stack).filter(({ statement }) =>
      /^Publish/.test(String(at(statement, 'Sid'))),
    );
    expect(publishing).toEqual([]);
  });
});

describe('the telemetry of the release, which knows no regions', () => {
  const stack = synthesise(buildReleaseApp('code.zip', { checks: false })).stack('sync-artifacts');

  it('queries and searches all regions of metrics that the function emits', () => {
    const body = dashboardBody(stack);
    const queries = [
      ...stringsIn(body),
      ...stringsIn(ofType(stack, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties)),
    ];
    const searched = queries.flatMap((text) => [
      ...text.matchAll(/^SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)" FunctionName="/g),
    ]);
    const selected = queries.flatMap((text) => [
      ...text.matchAll(
        /^SELECT (?:MAX|SUM)\((\w+)\) FROM SCHEMA\((\w+), ([\w, ]+)\) WHERE FunctionName = '/g,
      ),
    ]);
    const found = [
      ...searched.map(([, namespace, dimension, name]) => ({ namespace, dimension, name })),
      ...selected.map(([, name, namespace, dimension]) => ({ namespace, dimension, name })),
    ];
    expect(found).toHaveLength(10);
    for (const { namespace, dimension, name } of found) {
      expect(namespace).toBe(METRIC_NAMESPACE);
      expect(definitionOf(String(name))?.dimensions).toEqual(dimension?.split(/, ?/));
    }
  });
});

describe('a metric of the function', () => {
  it('is refused with dimensions that it does not have', () => {
    expect(() =>
      syncMetric({ functionName: 'sync' }, 'JobLatency', 'p99', { DestinationRegion: 'eu-west-1' }),
    ).toThrow(/has the dimensions \[\]/);
    expect(() => syncMetric({ functionName: 'sync' }, 'CopyLatency', 'p99')).toThrow(
      /has the dimensions \[DestinationRegion\], not \[\]/,
    );
  });
});
