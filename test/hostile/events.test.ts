// Hostile events, parameters and tokens: each ends with exactly one clear result, and asks only for buckets that it names.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BucketCache } from '../../functions/sync-artifacts/aws/bucket-cache.ts';
import type { S3ClientPool } from '../../functions/sync-artifacts/aws/s3-clients.ts';
import type { Container } from '../../functions/sync-artifacts/create-context.ts';
import { runInvocation } from '../../functions/sync-artifacts/invocation.ts';
import { jobIdOf } from '../../functions/sync-artifacts/job/parse-job.ts';
import type { JobReporter, JobResult } from '../../functions/sync-artifacts/result/job-reporter.ts';
import { readSettings } from '../../functions/sync-artifacts/settings.ts';
import type { TelemetrySink } from '../../functions/sync-artifacts/telemetry/telemetry.ts';

const RUNS = 10_000;
const SECRET = 'q7Wm0-secret-Xk2';
const FAILURE_TYPES = [
  'JobFailed',
  'ConfigurationError',
  'PermissionError',
  'RevisionOutOfSync',
  'RevisionUnavailable',
  'SystemUnavailable',
];

/** What an invocation did: results reported, errors logged, buckets asked for, and what it threw. */
interface Deed {
  readonly results: readonly JobResult[];
  readonly errors: readonly string[];
  readonly buckets: readonly string[];
  readonly printed: string;
  readonly thrown: unknown;
}

/** Runs the function against an S3 that knows no bucket at all, and a CodePipeline that records what is reported. */
async function invoke(event: unknown): Promise<Deed> {
  const results: JobResult[] = [];
  const errors: string[] = [];
  const buckets: string[] = [];
  const printed: unknown[] = [];
  const settings = { ...readSettings({}), accessDeniedRetryMs: 0, retryBudgetMs: 0 };
  const client = {
    send: ({ input }: { readonly input: { readonly Bucket?: string; readonly CopySource?: string } }) => {
      buckets.push(input.Bucket ?? '', ...(input.CopySource?.split('/').slice(0, 1) ?? []));
      const error = Object.assign(new Error('no such bucket'), {
        name: 'NoSuchBucket',
        $metadata: { httpStatusCode: 404, attempts: 1 },
      });
      return Promise.reject(error);
    },
  };
  const clients = {
    forJob: () => ({
      hasArtifactCredentials: true,
      role: () => client,
      artifact: () => client,
      preconnect: () => undefined,
      retries: () => 0,
      noteFailure: () => undefined,
      lastFailure: () => undefined,
    }),
  };
  const log = (message: string, fields: unknown): void => void printed.push(message, fields);
  const telemetry: TelemetrySink = {
    debug: log,
    info: log,
    warn: log,
    error: (message, fields) => {
      errors.push(message);
      log(message, fields);
    },
    record: () => undefined,
    count: () => undefined,
    begin: () => undefined,
    hide: () => undefined,
    hold: () => undefined,
    identify: () => undefined,
    correlate: () => undefined,
    warmUp: () => Promise.resolve(),
    flush: () => Promise.resolve(),
  };
  const reporter = {
    warmUp: () => Promise.resolve(),
    origin: () => Promise.resolve(undefined),
    report: (_jobId: string, _lambda: unknown, result: JobResult) => {
      results.push(result);
      return Promise.resolve();
    },
  };
  const container: Container = {
    settings,
    telemetry,
    clients: clients as unknown as S3ClientPool,
    reporter: reporter as unknown as JobReporter,
    facts: new BucketCache(0),
  };
  const lambda = { awsRequestId: 'request', getRemainingTimeInMillis: () => 60_000 };
  const thrown: unknown = await runInvocation(event, lambda, container).then(
    () => undefined,
    (error: unknown) => error ?? 'rejected without a reason',
  );
  return { results, errors, buckets, printed: safeJson([printed, results]), thrown };
}

function safeJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? '';
}

const parameters = {
  DestinationBuckets: ['web-shop-eu-west-1', { Bucket: 'web-shop-us-west-2', Region: 'us-west-2' }],
  InputArtifacts: ['App'],
  Mode: 'auto',
  Key: 'releases/{artifact}/{objectKey}',
  MinimumProof: 'etag',
  Overwrite: 'replace',
  Annotations: 'exclude',
};

function eventWith(userParameters: unknown, continuationToken?: string): Record<string, unknown> {
  return {
    'CodePipeline.job': {
      id: '11111111-abcd-1111-abcd-111111abcdef',
      accountId: '111122223333',
      data: {
        actionConfiguration: {
          configuration: { FunctionName: 'sync', UserParameters: userParameters },
        },
        inputArtifacts: [
          {
            name: 'App',
            revision: null,
            location: { type: 'S3', s3Location: { bucketName: 'web-shop-source', objectKey: 'a/b.zip' } },
          },
        ],
        outputArtifacts: [],
        artifactCredentials: {
          accessKeyId: 'ASIAEXAMPLE',
          secretAccessKey: SECRET,
          sessionToken: `${SECRET}-token`,
        },
        encryptionKey: null,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      },
    },
  };
}

