// The limit that every measured time is compared with.
import { describe, expect, it } from 'vitest';
import { type LimitedCopy, limitMs } from '../../../local/wan/limit.ts';
import { DEFAULT_WAN_MODEL } from '../../../local/wan/model.ts';

const limitOf = (copies: readonly LimitedCopy[]): number => limitMs(DEFAULT_WAN_MODEL, copies);

const job = (sizes: readonly number[], regions: readonly string[]): LimitedCopy[] =>
  sizes.flatMap((sizeBytes) => regions.map((region) => ({ sizeBytes, region })));

describe('the limit of a job', () => {
  it('is one look, one CopyObject and the result for a small artifact', () => {
    // HEAD 75, CopyObject 75 + 30 + 8 MB / 80 MB/s, result 2.
    expect(limitOf(job([8_000_000], ['eu-west-1']))).toBeCloseTo(75 + 75 + 30 + 100 + 2);
  });

  it('is create, one part and complete with the bytes at 256 requests for a large one', () => {
    const bytes = 80_000_000_000;
    const partMs = 75 + 30 + (5 * 1024 ** 2) / 80_000;
    expect(limitOf(job([bytes], ['eu-west-1']))).toBeCloseTo(
      75 + 75 + partMs + 75 + 2 + bytes / (256 * 80_000),
    );
  });

  it('uses parts above 5 GiB however slow they are', () => {
    const model = { ...DEFAULT_WAN_MODEL, roundTripMs: { 'us-east-1': 2, far: 1_000_000 } };
    expect(limitMs(model, job([5 * 1024 ** 3 + 1], ['far']))).toBeGreaterThan(4_000_000);
  });

  it('is the chain of the farthest region, with the bytes of all', () => {
    const one = limitOf(job([1024 ** 3], ['ap-southeast-2']));
    const two = limitOf(job([1024 ** 3], ['us-west-2', 'ap-southeast-2']));
    expect(two - one).toBeCloseTo(1024 ** 3 / (256 * 80_000));
  });

  it('waits for the source where the destination is nearer', () => {
    const model = { ...DEFAULT_WAN_MODEL, roundTripMs: { 'us-east-1': 50, near: 1 } };
    expect(limitMs(model, job([80_000], ['near']))).toBeCloseTo(50 + 1 + 30 + 1 + 2);
  });
});
