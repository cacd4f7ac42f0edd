// How results are reported to CodePipeline: within its limits, exactly once, and what happens when it does not take the answer.
import {
  CodePipelineClient,
  InvalidJobStateException,
  JobNotFoundException,
  OutputVariablesSizeExceededException,
  PutJobFailureResultCommand,
  PutJobSuccessResultCommand,
} from '@aws-sdk/client-codepipeline';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect } from 'vitest';
import {
  JobReporter,
  type JobResult,
  MAX_EXECUTION_ID_CHARACTERS,
  MAX_MESSAGE_CHARACTERS,
  MAX_SUMMARY_CHARACTERS,
} from '../../../functions/sync-artifacts/result/job-reporter.ts';
import { readSettings } from '../../../functions/sync-artifacts/settings.ts';
import type { Telemetry } from '../../../functions/sync-artifacts/telemetry/telemetry.ts';
import type { Fault, FaultHook } from '../../../local/aws/faults/faults.ts';
import { DENIED, errorOf, faultAt, RESET, SILENCE } from '../harness/faults.ts';
import { EU, pipelineTest } from '../harness/pipeline-test.ts';
import { failureOf, type Outcome, successOf } from '../harness/test-pipeline.ts';

const it = pipelineTest();

const JOB = 'f0000000-0000-4000-8000-000000000000';
const DONE: JobResult = {
  kind: 'success',
  summary: 'Done',
  outputVariables: { ArtifactCount: '1' },
  durationMs: 1,
};

const FAILED: JobResult = { kind: 'failure', failure: { type: 'JobFailed', message: 'No' } };

/** A CodePipeline that gives answers which the embedded one never would. */
function pipelineThat(): Mocks {
  mocks = mockClient(CodePipelineClient);
  return mocks;
}
let mocks: Mocks | undefined;
afterEach(() => mocks?.restore());

type Mocks = ReturnType<typeof mockClient>;
const successesIn = (pipeline: Mocks) =>
  pipeline.commandCalls(PutJobSuccessResultCommand).map(({ args }) => args[0].input);
const failuresIn = (pipeline: Mocks) =>
  pipeline.commandCalls(PutJobFailureResultCommand).map(({ args }) => args[0].input);

interface LogLine {
  readonly level: string;
  readonly message: string;
}

async function report(result: JobResult, requestId = 'request-1'): Promise<readonly LogLine[]> {
  const logged: LogLine[] = [];
  const say = (level: string) => (message: string) => void logged.push({ level, message });
  const telemetry: Telemetry = {
    debug: say('debug'),
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    record: () => undefined,
    count: () => undefined,
  };
  const settings = { ...readSettings({ AWS_REGION: 'us-east-1' }), retryBudgetMs: 0 };
  const lambda = { awsRequestId: requestId, getRemainingTimeInMillis: () => 60_000 };
  await new JobReporter(settings, () => undefined).report(JOB, lambda, result, telemetry);
  return logged;
}

const metadata = { $metadata: { httpStatusCode: 400 }, message: 'No' };

