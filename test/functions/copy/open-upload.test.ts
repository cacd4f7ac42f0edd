// Uploads that begin or end after the job has moved on.
import { describe, expect, it, vi } from 'vitest';
import { type JobContext, withGracePeriod } from '../../../functions/sync-artifacts/context/context.ts';
import { deadlineOf } from '../../../functions/sync-artifacts/context/deadline.ts';
import { readSettings } from '../../../functions/sync-artifacts/settings.ts';

describe('cleaning up', () => {
  /** How long it may take, in milliseconds, when so much is left of a limit of ten seconds. */
  function cleanUpMs(leftMs: number, wantedMs: number): number {
    vi.useFakeTimers();
    try {
      let remainingMs = 10_000;
      const deadline = deadlineOf(() => remainingMs, 10_000);
      remainingMs = leftMs;
      const timeout = vi.spyOn(AbortSignal, 'timeout');
      deadline.cleanUp(wantedMs);
      const [milliseconds = Number.NaN] = timeout.mock.calls[0] ?? [];
      timeout.mockRestore();
      return milliseconds;
    } finally {
      vi.useRealTimers();
    }
  }

  it.each([
    [10_000, 3_000, 3_000],
    [10_000, 20_000, 9_000],
    [1_100, 20_000, 250],
    [1_000, 20_000, 250],
    [300, 20_000, 150],
    [0, 20_000, 0],
    [-5, 20_000, 0],
  ])(
    'with %d ms left and %d ms wanted takes %d ms: there is always time for the answer',
    (left, wanted, given) => {
      expect(cleanUpMs(left, wanted)).toBe(given);
    },
  );
});

describe('a request with a period of grace', () => {
  it('is given up later than others, but not later than the deadline allows', () => {
    const [job, allowed] = [new AbortController(), new AbortController()];
    const asked: number[] = [];
    const deadline: JobContext['deadline'] = {
      ...deadlineOf(() => 10_000, 1_000),
      cleanUp: (milliseconds) => {
        asked.push(milliseconds);
        return allowed.signal;
      },
    };
    const context = { deadline, signal: job.signal, settings: readSettings({}) } as JobContext;
    const { signal } = withGracePeriod(context, 500);
    job.abort(new Error('the job has failed'));
    expect(asked).toEqual([500]);
    expect(signal.aborted).toBe(false);
    allowed.abort();
    expect(signal.reason).toEqual(new Error('the job has failed'));
    expect(withGracePeriod(context, 500).signal.aborted).toBe(false);
    deadline.clear();
  });
});
