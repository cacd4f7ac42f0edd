// Entry of the second Lambda function: fails a job whose function died without an answer, so that the pipeline does not hang.
import * as v from 'valibot';
import type { JobFailure } from './errors.ts';
import { jobIdOf } from './job/parse-job.ts';
import { JobReporter, type LambdaContext } from './result/job-reporter.ts';
import { plural } from './result/summary.ts';
import { readSettings } from './settings.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import { omitUndefined } from './util.ts';

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
  // A message may quote its event more than once.
  const jobs = new Map(jobsIn(record).map((found) => [found.jobId, found.about]));
  if (jobs.size === 0) {
    telemetry.error(
      'The record of a failed invocation holds no CodePipeline job, so no result can be reported',
    );
    return;
  }
  const errors: unknown[] = [];
  for (const [jobId, about] of jobs) {
    // One job that cannot be answered must not cost the others their answers.
    await failJob(jobId, about, context).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

async function failJob(jobId: string, about: unknown, context: LambdaContext): Promise<void> {
  telemetry.correlate(jobId);
  const ended = v.parse(recordSchema, about);
  const failure = lostJobFailure(ended);
  telemetry.error('Job lost', { jobId, failureType: failure.type, reason: failure.message });
  // Under the name of the function that lost it, whose alarms watch for it.
  const FunctionName = /:function:([^:]+)/.exec(ended.requestContext.functionArn ?? '')?.[1];
  telemetry.count('JobsFailed', { FailureType: failure.type, ...omitUndefined({ FunctionName }) });
  await reporter.report(jobId, context, { kind: 'failure', failure }, telemetry);
}

/** Records come as they are, inside messages of SNS, SQS or EventBridge, and as text. */
const MAX_DEPTH = 8;

interface FoundJob {
  readonly jobId: string;
  /** The record that tells how the invocation ended; the event itself when there is none. */
  readonly about: unknown;
}

/** The jobs of a record or of a batch, wherever in it their events are: a field that looks otherwise than expected must not cost the result. */
function jobsIn(value: unknown, about: unknown = value, depth = 0): FoundJob[] {
  if (depth > MAX_DEPTH) return [];
  if (typeof value === 'string') {
    return value.includes('CodePipeline.job') ? jobsIn(parseJson(value), undefined, depth + 1) : [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const jobId = jobIdOf(value);
  if (jobId !== undefined) return [{ jobId, about: about ?? value }];
  const record = 'requestPayload' in value ? value : about;
  return Object.values(value).flatMap((inner: unknown) => jobsIn(inner, record, depth + 1));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A field that is absent when it is not as documented. */
function lenient<Schema extends v.GenericSchema>(schema: Schema) {
  return v.fallback(v.optional(schema), undefined);
}

/** What Lambda tells of the end; what is not as documented counts as not there. */
const recordSchema = v.fallback(
  v.object({
    requestContext: v.fallback(
      v.object({
        condition: lenient(v.string()),
        functionArn: lenient(v.string()),
        approximateInvokeCount: lenient(
          v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.integer(), v.minValue(1)),
        ),
      }),
      {},
    ),
    responsePayload: v.fallback(v.object({ errorMessage: v.fallback(v.string(), '') }), { errorMessage: '' }),
  }),
  { requestContext: {}, responsePayload: { errorMessage: '' } },
);

type LostRecord = v.InferOutput<typeof recordSchema>;

/** The message for the operator: how it ended, and what to change. Nothing of the record is quoted but what Lambda itself wrote. */
function lostJobFailure(ended: LostRecord): JobFailure {
  const attempts = plural(ended.requestContext.approximateInvokeCount ?? 1, 'attempt');
  return {
    type: 'JobFailed',
    message: `The sync function ended without an answer after ${attempts}. ${adviceOn(ended)} What it had copied is not copied again.`,
  };
}

function adviceOn({ requestContext, responsePayload: { errorMessage } }: LostRecord): string {
  const timedOut = /Task timed out after [\d.]+ seconds/.exec(errorMessage)?.[0];
  if (timedOut !== undefined)
    return `${timedOut}. Raise the function's timeout, or raise SYNC_DEADLINE_MARGIN_MS so that it answers in time.`;
  if (/signal: killed|out of memory|Runtime\.OutOfMemory/i.test(errorMessage))
    return "It ran out of memory. Raise the function's memory, or lower SYNC_RELAY_MEMORY_MIB.";
  if (requestContext.condition === 'EventAgeExceeded')
    return "Lambda could not run it before the event grew too old: look for throttles and raise the function's reserved concurrency.";
  if (NOT_RUNNING.test(errorMessage))
    return 'Its process ended or did not start: look at the newest lines of its log, and deploy the package again.';
  return 'Look at the newest lines of its log, then retry the stage.';
}

const NOT_RUNNING =
  /Runtime exited|Runtime\.ExitError|Runtime\.ImportModuleError|Runtime\.HandlerNotFound|Cannot find module/i;
