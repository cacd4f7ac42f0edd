// Sizes and durations as users type them.
import { describe, expect, it } from 'vitest';
import { parseDurationMs, parseSizeBytes } from '../../../local/replay/quantity.ts';

describe('parseSizeBytes', () => {
  it.each([
    ['4096', 4096],
    ['0', 0],
    ['10MB', 10_000_000],
    ['250MiB', 262_144_000],
    ['2GiB', 2_147_483_648],
    ['1.5 kib', 1536],
    ['50TiB', 54_975_581_388_800],
  ])('reads %s', (text, sizeBytes) => {
    expect(parseSizeBytes(text)).toBe(sizeBytes);
  });

  it.each(['', 'GiB', '-1', '2 parsecs', './app.zip', '1e3', '2G'])('refuses %j', (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  });
});

describe('parseDurationMs', () => {
  it.each([
    ['20s', 20_000],
    ['5min', 300_000],
    ['1.5s', 1_500],
    ['800ms', 800],
  ])('reads %s', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  it.each(['', '20', 'soon', '-5s', '5 hours'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });
});