describe('a result', () => {
  it('of success carries summary, request id, 100 percent and variables', async () => {
    const pipeline = pipelineThat();
    await report(DONE);
    expect(successesIn(pipeline)).toEqual([
      {
        jobId: JOB,
        executionDetails: { summary: 'Done', externalExecutionId: 'request-1', percentComplete: 100 },
        outputVariables: { ArtifactCount: '1' },
      },
    ]);
  });

  it('of an unfinished job carries the token and no variables', async () => {
    const pipeline = pipelineThat();
    await report({
      kind: 'continuation',
      summary: 'Continuing',
      continuationToken: 'v1.x',
      percentComplete: 42,
    });
    expect(successesIn(pipeline)).toEqual([
      {
        jobId: JOB,
        continuationToken: 'v1.x',
        executionDetails: { summary: 'Continuing', externalExecutionId: 'request-1', percentComplete: 42 },
      },
    ]);
  });

  it('is cut to the limits of the API, and shows that it was', async () => {
    const pipeline = pipelineThat();
    const long = 'x'.repeat(10_000);
    await report({ ...DONE, summary: long }, long);
    await report({ kind: 'failure', failure: { type: 'JobFailed', message: long } }, long);
    const [{ executionDetails } = {}] = successesIn(pipeline);
    const [{ failureDetails } = {}] = failuresIn(pipeline);
    expect(executionDetails?.summary).toBe(`${'x'.repeat(MAX_SUMMARY_CHARACTERS - 1)}…`);
    expect(failureDetails?.message).toBe(`${'x'.repeat(MAX_MESSAGE_CHARACTERS - 1)}…`);
    for (const details of [executionDetails, failureDetails])
      expect(details?.externalExecutionId).toHaveLength(MAX_EXECUTION_ID_CHARACTERS);
  });

  it('exactly as long as a limit is left as it is', async () => {
    const pipeline = pipelineThat();
    const summary = 'x'.repeat(MAX_SUMMARY_CHARACTERS);
    await report({ ...DONE, summary });
    expect(successesIn(pipeline)[0]?.executionDetails?.summary).toBe(summary);
  });

  it('of failure without words still has some, since CodePipeline refuses none', async () => {
    const pipeline = pipelineThat();
    await report({ kind: 'failure', failure: { type: 'SystemUnavailable', message: '' } });
    expect(failuresIn(pipeline)[0]?.failureDetails?.message).toBe('SystemUnavailable');
  });

  it.each<JobResult>([DONE, FAILED])('that CodePipeline has already is harmless ($kind)', async (result) => {
    pipelineThat().rejects(new InvalidJobStateException(metadata));
    expect(await report(result)).toEqual([
      { level: 'info', message: 'CodePipeline has a result of this job already' },
    ]);
  });

  it.each([
    new OutputVariablesSizeExceededException(metadata),
    Object.assign(new Error('No'), { name: 'ValidationException', ...metadata }),
  ])('with variables that CodePipeline refuses ($name) is reported without them', async (refusal) => {
    const pipeline = pipelineThat();
    pipeline.rejectsOnce(refusal).resolves({});
    const logged = await report(DONE);
    expect(logged.map(({ level }) => level)).toEqual(['warn']);
    const inputs = successesIn(pipeline);
    expect(inputs.map((input) => 'outputVariables' in input)).toEqual([true, false]);
    expect(inputs[1]?.executionDetails?.summary).toBe('Done');
  });

  it.each<JobResult>([DONE, FAILED])(
    'of a job that CodePipeline does not know is logged in one line with the likely cause ($kind)',
    async (result) => {
      pipelineThat().rejects(new JobNotFoundException(metadata));
      const [only, ...others] = await report(result);
      expect(others).toEqual([]);
      expect(only?.level).toBe('error');
      expect(only?.message).toMatch(
        /^CodePipeline in us-east-1 does not know this job.*in the pipeline's region/,
      );
    },
  );

  it.each([
    Object.assign(new Error('No'), { name: 'AccessDeniedException', ...metadata }),
    Object.assign(new Error('No'), { name: 'InternalFailure', $metadata: { httpStatusCode: 500 } }),
  ])('that cannot be delivered ($name) throws, so that Lambda tries again', async (refusal) => {
    pipelineThat().rejects(refusal);
    await expect(report(DONE)).rejects.toThrow(refusal);
    await expect(report(FAILED)).rejects.toThrow(refusal);
  });
});

