// What the replay says holds for every kind of fault and for the options together: one table, replayed in this process.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_FAULT_KINDS, type FaultKind } from '../../../local/aws/faults/fault-kinds.ts';
import type { ReplayReport, ReplayVerdict } from '../../../local/replay/report-schema.ts';
import { REPLAY_REPORT_SCHEMA_FILE, replayReportJsonSchema } from '../../../schemas/generate.ts';
import { endPlaying, type Played, play, sampleFile } from './command.ts';

const CLASSIC = '--artifact App=20MiB';

interface Row {
  /** File of the event. @default the classic sample */
  readonly event?: string;
  /** The options as one would type them, without quotes. */
  readonly args: string;
  readonly verdict: ReplayVerdict;
  readonly failureType?: string;
  /** Sentences of what is printed. */
  readonly says?: readonly RegExp[];
  readonly holds?: (report: ReplayReport) => void;
}

/** Passing faults strike together (each alone: test/faults), at rates and seeds that strike this job, which has few requests. */
const PASSING: readonly (readonly string[])[] = [
  ['internal-error=0.3', 'slow-down', 'error-in-200=0.5', 'kms-throttling=0.3'],
  ['reset-before', 'reset-after', 'slow', 'truncate=0.3'],
  ['stall=0.3', 'stall-body=0.2'],
  ['access-denied', 'clock-skew'],
  ['pipeline-throttling=0.5', 'pipeline-error=0.5', 'lost-result=1'],
];
/** What a lasting fault ends as; a passing one must not be felt. */
const LASTING: Partial<Readonly<Record<FaultKind, Partial<Row>>>> = {
  'key-disabled': {
    args: '--twice',
    verdict: 'failed',
    failureType: 'ConfigurationError',
    says: [/The first run failed/],
  },
  'bucket-deleted': { verdict: 'failed', failureType: 'ConfigurationError' },
  'source-corrupted': { verdict: 'failed', failureType: 'JobFailed' },
  'source-overwritten': {
    says: [/The source of App changed mid-job; the version that the job began with was copied\./],
    holds: ({ changedSources }) => expect(changedSources).toEqual(['App']),
  },
  'source-deleted': { holds: ({ changedSources }) => expect(changedSources).toEqual(['App']) },
  oom: { verdict: 'failed', failureType: 'JobFailed', says: [/on-failure destination/, /Lambda gives up/] },
};

/** Rows by the kinds that strike in them. */
const FAULTS: readonly (readonly [string, Row, readonly string[]])[] = [
  ...PASSING.map((rates): [string, Row, string[]] => [
    `faults ${rates.join(', ')}`,
    {
      // A stall is noticed sooner than by default.
      args: `${CLASSIC} --seed 2 --env SYNC_STALL_MS=1200 --fault ${rates.join(' --fault ')}`,
      verdict: 'succeeded',
    },
    rates.map((rate) => rate.replace(/=.*/, '')),
  ]),
  ...Object.entries(LASTING).map(([kind, { args = '', ...row }]): [string, Row, string[]] => [
    `fault ${kind}`,
    { args: `${CLASSIC} --seed 2 --fault ${kind} ${args}`, verdict: 'succeeded', ...row },
    [kind],
  ]),
];

/** A sample as an event of somebody else: job and key in accounts of theirs. */
function elsewhere(accountId: string, keyAccountId: string): string {
  const text = readFileSync(sampleFile('classic'), 'utf8');
  const file = join(mkdtempSync(join(tmpdir(), 'replay-')), 'event.json');
  writeFileSync(
    file,
    text
      .replace(/"accountId": "\d+"/, `"accountId": "${accountId}"`)
      .replace(/(arn:aws:kms:[\w-]+:)\d+/, `$1${keyAccountId}`),
  );
  return file;
}

