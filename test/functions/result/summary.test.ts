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
    [1, '1 byte'],
    [1023, '1023 bytes'],
    [38 * 1024, '38 KiB'],
    [312.4 * 1024 ** 2, '312.4 MiB'],
    [1024 ** 3 - 1, '1 GiB'],
    [7 * 1024 ** 3, '7 GiB'],
    [5000 * 1024 ** 4, '5000 TiB'],
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
    expect(summariseProgress(1, 4, 5 * 1024 ** 3, 20 * 1024 ** 3, 600_000)).toBe(
      'Synced 1 of 4 copies, 5 GiB of 20 GiB, in 600.0 s; continuing',
    );
  });
});
