// The function that answers for one that died: what Lambda recorded, and what the pipeline's operator reads.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../local/aws/state/code-pipeline/jobs.ts';
import { deployed } from './harness/bundle-runs.ts';
import { coldStart, context, printedBy } from './harness/cold-start.ts';
import { errorOf } from './harness/faults.ts';
import { TestPipeline } from './harness/test-pipeline.ts';

let pipeline: TestPipeline;
let handler: Awaited<ReturnType<typeof coldStart>>;

beforeAll(async () => {
  pipeline = await TestPipeline.start();
  pipeline.addArtifact('App');
  pipeline.addDestination('lost-eu');
  handler = await coldStart('lost-job');
});
afterEach(() => {
  pipeline.faults = undefined;
});
afterAll(() => pipeline[Symbol.asyncDispose]());

const newJob = (): Job => pipeline.job({ DestinationBucket: 'lost-eu' });
/** What the function prints about a record. */
const handle = (record: unknown) => printedBy(() => handler(record, context));
const resultsOf = ({ id }: Job) => pipeline.aws.codePipeline.results.filter(({ jobId }) => jobId === id);

interface Ending {
  readonly condition?: string;
  readonly attempts?: number;
  readonly response?: unknown;
}

/** As Lambda sends it to an on-failure destination (Lambda developer guide, invocation-async-retain-records). */
function recordOf(job: Job, { condition = 'RetriesExhausted', attempts = 3, response }: Ending = {}): object {
  return {
    version: '1.0',
    timestamp: '2026-11-21T01:00:00.000Z',
    requestContext: {
      requestId: 'e4b46cbf-b738-xmpl-8880-a18cdf61200e',
      functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:team-sync:$LATEST',
      condition,
      approximateInvokeCount: attempts,
    },
    requestPayload: job.event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    ...(response === undefined ? {} : { responsePayload: response }),
  };
}

const ENDINGS: readonly [what: string, ending: Ending, ...says: string[]][] = [
  [
    'timed out',
    { response: { errorMessage: '2026-11-21T01:00:00Z e4b46cbf Task timed out after 900.10 seconds' } },
    'after 3 attempts',
    'Task timed out after 900.10 seconds',
    "Raise the function's timeout",
    'SYNC_DEADLINE_MARGIN_MS',
  ],
  [
    'ran out of memory',
    {
      response: {
        errorType: 'Runtime.ExitError',
        errorMessage: 'RequestId: e4b46cbf Error: Runtime exited with error: signal: killed',
      },
    },
    'It ran out of memory',
    'SYNC_RELAY_MEMORY_MIB',
  ],
  [
    'ran out of memory, as newer runtimes put it',
    {
      response: {
        errorType: 'Runtime.OutOfMemory',
        errorMessage: 'RequestId: e4b46cbf Error: Runtime.OutOfMemory',
      },
    },
    'It ran out of memory',
  ],
  [
    'did not start',
    {
      response: {
        errorType: 'Runtime.ImportModuleError',
        errorMessage: "Error: Cannot find module 'handler'",
        trace: [],
      },
    },
    'did not start',
    'deploy the package again',
  ],
  [
    'exited',
    { response: { errorMessage: 'RequestId: e4b46cbf Error: Runtime exited with error: exit status 1' } },
    'Its process ended',
  ],
  [
    'was never run',
    { condition: 'EventAgeExceeded', attempts: 1 },
    'after 1 attempt.',
    'grew too old',
    'reserved concurrency',
  ],
  [
    'threw',
    { response: { errorType: 'InternalFailure', errorMessage: 'something secret about the pipeline' } },
    'Look at the newest lines of its log, then retry the stage',
  ],
  ['left no trace', {}, 'Look at the newest lines of its log'],
];