const OPTIONS: readonly (readonly [string, Row])[] = [
  [
    'an event of another account, a source without versions and a fault that does not strike',
    {
      event: elsewhere('444455556666', '444455556666'),
      args: '--artifact App=20MiB --unversioned-source --fault slow-down=0',
      verdict: 'succeeded',
      says: [/No fault struck of slow-down/],
    },
  ],
  [
    'an event whose source is encrypted under a key of another account',
    { event: elsewhere('444455556666', '555566667777'), args: '--artifact App=20MiB', verdict: 'succeeded' },
  ],
  [
    'a source without versions that is overwritten',
    {
      args: `${CLASSIC} --unversioned-source --fault source-overwritten`,
      verdict: 'failed',
      failureType: 'RevisionOutOfSync',
      says: [/The source of App changed mid-job\.\n/],
    },
  ],
  [
    'too little memory',
    {
      event: sampleFile('relay'),
      args: '--memory 128 --artifact Vendor=60MiB --env SYNC_ACCESS_DENIED_RETRY_MS=0',
      verdict: 'out-of-memory',
      says: [/signal: killed/, /Lambda kills the function: it needed .*, and has 128 MiB/],
      holds: ({ exitCode, invocations }) => {
        expect(exitCode).toBe(1);
        expect(invocations.map(({ outcome }) => outcome)).toEqual(['out-of-memory', 'out-of-memory']);
      },
    },
  ],
  [
    'a stage that is retried',
    {
      args: `${CLASSIC} --twice`,
      verdict: 'succeeded',
      says: [/The copy was|1 copy was there already and was not made again/, /The first run succeeded/],
      holds: ({ copies, firstRun, requests }) => {
        expect(copies).toMatchObject([{ status: 'already-there', identical: true }]);
        expect(firstRun?.copies).toMatchObject([{ status: 'copied' }]);
        expect(requests).not.toHaveProperty('UploadPartCopy');
      },
    },
  ],
  [
    'a retried stage whose function dies now and then',
    { args: `${CLASSIC} --twice --fault oom=0.4 --seed 2`, verdict: 'succeeded' },
  ],
  [
    'latency',
    {
      args: `${CLASSIC} --wan`,
      verdict: 'succeeded',
      says: [/over {2}a modelled round trip of 140 ms; no client can be faster than/],
      holds: ({ network, requests }) => {
        expect(network?.homeRegion).toBe('eu-central-1');
        // Every request of the function was held back, none of the comparison's.
        expect(network?.answers).toBe(Object.values(requests).reduce((sum, count) => sum + count, 0));
      },
    },
  ],
  [
    'latency and faults',
    {
      args: `${CLASSIC} --wan --fault slow-down --fault reset-after=0.1`,
      verdict: 'succeeded',
    },
  ],
  [
    'a timeout that is too short for the job',
    {
      // One request at a time over the modelled network: more than five seconds on any machine.
      args: '--artifact App=400MiB --wan --timeout 5s --env SYNC_MAX_CONCURRENCY=1',
      verdict: 'succeeded',
      says: [/↻ \d+%: Synced 0 of 1 copy/],
      holds: ({ continuations, invocations }) => {
        expect(continuations).toBeGreaterThanOrEqual(1);
        expect(new Set(invocations.map(({ jobId }) => jobId)).size).toBe(continuations + 1);
      },
    },
  ],
  [
    'a destination that is the source itself',
    {
      args: `${CLASSIC} --user-parameters {"DestinationBuckets":["web-shop-artifacts-eu-central-1","copies-us-east-1"]}`,
      verdict: 'succeeded',
      says: [/1 destination is the source itself: nothing was written there\./, /The copy is byte-identical/],
      holds: ({ copies }) => {
        expect(copies.map(({ status, identical }) => [status, identical])).toEqual([
          ['is-source', undefined],
          ['copied', true],
        ]);
      },
    },
  ],
  [
    'only the source itself',
    {
      args: `${CLASSIC} --user-parameters {"DestinationBucket":"web-shop-artifacts-eu-central-1"}`,
      verdict: 'succeeded',
      says: [/1 destination is the source itself/],
      holds: ({ comparedBytes }) => expect(comparedBytes).toBe(0),
    },
  ],
  [
    'a key id that KMS would not know',
    {
      args: `${CLASSIC} --user-parameters {"DestinationBuckets":[{"Bucket":"copies-us-east-1","KmsKeyId":"none"}]}`,
      verdict: 'failed',
      failureType: 'ConfigurationError',
    },
  ],
  [
    'an unresolved variable and a bucket of an unknown region',
    {
      args: `${CLASSIC} --user-parameters {"DestinationBucket":"releases","Key":"{executionId}.zip","ExecutionId":"#{codepipeline.PipelineExecutionId}"}`,
      verdict: 'succeeded',
      says: [/! CodePipeline would have resolved/, /! Nothing says where releases is/],
      holds: ({ assumptions }) => expect(assumptions).toHaveLength(2),
    },
  ],
  [
    'an empty artifact, and both given',
    {
      args: '--artifact App=0 --user-parameters {"DestinationBucket":"releases","Key":"{executionId}.zip","ExecutionId":"#{codepipeline.PipelineExecutionId}"} --variable codepipeline.PipelineExecutionId=e1 --bucket-region releases=eu-west-1',
      verdict: 'succeeded',
      says: [/App → eu-west-1: 0 bytes/, /compared 0 bytes/],
      holds: ({ assumptions, copies }) => {
        expect(assumptions).toEqual([]);
        expect(copies).toMatchObject([{ key: 'e1.zip', region: 'eu-west-1' }]);
      },
    },
  ],
  [
    'a sample that is meant to fail, under a fault that makes it fail otherwise',
    {
      event: sampleFile('fails-source-changed'),
      args: '--fault key-disabled --fault source-overwritten=0',
      verdict: 'failed',
      failureType: 'ConfigurationError',
      says: [/This sample is meant to end with RevisionOutOfSync\./],
    },
  ],
];

