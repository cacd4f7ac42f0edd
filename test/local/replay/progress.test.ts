// Progress on a terminal and in a plain log.
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startProgress, type Track } from '../../../local/replay/terminal/progress.ts';
import type { Paint } from '../../../local/replay/terminal/render.ts';

const coloured: Paint = (colour, text) => styleText(colour, text, { validateStream: false });

const TRACKS: readonly Track[] = [
  { id: 'image', label: 'MachineImage → ap-southeast-2', totalBytes: 7_500_000_000 },
  { id: 'templates', label: 'Templates → ap-southeast-2', totalBytes: 38_900 },
];

/** A terminal that remembers everything that was written to it. */
function terminal(
  columns: number,
): PassThrough & { isTTY: boolean; columns: number; screen(): string; raw(): string } {
  let written = '';
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => {
    written += chunk.toString('utf8');
  });
  return Object.assign(stream, {
    isTTY: true,
    columns,
    raw: () => written,
    screen: () => stripVTControlCharacters(written),
  });
}

describe('progress on a terminal', () => {
  it('says all of what is said just before it stops', () => {
    const out = terminal(100);
    const progress = startProgress('Copying', TRACKS, out, coloured);
    progress.update('image', 7_500_000_000, 'multipart in 2.4 s');
    progress.print('a last line');
    progress.stop();
    expect(out.screen()).toContain('100%   7.5 GB  multipart in 2.4 s');
    expect(out.screen()).toContain('a last line');
  });

  it.each([80, 100, 120])('keeps its lines within %d columns', (columns) => {
    const out = terminal(columns);
    const progress = startProgress('Copying', TRACKS, out, coloured);
    progress.update('image', 884_400_000);
    progress.update('templates', 38_900, 'object in 303 ms');
    progress.stop();
    const lines = out
      .screen()
      .split(/(?= {2}MachineImage| {2}Templates)|\n/)
      .filter((line) => line.includes('→'));
    expect(Math.max(...lines.map((line) => line.trimEnd().length))).toBeLessThanOrEqual(columns);
    expect(lines.join('')).toContain('object in 303 ms');
  });

  it('shows how far a copy is without colours too', () => {
    const out = terminal(100);
    const progress = startProgress('Copying', TRACKS, out, (_colour, text) => text);
    progress.update('image', 3_750_000_000);
    progress.stop();
    expect(out.screen()).toMatch(/━{14}─{14} {2}50% {2}3\.8 GB of 7\.5 GB/);
  });
});

describe('progress in a log', () => {
  it('gives each finished copy a line and no control characters', () => {
    const out = Object.assign(terminal(100), { isTTY: false });
    const progress = startProgress('Copying', TRACKS, out, coloured);
    progress.update('templates', 38_900, 'object in 303 ms');
    progress.stop();
    expect(out.raw()).toBe('  Templates → ap-southeast-2: 38.9 kB, object in 303 ms\n');
  });
});
