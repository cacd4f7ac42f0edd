// How long the answer to a request may take.
import { describe, expect, it } from 'vitest';
import { stallLimitMs } from '../../../functions/sync-artifacts/aws/s3-request.ts';

describe('the stall limit', () => {
  it('grows with what a request moves', () => {
    expect(stallLimitMs(0, { stallMs: 8_000 })).toBe(8_000);
    expect(stallLimitMs(10_000_000, { stallMs: 8_000 })).toBe(9_000);
  });
});
