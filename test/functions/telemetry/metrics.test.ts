// The metrics as CloudWatch reads them from the log: exactly the names, units and dimensions that the alarms look for.
import { afterAll, beforeAll, describe, expect, vi } from 'vitest';
import { writeMetrics } from '../../../functions/sync-artifacts/telemetry/emf.ts';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
} from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import { jsonLines, runAction } from '../harness/bundle-runs.ts';
import { coldStart, context, printedBy, printedInColdStart } from '../harness/cold-start.ts';
import { faultAt, SLOW_DOWN } from '../harness/faults.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import { MIB, RELAYED_BYTES, SOURCE, TestPipeline } from '../harness/test-pipeline.ts';

const FUNCTION = { FunctionName: 'sync-artifacts' };

interface Emf {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: MetricName; readonly Unit: string }[];
    }[];
  };
  readonly [name: string]: unknown;
}

interface Datum {
  readonly name: MetricName;
  readonly unit: string;
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly values: readonly number[];
}

/** Every metric in the output, as the embedded metric format specification has CloudWatch read it. */
function metricsIn(lines: readonly Record<string, unknown>[]): readonly Datum[] {
  const emitted = lines.filter((line): line is Record<string, unknown> & Emf => '_aws' in line);
  return emitted.flatMap((emf) =>
    emf._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((names) =>
        Metrics.map(
          ({ Name, Unit }): Datum => ({
            name: Name,
            unit: Unit,
            namespace: Namespace,
            dimensions: Object.fromEntries(names.map((name) => [name, emf[name]])),
            values: [emf[Name]].flat() as number[],
          }),
        ),
      ),
    ),
  );
}

interface EmittedMetrics {
  readonly data: readonly Datum[];
  /** The values of a metric, with these dimensions exactly. */
  values(name: MetricName, dimensions?: Readonly<Record<string, string>>): readonly number[];
}

function readMetrics(lines: readonly Record<string, unknown>[]): EmittedMetrics {
  const data = metricsIn(lines);
  return {
    data,
    values: (name, dimensions = {}) => {
      const exactly = JSON.stringify({ ...dimensions, ...FUNCTION });
      return data
        .filter((datum) => datum.name === name && JSON.stringify(datum.dimensions) === exactly)
        .flatMap(({ values }) => values);
    },
  };
}

/** Exactly the namespace, unit and dimensions of their definitions. */
function expectAsDefined({ data }: EmittedMetrics): void {
  expect(data.length).toBeGreaterThan(0);
  for (const { name, namespace, unit, dimensions } of data)
    expect({ namespace, unit, dimensions: Object.keys(dimensions) }, name).toEqual({
      namespace: METRIC_NAMESPACE,
      unit: METRICS[name].unit,
      dimensions: METRICS[name].dimensions,
    });
}

/** The metrics of one job in a cold start. */
async function emittedBy(pipeline: TestPipeline, parameters: object): Promise<EmittedMetrics> {
  const emitted = readMetrics(await printedInColdStart('handler', pipeline.job(parameters).event));
  expectAsDefined(emitted);
  return emitted;
}

async function twoRegions(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', RELAYED_BYTES);
  pipeline.addArtifact('Templates', 1000);
  pipeline.addDestination('metrics-eu');
  pipeline.addDestination('metrics-ap', { region: 'ap-southeast-2' });
  return pipeline;
}

const it = pipelineTest(twoRegions);
const EVERYWHERE = { DestinationBuckets: ['metrics-eu', 'metrics-ap'] };
const EU = { DestinationRegion: 'eu-west-1' };
const AP = { DestinationRegion: 'ap-southeast-2' };

beforeAll(() => {
  vi.stubEnv('SYNC_ACCESS_DENIED_RETRY_MS', '0');
  vi.stubEnv('SYNC_RETRY_BUDGET_MS', '1000');
});
afterAll(() => void vi.unstubAllEnvs());

