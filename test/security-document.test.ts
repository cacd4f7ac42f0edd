// The tests that SECURITY.md names exist, under the titles that it gives.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface NamedTest {
  readonly file: string;
  /** Pieces of titles: what the document leaves out, it shows by an ellipsis. */
  readonly pieces: readonly string[];
}

/** The last column of the table of threats: `room/file` "title", "title". */
function namedTests(markdown: string): readonly NamedTest[] {
  const rows = markdown.split('\n').filter((line) => /^\| \*\*/.test(line));
  return rows.flatMap((row) => {
    const tests = row.split('|').at(-2) ?? '';
    return [...tests.matchAll(/`([^`]+)`([^`]*)/g)].map(([, file = '', about = '']) => ({
      file: `test/${file}.test.ts`,
      pieces: [...about.matchAll(/"([^"]+)"/g)].flatMap(([, title = '']) =>
        title
          .split('…')
          .map((piece) => piece.trim())
          .filter((piece) => piece !== ''),
      ),
    }));
  });
}

const named = namedTests(readFileSync('SECURITY.md', 'utf8'));

it('has tests beside every threat', () => {
  expect(named.length).toBeGreaterThan(20);
});

it.each(named)('$file has the titles that SECURITY.md gives: $pieces', ({ file, pieces }) => {
  expect(existsSync(file)).toBe(true);
  const text = readFileSync(file, 'utf8').replaceAll(String.raw`\'`, "'");
  expect(pieces.filter((piece) => !text.includes(piece))).toEqual([]);
});