describe('an invocation', () => {
  const ofCodePipeline =
    (fault: Fault): FaultHook =>
    ({ service }) =>
      service === 'codepipeline' ? fault : undefined;

  it('that is retried after its answer got lost does nothing twice and fails nothing', async ({
    pipeline,
  }) => {
    const { event } = pipeline.job({ DestinationBucket: EU });
    successOf(await pipeline.run(event));
    const again = await pipeline.run(event);
    expect(again.thrown).toBeUndefined();
    expect(again.results).toEqual([]);
    expect(again.writes).toEqual([]);
  });

  it('whose answer does not arrive throws, and its retry answers', async ({ pipeline }) => {
    const { event } = pipeline.job({ DestinationBucket: EU });
    pipeline.faults = ofCodePipeline(errorOf(500, 'InternalFailure'));
    const first = await pipeline.run(event, { settings: { retryBudgetMs: 0 } });
    expect(first.thrown).toMatchObject({ name: 'InternalFailure' });
    expect(first.results).toEqual([]);
    pipeline.faults = undefined;
    const second = await pipeline.run(event);
    expect(successOf(second).outputVariables).toMatchObject({ CopiesSkipped: '1' });
  });

  it('whose answer is never taken throws before its time is over, and keeps nobody waiting', async ({
    pipeline,
  }) => {
    pipeline.faults = ofCodePipeline(SILENCE);
    const outcome = await pipeline.invoke(
      { DestinationBucket: EU },
      { settings: { stallMs: 300_000, retryBudgetMs: 60_000 }, remainingMs: () => 700 },
    );
    expect(outcome.thrown).toBeInstanceOf(Error);
    expect(outcome.results).toEqual([]);
  });

  it('counts and logs a success only when CodePipeline has taken it', async ({ pipeline }) => {
    pipeline.faults = faultAt('PutJobSuccessResult', errorOf(400, 'JobNotFoundException'));
    const refused = await pipeline.invoke({ DestinationBucket: EU });
    pipeline.faults = undefined;
    const taken = await pipeline.invoke({ DestinationBucket: EU });

    const shown = ({ metrics, log, thrown }: Outcome) => ({
      thrown,
      metrics: metrics.map(({ metric }) => metric).filter((metric) => metric.startsWith('Job')),
      log: log
        .map(({ message }) => message)
        .filter((message) => /^Job (?:succeeded|failed)|does not know/.test(message)),
    });
    expect(shown(refused)).toEqual({
      thrown: undefined,
      metrics: ['JobsFailed'],
      log: [expect.stringContaining('does not know this job')],
    });
    expect(shown(taken)).toEqual({
      thrown: undefined,
      metrics: ['JobsSucceeded', 'JobLatency'],
      log: ['Job succeeded'],
    });
  });

  it.for(['before', 'after'] as const)(
    'whose answer is lost %s it arrives sends it again, and counts and logs it once',
    async (phase, { pipeline }) => {
      const lost = faultAt('PutJobSuccessResult', RESET, { phase, times: 1 });
      pipeline.faults = lost;

      const outcome = await pipeline.invoke({ DestinationBucket: EU });

      successOf(outcome);
      expect(lost.hits).toBeGreaterThan(0);
      expect(outcome.metrics.filter(({ metric }) => metric === 'JobsSucceeded')).toHaveLength(1);
      expect(outcome.log.filter(({ message }) => message === 'Job succeeded')).toHaveLength(1);
    },
  );

  it('gives the request id of its Lambda invocation as external execution id', async ({ pipeline }) => {
    const { executionDetails } = successOf(await pipeline.invoke({ DestinationBucket: EU }));
    expect(executionDetails.externalExecutionId).toMatch(/^[0-9a-f-]{36}$/);
    expect(executionDetails.percentComplete).toBe(100);
    expect(executionDetails.summary).toMatch(/^Synced 1 artifact \(1000 bytes\) to 1 region in \d+\.\d s$/);
  });

  it('answers exactly once, whatever becomes of it', async ({ pipeline }) => {
    pipeline.faults = faultAt('CopyObject', DENIED);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(failureOf(outcome).type).toBe('PermissionError');
    expect(outcome.requests.filter(({ operation }) => operation.startsWith('PutJob'))).toHaveLength(1);
  });
});
