// The metrics as CloudWatch reads them from the log: exactly the names, units and dimensions that the alarms look for.
import { describe, expect, it, vi } from 'vitest';
import { writeMetrics } from '../../../functions/sync-artifacts/telemetry/emf.ts';
import {
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
} from '../../../functions/sync-artifacts/telemetry/metrics.ts';
import { type BundleOptions, deployed, jsonLines, runAction } from '../harness/bundle-runs.ts';
import { faultAt } from '../harness/faults.ts';
import { MIB, MULTIPART_BYTES, SOURCE, TestPipeline } from '../harness/test-pipeline.ts';

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
function metricsIn(output: string): readonly Datum[] {
  return jsonLines(output)
    .filter((line) => '_aws' in line)
    .flatMap((line) => {
      const emf = line as Emf;
      return emf._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Dimensions.flatMap((names) =>
          Metrics.map(({ Name, Unit }): Datum => {
            const value = emf[Name] as number | readonly number[];
            return {
              name: Name,
              unit: Unit,
              namespace: Namespace,
              dimensions: Object.fromEntries(names.map((name) => [name, emf[name]])),
              values: typeof value === 'number' ? [value] : value,
            };
          }),
        ),
      );
    });
}

interface EmittedMetrics {
  readonly data: readonly Datum[];
  /** The values of a metric, with these dimensions exactly. */
  values(name: MetricName, dimensions?: Readonly<Record<string, string>>): readonly number[];
}

function readMetrics(output: string): EmittedMetrics {
  const data = metricsIn(output);
  return {
    data,
    values: (name, dimensions = {}) =>
      data
        .filter(
          (datum) =>
            datum.name === name &&
            JSON.stringify(datum.dimensions) ===
              JSON.stringify({ ...dimensions, FunctionName: 'sync-artifacts' }),
        )
        .flatMap(({ values }) => values),
  };
}

async function run(
  prepare: (pipeline: TestPipeline) => unknown,
  parameters: object,
  options?: BundleOptions,
): Promise<EmittedMetrics> {
  await using pipeline = await TestPipeline.start();
  prepare(pipeline);
  return readMetrics((await runAction(pipeline, parameters, options)).output);
}

function twoRegions(pipeline: TestPipeline): void {
  pipeline.addArtifact('App', MULTIPART_BYTES);
  pipeline.addArtifact('Templates', 1000);
  pipeline.addDestination('metrics-eu');
  pipeline.addDestination('metrics-ap', { region: 'ap-southeast-2' });
}

const EVERYWHERE = { DestinationBuckets: ['metrics-eu', 'metrics-ap'] };
const EU = { DestinationRegion: 'eu-west-1' };
const FUNCTION = { FunctionName: 'sync-artifacts' };
const AP = { DestinationRegion: 'ap-southeast-2' };

