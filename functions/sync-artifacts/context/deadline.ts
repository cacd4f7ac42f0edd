// The time that an invocation has, and when it must stop taking new work.
import { SLOW_COPY_BYTES_PER_MS } from '../speeds.ts';

/** A quarter of a short Lambda limit is margin enough; a long one keeps the margin of the settings. */
const MAX_MARGIN_SHARE = 0.25;
/** What is left when requests in flight are given up so that the job can still be answered. */
const ANSWER_MARGIN_SHARE = 0.4;

/** However near the deadline, one clean-up request can be made. */
const LEAST_CLEAN_UP_MS = 250;

/** When an invocation stops. */
export interface Deadline {
  /** The time that the invocation had when it began, in milliseconds: the Lambda limit. */
  readonly limitMs: number;
  /** Milliseconds until new parts are no longer taken; negative when that time has come. */
  remainingMs(): number;
  /** May a copy request that moves `sizeBytes` still begin? */
  fits(sizeBytes: number): boolean;
  /** Aborts shortly before the process is killed: what is in flight then is given up. */
  readonly signal: AbortSignal;
  /** A signal for cleaning up after a failure: aborts after `limitMs`, and before the answer would come too late. */
  cleanUp(limitMs: number): AbortSignal;
  /** Releases the timer. */
  clear(): void;
}

/** Makes the deadline of an invocation from Lambda's clock. */
export function deadlineOf(getRemainingTimeInMillis: () => number, marginMs: number): Deadline {
  const limitMs = getRemainingTimeInMillis();
  const margin = Math.min(marginMs, limitMs * MAX_MARGIN_SHARE);
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException('the Lambda deadline is near', 'TimeoutError')),
    Math.max(0, getRemainingTimeInMillis() - margin * ANSWER_MARGIN_SHARE),
  );
  timer.unref();
  const remainingMs = (): number => getRemainingTimeInMillis() - margin;
  return {
    limitMs,
    remainingMs,
    fits: (sizeBytes) =>
      remainingMs() > 0 &&
      getRemainingTimeInMillis() - margin * ANSWER_MARGIN_SHARE > sizeBytes / SLOW_COPY_BYTES_PER_MS,
    signal: controller.signal,
    cleanUp: (milliseconds) => {
      const leftMs = getRemainingTimeInMillis();
      // However little is left, half of it is for the answer: an upload that stays is cleaned up later, a job without answer hangs.
      const leastMs = Math.min(LEAST_CLEAN_UP_MS, leftMs / 2);
      const untilAnswerMs = leftMs - margin * ANSWER_MARGIN_SHARE;
      // The margin is a share of the limit, but timers take whole milliseconds only.
      return AbortSignal.timeout(
        Math.max(0, Math.floor(Math.max(leastMs, Math.min(milliseconds, untilAnswerMs)))),
      );
    },
    clear: () => clearTimeout(timer),
  };
}