describe('a job whose function', () => {
  it.each(ENDINGS)('%s is failed, with what to do about it', async (_what, ending, ...says) => {
    const job = newJob();
    const lines = await handle(recordOf(job, ending));
    const [result] = resultsOf(job);
    const failure = result?.input.failureDetails as { type: string; message: string };
    expect(failure.type).toBe('JobFailed');
    for (const part of [...says, 'is not copied again']) expect(failure.message).toContain(part);
    expect(failure.message).not.toContain('secret');
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Failed');
    expect(lines.find(({ message }) => message === 'Job lost')).toMatchObject({
      level: 'ERROR',
      correlation_id: job.id,
      failureType: 'JobFailed',
    });
    expect(lines).toContainEqual(
      expect.objectContaining({
        JobsFailed: expect.anything(),
        FailureType: 'JobFailed',
        FunctionName: 'team-sync',
      }),
    );
  });

  const RECORDS: readonly [what: string, wrap: (record: Record<string, unknown>) => unknown][] = [
    ['counts attempts in text', (record) => ({ ...record, requestContext: { approximateInvokeCount: '3' } })],
    ['has no context', ({ requestContext: _, ...record }) => record],
    ['has a context that is text', (record) => ({ ...record, requestContext: 'RetriesExhausted' })],
    ['has an answer that is a list', (record) => ({ ...record, responsePayload: [null, 7] })],
    [
      'quotes the event as text',
      (record) => ({ ...record, requestPayload: JSON.stringify(record.requestPayload) }),
    ],
    [
      'comes from EventBridge',
      (record) => ({ 'detail-type': 'Lambda Function Invocation Result', detail: record }),
    ],
    ['comes from SNS', (record) => ({ Records: [{ Sns: { Message: JSON.stringify(record) } }] })],
    ['comes from SQS', (record) => ({ Records: [{ body: JSON.stringify(record) }] })],
    ['is the event alone', ({ requestPayload }) => requestPayload],
  ];
  it.each(RECORDS)('left a record that %s is failed once', async (_what, wrap) => {
    const job = newJob();
    const record = wrap({ ...recordOf(job) });

    await handle(record);

    expect(resultsOf(job).map(({ operation }) => operation)).toEqual(['PutJobFailureResult']);
  });

  it('came in a batch is failed with what its own record says', async () => {
    const jobs = [1, 2].map(() => newJob());
    const Records = jobs.map((job, index) => ({
      body: JSON.stringify(recordOf(job, { attempts: index + 1 })),
    }));

    await handle({ Records });

    const messages = jobs.map((job) =>
      resultsOf(job).map(({ input }) => (input.failureDetails as { message: string }).message),
    );
    expect(messages).toEqual([
      [expect.stringContaining('after 1 attempt.')],
      [expect.stringContaining('after 2 attempts.')],
    ]);
  });

  it('had answered before it died keeps its answer', async () => {
    const job = newJob();
    await using answering = deployed(pipeline);
    await answering.invoke(job.event);
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Succeeded');
    await handle(recordOf(job));
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Succeeded');
  });
});

describe('an answer that does not arrive', () => {
  it('is thrown, so that Lambda tries again', async () => {
    const job = newJob();
    pipeline.faults = () => errorOf(400, 'AccessDeniedException');
    await printedBy(() => expect(handler(recordOf(job), context)).rejects.toThrow());
  });
});

describe('a record without a job', () => {
  it.each([
    ['nothing', null],
    ['text', 'record'],
    ['another payload', { requestPayload: { hello: 'a secret' } }],
    ['a job without id', { requestPayload: { 'CodePipeline.job': {} } }],
    ['odd contexts', { requestContext: { condition: 7 }, requestPayload: {} }],
  ])('(%s) is logged and not thrown, since a retry would change nothing', async (_what, record) => {
    const before = pipeline.aws.codePipeline.results.length;
    const lines = await handle(record);
    expect(lines).toMatchObject([
      { level: 'ERROR', message: expect.stringContaining('holds no CodePipeline job') },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
    expect(pipeline.aws.codePipeline.results).toHaveLength(before);
  });
});
