// What the function emits in real jobs is what every alarm and every widget reads: name, unit and dimensions.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricDefinition,
  type MetricName,
} from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import { buildApp } from '../../../infra/build-app.ts';
import { namesOf } from '../../../infra/shape/names.ts';
import { defineTopology } from '../../../infra/shape/topology-rules.ts';
import type { FaultPoint } from '../../../local/aws/faults/faults.ts';
import { type JobCase, type RecorderOptions, startRecorder } from '../permissions/recorded-jobs.ts';
import { at, type Json, listAt, ofType, synthesised } from '../synthesised.ts';
import { LARGE_INPUT } from '../topologies.ts';
import { alarmMetrics, dashboardBody, type MetricReference, widgetMetrics } from './metric-references.ts';

// The regions that the recorded jobs copy to.
const topology = defineTopology({
  ...LARGE_INPUT,
  tools: { ...LARGE_INPUT.tools, primaryRegion: 'eu-west-1' },
  regions: [{ region: 'eu-west-1' }, { region: 'us-east-1' }, { region: 'sa-east-1' }],
  environments: LARGE_INPUT.environments.map(({ name, deployAccount }) => ({ name, deployAccount })),
  github: undefined,
});
const stack = synthesised(buildApp, topology).stack(namesOf(topology).stacks.syncArtifacts);

/** The environment that the template deploys the function with. */
const environment = Object.fromEntries(
  Object.entries(
    at(
      ofType(stack, 'AWS::Lambda::Function').find(
        ({ Properties }) => Properties.Handler === 'handler.handler',
      )?.Properties,
      'Environment.Variables',
    ) ?? {},
  ).map(([name, value]) => [name, String(value)]),
);

const MIB = 2 ** 20;
let throttled = false;
const CASES: readonly JobCase[] = [
  { name: 'copied, then skipped', sizeBytes: MIB, runs: 2, ends: 'Succeeded' },
  { name: 'relayed', sizeBytes: MIB, roleMayNotReadSource: true, ends: 'Succeeded' },
  { name: 'copied wrongly', sizeBytes: MIB, copiesOtherBytes: true, ends: 'Failed' },
];
const CONTINUED: JobCase = {
  name: 'throttled once and continued',
  sizeBytes: 768 * MIB,
  faults: ({ operation, phase }: FaultPoint) => {
    if (phase !== 'before' || operation !== 'UploadPartCopy') return undefined;
    if (throttled) return { kind: 'stall', delayMs: 300 };
    throttled = true;
    return { kind: 'error', status: 503, code: 'SlowDown' };
  },
  ends: 'Succeeded',
};
const HURRIED: RecorderOptions = {
  timeoutMs: 5_000,
  environment: { ...environment, SYNC_DEADLINE_MARGIN_MS: '1500', SYNC_MAX_CONCURRENCY: '2' },
};

interface Emitted extends MetricReference {
  readonly unit: string;
  readonly namespace: string;
}

const emitted: Emitted[] = [];

async function record(cases: readonly JobCase[], options: RecorderOptions): Promise<void> {
  await using recorder = await startRecorder(options);
  for (const job of cases) {
    const { state, lines } = await recorder.record(job);
    expect(state, job.name).toBe(job.ends);
    emitted.push(...lines.flatMap(metricsIn));
  }
}

beforeAll(async () => {
  await Promise.all([record(CASES, { environment }), record([CONTINUED], HURRIED)]);
});

/** The metrics of a line in CloudWatch's embedded metric format; none of any other line. */
function metricsIn(line: string): Emitted[] {
  if (!line.includes('"CloudWatchMetrics"')) return [];
  const parsed = JSON.parse(line) as Json;
  return listAt(parsed, '_aws.CloudWatchMetrics').flatMap((directive) =>
    listAt(directive, 'Metrics').flatMap((metric) =>
      dimensionSetsOf(directive).map((dimensions) => ({
        namespace: String(at(directive, 'Namespace')),
        name: String(at(metric, 'Name')),
        unit: String(at(metric, 'Unit')),
        dimensions: Object.fromEntries(
          (dimensions as readonly string[]).map((dimension) => [dimension, String(at(parsed, dimension))]),
        ),
      })),
    ),
  );
}

/** Without any set of dimensions, a metric has none. */
function dimensionSetsOf(directive: Json): readonly Json[] {
  const sets = listAt(directive, 'Dimensions');
  return sets.length === 0 ? [[]] : sets;
}

const described = ({ name, dimensions }: MetricReference): string =>
  // Of failure types the jobs show one; that alarms and widgets know all of them is tested elsewhere.
  [
    name,
    // The template knows its function by reference only.
    ...Object.entries(dimensions).map(([key, value]) =>
      key === 'DestinationRegion' ? `${key}=${value}` : key,
    ),
  ].join(' ');

describe('recorded jobs', () => {
  it('emit every metric that is defined, with its unit and exactly its dimensions', () => {
    expect(new Set(emitted.map(({ name }) => name))).toEqual(new Set(Object.keys(METRICS)));
    for (const { namespace, name, unit, dimensions } of emitted) {
      const definition: MetricDefinition = METRICS[name as MetricName];
      expect(namespace).toBe(METRIC_NAMESPACE);
      expect(unit, name).toBe(definition.unit);
      expect(Object.keys(dimensions), name).toEqual([...definition.dimensions]);
    }
  });

  it('emit what every alarm reads', () => {
    const read = new Set(alarmMetrics(stack).map(described));
    const seen = emitted.map(described);
    // Relay fallbacks and latency of both regions, failed jobs, proof failures.
    expect(read.size).toBe(6);
    expect(seen).toEqual(expect.arrayContaining([...read]));
  });

  it('emit what every widget of the dashboard shows', () => {
    const shown = new Set(widgetMetrics(dashboardBody(stack)).map(described));
    expect(emitted.map(described)).toEqual(expect.arrayContaining([...shown]));
    expect(shown.size).toBe(18);
  });
});
