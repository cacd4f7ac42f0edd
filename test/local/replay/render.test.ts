// Tables, boxes and units as a terminal shows them.
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../../local/replay/quantity.ts';
import { type Column, section, shorten, table, wrap } from '../../../local/replay/terminal/render.ts';
import type { Paint } from '../../../local/replay/terminal/terminal.ts';

const plain: Paint = (_colour, text) => text;

describe('section', () => {
  it('wraps long lines at spaces, and leaves what is to be copied whole', () => {
    const drawn = section(
      'Result',
      ['Synced 2 artifacts to 3 regions', '  Name  arn:aws:kms:eu-west-1:111122223333:key/1234'],
      30,
      'green',
      plain,
    );
    expect(drawn.split('\n')).toEqual([
      '  ── Result ─────────────────',
      '  Synced 2 artifacts to 3',
      '  regions',
      '    Name ',
      '    arn:aws:kms:eu-west-1:111122223333:key/1234',
      '  ───────────────────────────',
    ]);
  });
});

describe('table', () => {
  const columns: readonly Column<readonly string[]>[] = [
    { title: 'Artifact', shortest: 6, cell: ([name = '']) => name },
    { title: 'Note', dropped: 1, cell: ([, , note = '']) => note },
    { title: 'ms', align: 'right', cell: ([, ms = '']) => ms },
  ];
  const linesOf = (rows: readonly (readonly string[])[], width: number): string[] =>
    table(columns, rows, width, plain)
      .split('\n')
      .map((line) => line.trim());

  it('aligns columns under a ruled head, and leaves out those that are empty', () => {
    expect(
      linesOf(
        [
          ['App', '5'],
          ['Web', '1234'],
        ],
        80,
      ),
    ).toEqual(['Artifact     ms', '───────────────', 'App           5', 'Web        1234']);
  });

  it('shortens what may be shortened, then drops what may be dropped, until it fits', () => {
    const rows = [['a-rather-long-name', '5', 'said']];
    expect(linesOf(rows, 80)[2]).toBe('a-rather-long-name   said    5');
    expect(linesOf(rows, 26)[2]).toBe('a-rat…g-name   said    5');
    expect(linesOf(rows, 16)[2]).toBe('a-ra…name    5');
  });
});

describe('wrap and shorten', () => {
  it('leaves words whole that are longer than a line', () => {
    expect(wrap('abcdefgh ij', 5)).toEqual(['abcdefgh', 'ij']);
  });

  it('shortens in the middle', () => {
    expect(shorten('web-shop-artifacts-us-east-1', 15)).toBe('web-sho…-east-1');
    expect(shorten('short', 15)).toBe('short');
  });
});

describe('formatDuration', () => {
  it.each([
    [812.4, '812 ms'],
    [999.7, '1.0 s'],
    [8_249, '8.2 s'],
    [185_000, '3 min 05 s'],
    [900_000, '15 min'],
    [3_599_700, '1 h'],
    [5_430_000, '1 h 31 min'],
    [43_200_000, '12 h'],
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
