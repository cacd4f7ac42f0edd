// Entry of the second Lambda function: fails a job whose function died without an answer, so that the pipeline does not hang.
import * as v from 'valibot';
import type { JobFailure } from './errors.ts';
import { jobIdOf } from './job/parse-job.ts';
import { JobReporter, type LambdaContext } from './result/job-reporter.ts';
import { readSettings } from './settings.ts';
import { createTelemetry } from './telemetry/telemetry.ts';

const telemetry = createTelemetry(process.env);
const reporter = new JobReporter(readSettings(process.env), () => telemetry.count('ThrottledRequests'));

/**
 * Takes the record that Lambda sends to the on-failure destination of an asynchronous invocation (Lambda developer guide,
 * invocation-async-retain-records). The record holds the job's credentials: it is never logged.
 */
export async function handler(record: unknown, context: LambdaContext): Promise<void> {
  telemetry.begin({ requestId: context.awsRequestId });
  try {
    await answer(record, context);
  } finally {
    await telemetry.flush();
  }
}

async function answer(record: unknown, context: LambdaContext): Promise<void> {
  const parsed = v.safeParse(recordSchema, record);
  const jobId = parsed.success ? jobIdOf(parsed.output.requestPayload) : undefined;
  if (!parsed.success || jobId === undefined) {
    telemetry.error(
      'The record of a failed invocation holds no CodePipeline job, so no result can be reported',
    );
    return;
  }
  telemetry.correlate(jobId);
  const failure = lostJobFailure(parsed.output);
  telemetry.error('Job lost', { jobId, failureType: failure.type, reason: failure.message });
  telemetry.count('JobsFailed', { FailureType: failure.type });
  await reporter.report(jobId, context, { kind: 'failure', failure }, telemetry);
}

const recordSchema = v.looseObject({
  requestContext: v.optional(
    v.looseObject({ condition: v.optional(v.string()), approximateInvokeCount: v.optional(v.number()) }),
    {},
  ),
  requestPayload: v.unknown(),
  responsePayload: v.optional(v.unknown()),
});

type LostRecord = v.InferOutput<typeof recordSchema>;

/** What the operator is told: how it ended, and what to change. Nothing of the record is quoted but what Lambda itself wrote. */
function lostJobFailure({ requestContext, responsePayload }: LostRecord): JobFailure {
  const attempts = requestContext.approximateInvokeCount ?? 1;
  const said = v.safeParse(v.looseObject({ errorMessage: v.string() }), responsePayload);
  const message = said.success ? said.output.errorMessage : '';
  const after = `after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`;
  const timedOut = /Task timed out after [\d.]+ seconds/.exec(message)?.[0];
  if (timedOut !== undefined) {
    return failed(
      after,
      `${timedOut}. Raise the function's timeout, or raise SYNC_DEADLINE_MARGIN_MS so that it answers in time.`,
    );
  }
  if (/signal: killed|out of memory|Runtime\.OutOfMemory/i.test(message)) {
    return failed(
      after,
      "It ran out of memory. Raise the function's memory, or lower SYNC_RELAY_MEMORY_MIB.",
    );
  }
  if (requestContext.condition === 'EventAgeExceeded') {
    return failed(
      after,
      "Lambda could not run it before the event grew too old: look for throttles and raise the function's reserved concurrency.",
    );
  }
  if (
    /Runtime exited|Runtime\.ExitError|Runtime\.ImportModuleError|Runtime\.HandlerNotFound|Cannot find module/i.test(
      message,
    )
  ) {
    return failed(
      after,
      'Its process ended or did not start: look at the newest lines of its log, and deploy the package again.',
    );
  }
  return failed(after, 'Look at the newest lines of its log, then retry the stage.');
}

function failed(after: string, advice: string): JobFailure {
  return {
    type: 'JobFailed',
    message: `The sync function ended without an answer ${after}. ${advice} What it had copied is not copied again.`,
  };
}
