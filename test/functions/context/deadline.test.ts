// The time that an invocation has.
import { describe, expect, it, vi } from 'vitest';
import { deadlineOf } from '../../../functions/sync-artifacts/context/deadline.ts';

describe('the deadline', () => {
  it('takes no part that would not end in time, and gives up what is in flight at last', () => {
    vi.useFakeTimers();
    try {
      const endMs = Date.now() + 100_000;
      const deadline = deadlineOf(() => endMs - Date.now(), 10_000);
      expect(deadline.limitMs).toBe(100_000);
      expect(deadline.remainingMs()).toBe(90_000);
      expect(deadline.fits(1e9)).toBe(true);
      expect(deadline.fits(1e10)).toBe(false);
      vi.advanceTimersByTime(91_000);
      expect(deadline.fits(0)).toBe(false);
      expect(deadline.signal.aborted).toBe(false);
      vi.advanceTimersByTime(5_000);
      expect(deadline.signal.aborted).toBe(true);
      expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('that is short gives only a share of it away as margin', () => {
    const deadline = deadlineOf(() => 3_000, 10_000);
    expect(deadline.remainingMs()).toBe(2_250);
    deadline.clear();
  });
});
