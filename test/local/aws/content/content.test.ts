// Contents: extents must behave as the bytes they stand for.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PATTERN_BYTES } from '../../../../local/aws/content/byte-source.ts';
import {
  compareContent,
  concat,
  firstDifference,
  fromBuffer,
  fromFile,
  generated,
  slice,
  toBuffer,
} from '../../../../local/aws/content/content.ts';

const MIB = 1024 ** 2;

describe('content', () => {
  test('is the same when cut up and joined again, and is one extent again', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(3 * PATTERN_BYTES), { maxLength: 5 }), (cuts) => {
        const whole = generated(3 * PATTERN_BYTES, 7);
        const at = [0, ...cuts.sort((a, b) => a - b), whole.sizeBytes];
        const pieces = at.slice(1).map((end, index) => slice(whole, at[index] ?? 0, end));
        const joined = concat(pieces);
        expect(joined.extents).toHaveLength(1);
        expect(compareContent(joined, whole)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('gives the bytes of any slice of mixed sources', () => {
    const parts = [fromBuffer('hello '), slice(generated(100, 1), 10, 60), fromBuffer('world')];
    const bytes = Buffer.concat(parts.map(toBuffer));
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.nat(bytes.length), (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        expect(toBuffer(slice(concat(parts), start, end))).toEqual(bytes.subarray(start, end));
      }),
    );
  });

  test('refuses slices beyond its end', () => {
    expect(() => slice(generated(10), 5, 11)).toThrow(RangeError);
  });

  test('that is generated shows other bytes at every MiB, and for every seed', () => {
    const large = generated(64 * 1024 * MIB, 5);
    const seen = new Set<string>();
    for (let offset = 0; offset < large.sizeBytes; offset += 16 * MIB) {
      seen.add(toBuffer(slice(large, offset, offset + 16)).toString('hex'));
    }
    expect(seen.size).toBe((64 * 1024) / 16);
    const starts = new Set(
      Array.from({ length: 1000 }, (_, seed) => toBuffer(generated(16, seed)).toString('hex')),
    );
    expect(starts.size).toBe(1000);
  });

  test('is compared without being read where both sides have the same extents', () => {
    const large = generated(50 * 1024 * 1024 * MIB, 3);
    const cut = 12_345_678_901;
    const rebuilt = concat([slice(large, 0, cut), slice(large, cut)]);
    expect(compareContent(large, rebuilt)).toBe(true);
  });

  test('that differs differs at the first byte that does', () => {
    const whole = generated(3 * MIB, 1);
    const bytes = toBuffer(whole);
    bytes[2_000_000] = (bytes[2_000_000] ?? 0) ^ 1;
    expect(firstDifference(whole, fromBuffer(bytes))).toBe(2_000_000);
    expect(firstDifference(whole, slice(whole, 0, MIB))).toBe(MIB);
    expect(firstDifference(whole, fromBuffer(toBuffer(whole)))).toBeUndefined();
    expect(compareContent(whole, fromBuffer(bytes))).toBe(false);
  });

  test('can be that of a file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'content-'));
    try {
      const bytes = toBuffer(generated(2 * MIB + 5, 9));
      writeFileSync(join(directory, 'file'), bytes);
      const content = fromFile(join(directory, 'file'));
      expect(content.sizeBytes).toBe(bytes.length);
      expect(compareContent(content, fromBuffer(bytes))).toBe(true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
