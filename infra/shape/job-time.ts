// How the function is deployed: its memory and time, and how often Lambda tries a job before the pipeline stops listening.

/** Memory of the function in MiB: one full vCPU (Lambda developer guide, memory). */
export const FUNCTION_MEMORY_MIB = 1769;

/** How long one invocation runs before the job is continued by the next one, in seconds. */
export const FUNCTION_TIMEOUT_SECONDS = 480;

/** CodePipeline quotas: an Invoke action that hears nothing for 20 minutes times out. */
const CODEPIPELINE_REPLY_LIMIT_SECONDS = 20 * 60;

/** Lambda developer guide, asynchronous invocation: the wait before the second attempt, and before the third. */
const RETRY_WAIT_SECONDS: readonly number[] = [60, 120];

/** Longest that Lambda runs a function (Lambda quotas), in seconds. */
export const MAX_FUNCTION_TIMEOUT_SECONDS = 15 * 60;

/** The handler of lost jobs makes one small API call; two attempts of it. */
export const LOST_JOB_TIMEOUT_SECONDS = 20;

/** Further attempts of the handler of lost jobs. */
export const LOST_JOB_RETRY_ATTEMPTS = 1;

/** Lets one retry begin before the event is too old, queueing included. */
const QUEUEING_SECONDS = 30;

/** Kept free of the 20 minutes, for queueing before the handler of lost jobs. */
const MARGIN_SECONDS = 20;

/** How Lambda treats the asynchronous invocations of the function. */
interface AsyncInvocation {
  /** Attempts after the first one. */
  readonly retryAttempts: number;
  readonly maxEventAgeSeconds: number;
}

/**
 * The settings of asynchronous invocation that fit a timeout. The last attempt begins before the event is too old and
 * runs for the timeout at most; then the handler of lost jobs has its attempts; all within CodePipeline's 20 minutes.
 * A second attempt only where there is time for it: up to a timeout of 8 minutes and 15 seconds.
 *
 * @throws RangeError when the timeout is more than Lambda's 15 minutes
 */
export function asyncInvocationFor(timeoutSeconds: number): AsyncInvocation {
  if (timeoutSeconds > MAX_FUNCTION_TIMEOUT_SECONDS) {
    throw new RangeError(
      `timeout: ${timeoutSeconds / 60} minutes; Lambda allows ${MAX_FUNCTION_TIMEOUT_SECONDS / 60} minutes`,
    );
  }
  const maxEventAgeSeconds =
    CODEPIPELINE_REPLY_LIMIT_SECONDS - timeoutSeconds - lostJobSeconds() - MARGIN_SECONDS;
  const [firstWaitSeconds = 0] = RETRY_WAIT_SECONDS;
  const secondAttemptBeginsSeconds = timeoutSeconds + firstWaitSeconds + QUEUEING_SECONDS;
  return { retryAttempts: secondAttemptBeginsSeconds <= maxEventAgeSeconds ? 1 : 0, maxEventAgeSeconds };
}

/** From the last attempt of the function to the end of the last attempt of the handler of lost jobs. */
function lostJobSeconds(): number {
  return RETRY_WAIT_SECONDS.slice(0, LOST_JOB_RETRY_ATTEMPTS).reduce(
    (total, wait) => total + wait + LOST_JOB_TIMEOUT_SECONDS,
    LOST_JOB_TIMEOUT_SECONDS,
  );
}