describe('the metrics of a job', () => {
  it('tell of every copy in its region, and of one success', async ({ pipeline }) => {
    const { values } = await emittedBy(pipeline, EVERYWHERE);
    for (const region of [EU, AP]) {
      expect(values('ArtifactsCopied', region)).toEqual([1, 1]);
      expect(values('BytesCopied', region).toSorted((a, b) => a - b)).toEqual([1000, RELAYED_BYTES]);
      expect(values('CopyLatency', region)).toHaveLength(2);
      expect(values('CopyThroughput', region).every((value) => value > 0)).toBe(true);
      expect(values('CopiesSkipped', region)).toEqual([]);
    }
    expect(values('JobsSucceeded')).toEqual([1]);
    expect(values('JobLatency')).toHaveLength(1);
    expect(values('JobsFailed', { FailureType: 'JobFailed' })).toEqual([]);
  });

  it('tell of a failure with its type and of its latency', async ({ pipeline }) => {
    const { values } = await emittedBy(pipeline, { DestinationBucket: 'Bad Name' });
    expect(values('JobsFailed', { FailureType: 'ConfigurationError' })).toEqual([1]);
    expect(values('JobLatency')).toHaveLength(1);
    expect(values('JobsSucceeded')).toEqual([]);
  });

  it('tell of copies that were there already', async ({ pipeline }) => {
    await emittedBy(pipeline, EVERYWHERE);
    const { values } = await emittedBy(pipeline, EVERYWHERE);
    expect(values('CopiesSkipped', EU)).toEqual([1, 1]);
    expect(values('ArtifactsCopied', EU)).toEqual([]);
    expect(values('BytesCopied', EU)).toEqual([]);
    expect(values('JobsSucceeded')).toEqual([1]);
  });

  it('tell of relays that nobody asked for', async ({ pipeline }) => {
    const asked = await emittedBy(pipeline, { DestinationBucket: 'metrics-eu', Mode: 'relay' });
    pipeline.bucket('metrics-eu').objects.clear();
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
    const denied = await emittedBy(pipeline, { DestinationBucket: 'metrics-eu' });
    expect(asked.values('RelayFallbacks', EU)).toEqual([]);
    expect(denied.values('RelayFallbacks', EU)).toEqual([1, 1]);
  });

  it('tell of throttling', async ({ pipeline }) => {
    pipeline.faults = faultAt('CopyObject', SLOW_DOWN, { times: 1 });
    const { values } = await emittedBy(pipeline, EVERYWHERE);
    expect(values('ThrottledRequests')).toEqual([1]);
  });

  it('tell of proofs that failed', async ({ pipeline }) => {
    pipeline.addArtifact('Plain', 1000, { checksum: 'none' });
    const { values } = await emittedBy(pipeline, {
      DestinationBucket: 'metrics-eu',
      InputArtifacts: ['Plain'],
      MinimumProof: 'etag',
    });
    expect(values('VerificationFailures')).toEqual([1]);
    expect(values('JobsFailed', { FailureType: 'JobFailed' })).toEqual([1]);
  });

  it('tell of continuations, and of the latency of the whole job once', async ({ pipeline }) => {
    pipeline.addArtifact('Image', 400 * MIB);
    pipeline.faults = faultAt('UploadPartCopy', { kind: 'stall', delayMs: 200 });
    const { output } = await runAction(
      pipeline,
      { DestinationBucket: 'metrics-eu', InputArtifacts: ['Image'] },
      { timeoutMs: 2_500, environment: { SYNC_MAX_CONCURRENCY: '1' } },
    );
    const emitted = readMetrics(jsonLines(output));
    const { values } = emitted;
    expectAsDefined(emitted);
    const continuations = values('Continuations').length;
    expect(continuations).toBeGreaterThan(0);
    expect(values('JobsSucceeded')).toEqual([1]);
    const [latencyMs = 0, ...more] = values('JobLatency');
    expect(more).toEqual([]);
    expect(latencyMs).toBeGreaterThan(continuations * 1_000);
    expect(values('BytesCopied', EU)).toEqual([400 * MIB]);
  });

  it('of one invocation do not come again with the next', async ({ pipeline }) => {
    const handler = await coldStart('handler');
    const [first, second] = ['metrics-eu', 'metrics-ap'].map((bucket) =>
      pipeline.job({ DestinationBucket: bucket }),
    );
    const before = readMetrics(await printedBy(() => handler(first?.event, context)));
    const after = readMetrics(await printedBy(() => handler(second?.event, context)));
    expect(before.values('JobsSucceeded')).toEqual([1]);
    expect(after.values('JobsSucceeded')).toEqual([1]);
    expect(after.values('ArtifactsCopied', EU)).toEqual([]);
  });

  it('keep their dimensions when there are hundreds of them', async () => {
    const lines = await printedBy(async () =>
      writeMetrics([
        ...Array.from(
          { length: 250 },
          () => ({ metric: 'CopiesSkipped', value: 1, dimensions: { ...EU, ...FUNCTION } }) as const,
        ),
        ...Array.from(
          { length: 250 },
          () => ({ metric: 'ThrottledRequests', value: 1, dimensions: FUNCTION }) as const,
        ),
      ]),
    );
    const { data, values } = readMetrics(lines);
    expect(values('CopiesSkipped', EU)).toHaveLength(250);
    expect(values('ThrottledRequests')).toHaveLength(250);
    // CloudWatch takes at most a hundred values of a metric from one line.
    expect(Math.max(...data.map((datum) => datum.values.length))).toBeLessThanOrEqual(100);
  });
});
