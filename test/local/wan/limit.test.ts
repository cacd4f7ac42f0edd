// The limit that every measured time is compared with.
import { describe, expect, it } from 'vitest';
import { coldLimitMs, type LimitedCopy, limitMs } from '../../../local/wan/limit.ts';
import { DEFAULT_WAN_MODEL, PESSIMISTIC_WAN_MODEL } from '../../../local/wan/model.ts';

const limitOf = (copies: readonly LimitedCopy[]): number => limitMs(DEFAULT_WAN_MODEL, copies);

const job = (sizes: readonly number[], regions: readonly string[]): LimitedCopy[] =>
  sizes.flatMap((sizeBytes) => regions.map((region) => ({ sizeBytes, region })));

describe('the limit of a job', () => {
  it('is one look, one CopyObject and the result for a small artifact', () => {
    // HEAD of the source 2, CopyObject 75 + 30 + 8 MB / 80 MB/s, result 2.
    expect(limitOf(job([8_000_000], ['eu-west-1']))).toBeCloseTo(2 + 75 + 30 + 100 + 2);
  });

  it('is create, one part and complete with the bytes at 1,000 requests for a large one', () => {
    const bytes = 80_000_000_000;
    const partMs = 75 + 30 + (5 * 1024 ** 2) / 80_000;
    expect(limitOf(job([bytes], ['eu-west-1']))).toBeCloseTo(
      2 + 75 + partMs + 75 + 2 + bytes / (1_000 * 80_000),
    );
  });

  it('uses parts above 5 GiB however slow they are', () => {
    const model = { ...DEFAULT_WAN_MODEL, roundTripMs: { 'us-east-1': 2, far: 1_000_000 } };
    expect(limitMs(model, job([5 * 1024 ** 3 + 1], ['far']))).toBeGreaterThan(3_000_000);
  });

  it('is the chain of the farthest region, with the bytes of all', () => {
    const one = limitOf(job([1024 ** 3], ['ap-southeast-2']));
    const two = limitOf(job([1024 ** 3], ['us-west-2', 'ap-southeast-2']));
    expect(two - one).toBeCloseTo(1024 ** 3 / (1_000 * 80_000));
  });

  it('waits for the source where the destination is nearer', () => {
    const model = { ...DEFAULT_WAN_MODEL, roundTripMs: { 'us-east-1': 50, near: 1 } };
    expect(limitMs(model, job([80_000], ['near']))).toBeCloseTo(50 + 1 + 30 + 1 + 2);
  });

  it('adds the start of the process and the handshake of the farthest region when it is cold', () => {
    const copies = job([8_000_000], ['us-west-2', 'eu-west-1']);
    expect(coldLimitMs(DEFAULT_WAN_MODEL, copies, 40)).toBeCloseTo(limitOf(copies) + 40 + 2 * 75);
  });

  it('has the fixed time of a multipart upload in the pessimistic profile', () => {
    const copies = job([1024 ** 3], ['eu-west-1']);
    const partMs = (5 * 1024 ** 2) / 82_000;
    const bytesMs = 1024 ** 3 / (1_000 * 82_000);
    expect(limitMs(PESSIMISTIC_WAN_MODEL, copies)).toBeCloseTo(2 + 3 * 75 + 30 + partMs + 2450 + bytesMs + 2);
  });
});
