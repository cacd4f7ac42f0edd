// The entries of both Lambda functions as a cold start meets them: a log line for everything, an answer even to bad settings.
import { afterEach, describe, expect, vi } from 'vitest';
import { deployed, runAction } from './harness/bundle-runs.ts';
import { coldStart, context, printedBy, printedInColdStart } from './harness/cold-start.ts';
import { faultAt } from './harness/faults.ts';
import { EU, pipelineTest } from './harness/pipeline-test.ts';

const it = pipelineTest();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the function', () => {
  it('does a job in a cold start, and logs it with job, request and correlation id', async ({ pipeline }) => {
    const job = pipeline.job({ DestinationBucket: EU });
    const lines = await printedInColdStart('handler', job.event);
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Succeeded');
    expect(lines.find(({ message }) => message === 'Job succeeded')).toMatchObject({
      level: 'INFO',
      service: 'artifact-sync',
      requestId: context.awsRequestId,
      correlation_id: job.id,
      jobId: job.id,
    });
  });

  it('names pipeline, stage, action and execution in every log line, the first of which says what the job will do', async ({
    pipeline,
  }) => {
    const job = pipeline.job({ DestinationBucket: EU, MinimumProof: 'checksum' });
    let tell = (): void => undefined;
    const reported = new Promise<void>((resolve) => {
      tell = () => void setTimeout(resolve, 250);
    });
    pipeline.faults = ({ operation, phase }) => {
      if (operation === 'GetJobDetails' && phase === 'after') tell();
      return operation === 'CopyObject' && phase === 'before' ? { kind: 'wait', until: reported } : undefined;
    };

    const lines = await printedInColdStart('handler', job.event);

    const log = lines.filter(({ level }) => level !== undefined);
    expect(log.map(({ message }) => message)).toEqual(['Job begins', 'Copy finished', 'Job succeeded']);
    for (const line of log) {
      expect(line).toMatchObject({
        pipeline: 'replayed-pipeline',
        stage: 'Sync',
        action: 'SyncArtifacts',
        pipelineExecutionId: job.actionExecutionId,
        actionExecutionId: job.actionExecutionId,
        correlation_id: job.id,
        requestId: context.awsRequestId,
      });
    }
    expect(log[0]).toMatchObject({
      artifacts: ['App: s3://pipeline-artifacts/pipeline/App/abc.zip'],
      destinations: ['s3://copies-eu/{objectKey}'],
      mode: 'auto',
      minimumProof: 'checksum',
    });
  });

  it.for([
    ['denied', { kind: 'error', status: 400, code: 'AccessDeniedException' } as const],
    ['never answered', { kind: 'stall', delayMs: Number.POSITIVE_INFINITY } as const],
  ] as const)(
    'loses no log line, and does not wait, when GetJobDetails is %s',
    async ([_what, fault], { pipeline }) => {
      const job = pipeline.job({ DestinationBucket: EU });
      pipeline.faults = faultAt('GetJobDetails', fault);
      const handler = await coldStart('handler');

      const lines = await printedBy(() => handler(job.event, context));

      const messages = lines.filter(({ level }) => level !== undefined).map(({ message }) => message);
      expect(messages).toEqual(['Job begins', 'Copy finished', 'Job succeeded']);
      expect(pipeline.aws.codePipeline.state(job.id)).toBe('Succeeded');
    },
  );

  it('logs an event without a job even in a cold start, and throws', async ({ pipeline: _ }) => {
    const handler = await coldStart('handler');
    const lines = await printedBy(() =>
      expect(handler({}, context)).rejects.toThrow('not a CodePipeline job'),
    );
    expect(lines).toMatchObject([{ level: 'ERROR', requestId: context.awsRequestId }]);
  });

  it.for([
    ['no level', {}, []],
    ['a level of Powertools', { POWERTOOLS_LOG_LEVEL: 'debug' }, ['DEBUG']],
    ['a level of Lambda', { AWS_LAMBDA_LOG_LEVEL: 'DEBUG' }, ['DEBUG']],
  ] as const)('with %s logs what the level says', async ([_what, environment, levels], { pipeline }) => {
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], 'arn:aws:s3:::copies-eu/*');
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    vi.stubEnv('SYNC_ACCESS_DENIED_RETRY_MS', '0');
    const { event } = pipeline.job({ DestinationBucket: EU });
    const lines = await printedInColdStart('handler', event);
    expect(lines.filter(({ level }) => level === 'DEBUG').map(({ level }) => level)).toEqual(levels);
    expect(lines.some(({ level }) => level === 'INFO')).toBe(true);
  });

  it('with settings that are none still answers the pipeline, naming every variable', async ({
    pipeline,
  }) => {
    const environment = { SYNC_MAX_CONCURRENCY: 'many', SYNC_RELAY_MEMORY_MIB: '1', SYNC_STALL_MS: '' };
    const run = await runAction(pipeline, { DestinationBucket: EU }, { environment });
    expect(run.results.map(({ input }) => input.failureDetails)).toMatchObject([
      {
        type: 'ConfigurationError',
        message:
          'Environment variable SYNC_MAX_CONCURRENCY is "many"; expected a whole number from 1 to 900. ' +
          'Environment variable SYNC_RELAY_MEMORY_MIB is "1"; expected a whole number from 10 to 8192.',
      },
    ]);
    expect(pipeline.aws.requests.filter(({ service }) => service === 's3')).toEqual([]);
  });
});

describe('the function for lost jobs', () => {
  it('fails the job in a cold start', async ({ pipeline }) => {
    const job = pipeline.job({ DestinationBucket: EU });
    const record = {
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: job.event,
      responsePayload: { errorMessage: 'Task timed out after 900.00 seconds' },
    };
    const lines = await printedInColdStart('lost-job', record);
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Failed');
    expect(lines).toContainEqual(expect.objectContaining({ message: 'Job lost', correlation_id: job.id }));
  });

  it('logs a record without a job even in a cold start', async ({ pipeline: _ }) => {
    const lines = await printedInColdStart('lost-job', { requestPayload: {} });
    expect(lines).toMatchObject([
      { level: 'ERROR', message: expect.stringContaining('holds no CodePipeline job') },
    ]);
  });

  it('works although the settings of the sync function are none', async ({ pipeline }) => {
    const job = pipeline.job({ DestinationBucket: EU });
    const environment = { SYNC_MAX_CONCURRENCY: 'many' };
    await using lambda = deployed(pipeline, { entry: 'lost-job.mjs', environment });
    expect((await lambda.invoke({ requestPayload: job.event })).outcome).toBe('ok');
    expect(pipeline.aws.codePipeline.state(job.id)).toBe('Failed');
  });
});
