// Tables, boxes and units as a terminal shows them.
import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../../local/replay/quantity.ts';
import { box, type Paint, shorten, table, wrap } from '../../../local/replay/terminal/render.ts';

const plain: Paint = (_colour, text) => text;

describe('box', () => {
  it('wraps long lines, keeps the indent, and closes every line', () => {
    const drawn = box(
      'Result',
      ['Synced 2 artifacts to 3 regions', '  Name  a-long-value-without-spaces'],
      30,
      'green',
      plain,
    );
    expect(drawn.split('\n')).toEqual([
      '  ╭─ Result ─────────────────╮',
      '  │ Synced 2 artifacts to 3  │',
      '  │ regions                  │',
      '  │   Name                   │',
      '  │   a-long-value-without-s │',
      '  │   paces                  │',
      '  ╰──────────────────────────╯',
    ]);
  });
});

describe('table', () => {
  it('aligns columns under a ruled head', () => {
    const drawn = table(
      ['Artifact', 'ms'],
      [
        ['App', '5'],
        ['Web', '1234'],
      ],
      ['ms'],
      plain,
    );
    expect(drawn.split('\n').map((line) => line.trim())).toEqual([
      'Artifact     ms',
      '───────────────',
      'App           5',
      'Web        1234',
    ]);
  });
});

describe('wrap and shorten', () => {
  it('cuts words that are longer than a line', () => {
    expect(wrap('abcdefgh ij', 5)).toEqual(['abcde', 'fgh', 'ij']);
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
  ])('writes %d ms as %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });
});