/** Values that break naive code. */
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    '\0',
    '../../etc/passwd',
    '$(reboot)',
    '{{objectKey}}',
    '{constructor}',
    '__proto__',
    'a'.repeat(100_000),
    '\ud800',
    'https://evil.example/?',
    'bucket/../other',
    'xn--bucket',
    '127.0.0.1',
    'arn:aws:s3:::bucket',
    'evil.example.com/#',
    -1,
    2 ** 53,
    Number.NaN,
    null,
    undefined,
    true,
    [],
    {},
    [[[[[[]]]]]],
    { toString: 'x' },
    JSON.parse('{"__proto__":{"polluted":true}}'),
  ),
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.anything({ maxDepth: 2 }),
);

/** Replaces, removes or adds something somewhere. */
function mutated(value: unknown, where: readonly number[], hostile: unknown, way: number): unknown {
  const [step, ...rest] = where;
  if (step === undefined || typeof value !== 'object' || value === null) return hostile;
  const copy: Record<string, unknown> | unknown[] = Array.isArray(value) ? [...value] : { ...value };
  const keys = Object.keys(copy);
  const key = keys[step % Math.max(1, keys.length)];
  const target = copy as Record<string, unknown>;
  if (key === undefined) return hostile;
  if (rest.length > 0) target[key] = mutated(target[key], rest, hostile, way);
  else if (way === 0) delete target[key];
  else if (way === 1) target[`${key}${String(step)}`] = hostile;
  else target[key] = hostile;
  return copy;
}

const path = fc.array(fc.nat(9), { minLength: 1, maxLength: 9 });
const way = fc.nat(5);
const hostileEvent = fc
  .tuple(path, hostileValue, way)
  .map(([where, value, how]) => mutated(eventWith(JSON.stringify(parameters)), where, value, how));
const hostileParameters = fc
  .tuple(fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), hostileValue, way)
  .map(([where, value, how]) => eventWith(safeJson(mutated(parameters, where, value, how)).slice(0, 1000)));
const hostileText = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 1000 }), hostileValue)
  .map((text) => eventWith(text));
const hostileToken = fc
  .oneof(
    fc.string({ maxLength: 2048 }),
    fc
      .tuple(fc.string({ maxLength: 22 }), fc.json({ maxDepth: 3 }))
      .map(([digest, body]) => `v1.${digest}.${body}`),
  )
  .map((token) => eventWith(JSON.stringify(parameters), token));

/** All names of buckets that an event or its parameters give. */
function bucketsNamedIn(event: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const collect = (value: unknown, depth = 0): void => {
    if (typeof value === 'string') {
      names.add(value);
      if (depth < 12 && /^[[{"]/.test(value)) {
        try {
          collect(JSON.parse(value), depth + 1);
        } catch {
          // Text that is no JSON names no more than itself.
        }
      }
    } else if (typeof value === 'object' && value !== null && depth < 12) {
      for (const item of Object.values(value)) collect(item, depth + 1);
    }
  };
  collect(event);
  return names;
}

async function expectOneClearResult(event: unknown): Promise<void> {
  const { results, errors, buckets, printed, thrown } = await invoke(event);
  if (jobIdOf(event) === undefined) {
    expect({ results, errors: errors.length }).toEqual({ results: [], errors: 1 });
    expect(thrown).toBeInstanceOf(Error);
  } else {
    expect(thrown).toBeUndefined();
    expect(results).toHaveLength(1);
    const [result] = results;
    if (result?.kind !== 'failure') throw new Error('no bucket exists, so no job can succeed');
    expect(FAILURE_TYPES).toContain(result.failure.type);
    expect(result.failure.message).not.toBe('');
    expect(result.failure.message).not.toContain('defect of the function');
  }
  expect(printed).not.toContain(SECRET);
  const named = bucketsNamedIn(event);
  for (const bucket of buckets) expect(named).toContain(bucket);
}

describe('hostile input', () => {
  it.each([
    ['events', hostileEvent],
    ['parameters', hostileParameters],
    ['texts as parameters', hostileText],
    ['continuation tokens', hostileToken],
  ])(
    '%s end with exactly one clear result, ask only for named buckets, and give no secret away',
    async (_, events) => {
      const before = process.memoryUsage().heapUsed;
      await fc.assert(fc.asyncProperty(events, expectOneClearResult), { numRuns: RUNS / 4 });
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(400 * 2 ** 20);
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    },
    120_000,
  );
});