const ROWS: readonly (readonly [string, Row])[] = [
  ...FAULTS.map(([name, row]) => [name, row] as const),
  ...OPTIONS,
];

describe('a replay', () => {
  const played = new Map<string, Played>();
  beforeAll(async () => {
    const limit = pLimit(4);
    await Promise.all(
      ROWS.map(([name, { event = sampleFile('classic'), args }]) =>
        limit(async () => played.set(name, await play([event, ...args.trim().split(' ')]))),
      ),
    );
  }, 600_000);
  afterAll(endPlaying);
  const schema = JSON.parse(readFileSync(REPLAY_REPORT_SCHEMA_FILE, 'utf8')) as Record<string, unknown>;
  const isReport = new Ajv2020({ strict: false }).compile(schema);

  it.each(ROWS)('with %s ends as it should, and says so', (name, row) => {
    const { report, printed } = played.get(name) ?? {};
    if (!report || printed === undefined) throw new Error('was not replayed');
    const { verdict, exitCode, result, copies } = report;
    expect({ verdict, failureType: result.failureType, message: result.message ?? '' }).toEqual({
      verdict: row.verdict,
      failureType: row.failureType ?? (row.verdict === 'out-of-memory' ? 'JobFailed' : undefined),
      message: expect.any(String) as unknown,
    });
    expect(exitCode).toBe(verdict === 'succeeded' ? 0 : 1);
    expect(printed.includes('✗')).toBe(verdict !== 'succeeded');
    expect(copies.filter(({ identical }) => identical === false)).toEqual([]);
    for (const sentence of row.says ?? []) expect(printed.replaceAll(/\n {4}/g, ' ')).toMatch(sentence);
    row.holds?.(report);
  });

  it.each(ALL_FAULT_KINDS)('says of fault %s how often it struck', (kind) => {
    const [row] = FAULTS.find(([, , kinds]) => kinds.includes(kind)) ?? [];
    const { report, printed } = played.get(row ?? '') ?? {};
    const count = report?.faults[kind] ?? 0;
    expect(count).toBeGreaterThan(0);
    expect(printed?.replaceAll(/\n {4}/g, ' ')).toMatch(
      new RegExp(`Faults that struck: .*\\b${count} × ${kind}\\b`),
    );
  });

  it('is described by the schema that the code gives (npm run schemas)', () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(replayReportJsonSchema())));
  });

  it.each(ROWS.map(([name]) => name))('with %s gives a document that its schema describes', (name) => {
    isReport(JSON.parse(JSON.stringify(played.get(name)?.report)));
    expect(isReport.errors).toBeNull();
  });
});