describe('the metrics of a job', () => {
  it('have exactly the namespace, unit and dimensions of their definitions', async () => {
    const stories = await Promise.all([
      run(twoRegions, EVERYWHERE),
      run(twoRegions, { DestinationBucket: 'metrics-nowhere' }),
      run(twoRegions, { ...EVERYWHERE, Mode: 'relay' }),
    ]);
    const data = stories.flatMap((story) => story.data);
    expect(data.length).toBeGreaterThan(20);
    for (const { name, namespace, unit, dimensions } of data) {
      expect(namespace).toBe(METRIC_NAMESPACE);
      expect(unit, name).toBe(METRICS[name].unit);
      expect(Object.keys(dimensions), name).toEqual(METRICS[name].dimensions);
    }
  });

  it('tell of every copy in its region, and of one success', async () => {
    const { values } = await run(twoRegions, EVERYWHERE);
    for (const region of [EU, AP]) {
      expect(values('ArtifactsCopied', region)).toEqual([1, 1]);
      expect(values('BytesCopied', region).toSorted((a, b) => a - b)).toEqual([1000, MULTIPART_BYTES]);
      expect(values('CopyLatency', region)).toHaveLength(2);
      expect(values('CopyThroughput', region).every((value) => value > 0)).toBe(true);
      expect(values('CopiesSkipped', region)).toEqual([]);
    }
    expect(values('JobsSucceeded')).toEqual([1]);
    expect(values('JobLatency')).toHaveLength(1);
    expect(values('JobsFailed', { FailureType: 'JobFailed' })).toEqual([]);
  });

  it('tell of a failure with its type and of its latency', async () => {
    const { values } = await run(twoRegions, { DestinationBucket: 'Bad Name' });
    expect(values('JobsFailed', { FailureType: 'ConfigurationError' })).toEqual([1]);
    expect(values('JobLatency')).toHaveLength(1);
    expect(values('JobsSucceeded')).toEqual([]);
  });

  it('tell of copies that were there already', async () => {
    await using pipeline = await TestPipeline.start();
    twoRegions(pipeline);
    await runAction(pipeline, EVERYWHERE);
    const { values } = readMetrics((await runAction(pipeline, EVERYWHERE)).output);
    expect(values('CopiesSkipped', EU)).toEqual([1, 1]);
    expect(values('ArtifactsCopied', EU)).toEqual([]);
    expect(values('BytesCopied', EU)).toEqual([]);
    expect(values('JobsSucceeded')).toEqual([1]);
  });

  it('tell of relays that nobody asked for', async () => {
    const denied = await run((pipeline) => {
      twoRegions(pipeline);
      pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
    }, EVERYWHERE);
    expect(denied.values('RelayFallbacks', EU)).toEqual([1, 1]);
    const asked = await run(twoRegions, { ...EVERYWHERE, Mode: 'relay' });
    expect(asked.values('RelayFallbacks', EU)).toEqual([]);
  });

  it('tell of throttling', async () => {
    let refused = 0;
    const { values } = await run((pipeline) => {
      twoRegions(pipeline);
      pipeline.faults = ({ operation, phase }) =>
        phase === 'before' && operation === 'CopyObject' && ++refused === 1
          ? { kind: 'error', status: 503, code: 'SlowDown' }
          : undefined;
    }, EVERYWHERE);
    expect(values('ThrottledRequests')).toEqual([1]);
  });

  it('tell of proofs that failed', async () => {
    const { values } = await run(
      (pipeline) => {
        pipeline.addArtifact('App', 1000, { checksum: 'none' });
        pipeline.addDestination('metrics-eu');
      },
      { DestinationBucket: 'metrics-eu', MinimumProof: 'etag' },
    );
    expect(values('VerificationFailures')).toEqual([1]);
    expect(values('JobsFailed', { FailureType: 'JobFailed' })).toEqual([1]);
  });

  it('tell of continuations, and of the latency of the whole job once', async () => {
    const environment = { SYNC_MAX_CONCURRENCY: '1' };
    const { values } = await run(
      (pipeline) => {
        pipeline.addArtifact('App', 400 * MIB);
        pipeline.addDestination('metrics-eu');
        pipeline.faults = faultAt('UploadPartCopy', { kind: 'stall', delayMs: 200 });
      },
      { DestinationBucket: 'metrics-eu' },
      { timeoutMs: 2_500, environment },
    );
    const continuations = values('Continuations').length;
    expect(continuations).toBeGreaterThan(0);
    expect(values('JobsSucceeded')).toEqual([1]);
    const [latencyMs = 0, ...more] = values('JobLatency');
    expect(more).toEqual([]);
    expect(latencyMs).toBeGreaterThan(continuations * 1_000);
    expect(values('BytesCopied', EU)).toEqual([400 * MIB]);
  });

  it('of one invocation do not come again with the next', async () => {
    await using pipeline = await TestPipeline.start();
    twoRegions(pipeline);
    await using lambda = deployed(pipeline);
    const first = await lambda.invoke(pipeline.job({ DestinationBucket: 'metrics-eu' }).event);
    const second = await lambda.invoke(pipeline.job({ DestinationBucket: 'metrics-ap' }).event);
    expect(readMetrics(first.lines.join('\n')).values('JobsSucceeded')).toEqual([1]);
    expect(readMetrics(second.lines.join('\n')).values('JobsSucceeded')).toEqual([1]);
    expect(readMetrics(second.lines.join('\n')).values('ArtifactsCopied', EU)).toEqual([]);
  });

  it('keep their dimensions when there are hundreds of them', () => {
    const printed: string[] = [];
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => printed.push(String(text)) > 0);
    try {
      writeMetrics([
        ...Array.from(
          { length: 250 },
          () => ({ metric: 'CopiesSkipped', value: 1, dimensions: { ...EU, ...FUNCTION } }) as const,
        ),
        ...Array.from(
          { length: 250 },
          () => ({ metric: 'ThrottledRequests', value: 1, dimensions: FUNCTION }) as const,
        ),
      ]);
    } finally {
      write.mockRestore();
    }
    const { data, values } = readMetrics(printed.join(''));
    expect(values('CopiesSkipped', EU)).toHaveLength(250);
    expect(values('ThrottledRequests')).toHaveLength(250);
    // CloudWatch takes at most a hundred values of a metric from one line.
    expect(Math.max(...data.map((datum) => datum.values.length))).toBeLessThanOrEqual(100);
  });
});
