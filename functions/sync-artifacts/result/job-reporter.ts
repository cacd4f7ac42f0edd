// Tells CodePipeline how a job ended, within the limits of its API.
import type { AwsCredentialIdentity } from '@smithy/types';
import type { Context } from 'aws-lambda';
import type { CallLimits, CodePipelineApi, JobOrigin } from '../aws/code-pipeline.ts';
import { attemptCount, errorCode } from '../aws/errors.ts';
import { TimedRetryStrategy } from '../aws/transport/retry.ts';
import type { JobFailure } from '../errors.ts';
import type { Settings } from '../settings.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** CodePipeline API, limits of PutJobSuccessResult and PutJobFailureResult, in characters. */
export const MAX_SUMMARY_CHARACTERS = 2048;
/** Longest `externalExecutionId` in characters (CodePipeline API, ExecutionId). */
export const MAX_EXECUTION_ID_CHARACTERS = 1500;
/** Longest message of a failure in characters (CodePipeline API, FailureDetails). */
export const MAX_MESSAGE_CHARACTERS = 5000;

/** What the rest of an invocation takes once the result is reported: writing the metrics. */
const FLUSH_MS = 150;
/** Even an invocation whose time is up tries to tell its result. */
const MIN_REPORT_MS = 100;
/** However little time is left, a result whose answer does not come is sent again. */
const REPORT_ATTEMPTS = 3;

/** How long log lines wait for the name of their pipeline. */
const ORIGIN_MS = 1_000;

/** As much of Lambda's context as an invocation needs. */
export type LambdaContext = Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>;

/** How an invocation ends: exactly one of these. */
export type JobResult =
  | {
      readonly kind: 'success';
      readonly summary: string;
      readonly outputVariables: Readonly<Record<string, string>>;
      /** From the first invocation of the job, in milliseconds. */
      readonly durationMs: number;
    }
  | {
      readonly kind: 'continuation';
      readonly summary: string;
      readonly continuationToken: string;
      readonly percentComplete: number;
    }
  | { readonly kind: 'failure'; readonly failure: JobFailure };

/** What became of a result: taken, of a job that has one already, or of a job that CodePipeline does not know. */
export type Reported = 'taken' | 'known' | 'no such job';

/** CodePipeline, as far as a job needs it. */
export class JobReporter {
  readonly #settings: Settings;
  readonly #onThrottled: () => void;
  #api: Promise<CodePipelineApi> | undefined;

  constructor(settings: Settings, onThrottled: () => void) {
    this.#settings = settings;
    this.#onThrottled = onThrottled;
  }

  /** Loads the client while S3 is at work, so that neither a cold start nor the result waits for it. */
  async warmUp(): Promise<void> {
    await this.#connect();
  }

  /**
   * Reports the result. One that CodePipeline has already, from an earlier attempt or a lost answer, is not an error.
   * @throws the SDK's error when CodePipeline cannot be reached before the invocation ends: Lambda then retries the event.
   */
  async report(
    jobId: string,
    lambda: LambdaContext,
    result: JobResult,
    telemetry: Telemetry,
  ): Promise<Reported> {
    const leftMs = Math.max(MIN_REPORT_MS, lambda.getRemainingTimeInMillis() - FLUSH_MS);
    const limits: CallLimits = {
      abortSignal: AbortSignal.timeout(Math.floor(leftMs)),
      requestTimeout: Math.min(this.#settings.stallMs, leftMs / REPORT_ATTEMPTS),
    };
    const put = (wanted: JobResult): Promise<void> => this.#put(jobId, lambda.awsRequestId, wanted, limits);
    try {
      await put(result);
      return 'taken';
    } catch (error) {
      const code = errorCode(error);
      // The answer to the first attempt was lost: what CodePipeline has is this very result.
      if (code === 'InvalidJobStateException' && attemptCount(error) > 1) return 'taken';
      if (code === 'InvalidJobStateException') {
        telemetry.info('CodePipeline has a result of this job already', { jobId });
        return 'known';
      }
      if (code === 'JobNotFoundException') {
        telemetry.error(
          `CodePipeline in ${this.#settings.region} does not know this job, so its result is lost: deploy the function in the pipeline's region; an event of a job of long ago cannot be answered at all`,
          { jobId, errorCode: code },
        );
        return 'no such job';
      }
      const withoutVariables =
        result.kind === 'success' &&
        ['OutputVariablesSizeExceededException', 'ValidationException'].includes(code);
      if (!withoutVariables) throw error;
      telemetry.warn('CodePipeline refused the output variables; the success is reported without them', {
        jobId,
        errorCode: code,
      });
      await put({ ...result, outputVariables: {} });
      return 'taken';
    }
  }

  /** Fresh `artifactCredentials` of a job, when those of the event ran out. */
  async artifactCredentials(jobId: string): Promise<AwsCredentialIdentity> {
    return await (await this.#connect()).artifactCredentials(jobId);
  }

  /** Where a job comes from; `undefined` when CodePipeline does not tell, or not soon enough to be worth waiting for. */
  async origin(jobId: string, signal: AbortSignal): Promise<JobOrigin | undefined> {
    try {
      const soon = AbortSignal.any([signal, AbortSignal.timeout(ORIGIN_MS)]);
      return await (await this.#connect()).origin(jobId, soon);
    } catch {
      // Seldom permitted outside of our own constructs, and never needed.
      return undefined;
    }
  }

  async #put(jobId: string, requestId: string, result: JobResult, limits: CallLimits): Promise<void> {
    const api = await this.#connect();
    const externalExecutionId = clip(requestId, MAX_EXECUTION_ID_CHARACTERS);
    if (result.kind === 'failure') {
      const { type } = result.failure;
      const message = clip(result.failure.message, MAX_MESSAGE_CHARACTERS) || type;
      await api.putFailure({ jobId, failureDetails: { type, message, externalExecutionId } }, limits);
      return;
    }
    const summary = clip(result.summary, MAX_SUMMARY_CHARACTERS);
    if (result.kind === 'continuation') {
      const { continuationToken, percentComplete } = result;
      const executionDetails = { summary, externalExecutionId, percentComplete };
      await api.putSuccess({ jobId, continuationToken, executionDetails }, limits);
      return;
    }
    const hasVariables = Object.keys(result.outputVariables).length > 0;
    const executionDetails = { summary, externalExecutionId, percentComplete: 100 };
    const outputVariables = hasVariables ? { outputVariables: { ...result.outputVariables } } : {};
    await api.putSuccess({ jobId, executionDetails, ...outputVariables }, limits);
  }

  #connect(): Promise<CodePipelineApi> {
    this.#api ??= import('../aws/code-pipeline.ts').then(({ connectCodePipeline }) => {
      const { region, retryBudgetMs: budgetMs, stallMs } = this.#settings;
      const retryStrategy = new TimedRetryStrategy({ budgetMs, onThrottled: this.#onThrottled });
      return connectCodePipeline(region, retryStrategy, stallMs);
    });
    return this.#api;
  }
}

/** At most `characters` long, the last one an ellipsis when some were cut. */
function clip(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
