// How often Lambda may try a job, and for how long, so that the pipeline hears of a lost job before it stops listening.
import { Duration } from 'aws-cdk-lib';

/** CodePipeline quotas: an Invoke action that hears nothing for 20 minutes times out. */
const CODEPIPELINE_REPLY_LIMIT = Duration.minutes(20);

/** Lambda developer guide, asynchronous invocation: the wait before the second attempt, and before the third. */
const RETRY_WAITS: readonly Duration[] = [Duration.minutes(1), Duration.minutes(2)];

/** Longest that Lambda runs a function. */
const MAX_FUNCTION_TIMEOUT = Duration.minutes(15);

/** The handler of lost jobs makes one small API call; two attempts of it. */
export const LOST_JOB_TIMEOUT = Duration.seconds(20);

/** Further attempts of the handler of lost jobs. */
export const LOST_JOB_RETRY_ATTEMPTS = 1;

/** Lets one retry begin before the event is too old, queueing included. */
const QUEUEING = Duration.seconds(30);

/** Kept free of the 20 minutes, for queueing before the handler of lost jobs. */
const MARGIN = Duration.seconds(20);

/** How Lambda treats the asynchronous invocations of the function. */
export interface AsyncInvocation {
  readonly retryAttempts: number;
  readonly maxEventAge: Duration;
}

/**
 * The settings of asynchronous invocation that fit a timeout. The last attempt begins before the event is too old and
 * runs for the timeout at most; then the handler of lost jobs has its attempts; all within CodePipeline's 20 minutes.
 * A second attempt only where there is time for it: up to a timeout of 8 minutes and 15 seconds.
 *
 * @throws RangeError when the timeout is more than Lambda's 15 minutes
 */
export function asyncInvocationFor(timeout: Duration): AsyncInvocation {
  if (timeout.toSeconds() > MAX_FUNCTION_TIMEOUT.toSeconds()) {
    throw new RangeError(
      `timeout: ${timeout.toHumanString()}; Lambda allows ${MAX_FUNCTION_TIMEOUT.toHumanString()}`,
    );
  }
  const maxEventAge = CODEPIPELINE_REPLY_LIMIT.minus(timeout).minus(lostJobDuration()).minus(MARGIN);
  const [firstWait = Duration.seconds(0)] = RETRY_WAITS;
  const secondAttemptBegins = timeout.plus(firstWait).plus(QUEUEING);
  return { retryAttempts: secondAttemptBegins.toSeconds() <= maxEventAge.toSeconds() ? 1 : 0, maxEventAge };
}

/** From the last attempt of the function to the end of the last attempt of the handler of lost jobs. */
function lostJobDuration(): Duration {
  return RETRY_WAITS.slice(0, LOST_JOB_RETRY_ATTEMPTS).reduce(
    (total, wait) => total.plus(wait).plus(LOST_JOB_TIMEOUT),
    LOST_JOB_TIMEOUT,
  );
}
