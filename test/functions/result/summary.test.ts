// Words and units in what people read.
import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatSeconds,
  plural,
  summariseProgress,
} from '../../../functions/sync-artifacts/result/summary.ts';

describe('words for people', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [312_400_000, '312.4 MB'],
    [7 * 1024 ** 3, '7.5 GB'],
    [50e12, '50.0 TB'],
    [5e15, '5000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('have units and numbers that agree', () => {
    expect(formatSeconds(8_249)).toBe('8.2 s');
    expect([plural(1, 'region'), plural(3, 'region'), plural(2, 'copy', 'copies')]).toEqual([
      '1 region',
      '3 regions',
      '2 copies',
    ]);
    expect(summariseProgress(1, 4, 5e9, 2e10, 600_000)).toBe(
      'Synced 1 of 4 copies, 5.0 GB of 20.0 GB, in 600.0 s; going on',
    );
  });
});
