// The documents for contributors name files, folders and scripts that there are, the map shows every room, and SECURITY.md names tests that there are.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const MAP = 'docs/architecture.md';
const DOCUMENTS = [MAP, 'CONTRIBUTING.md', '.github/PULL_REQUEST_TEMPLATE.md'];
const FOLDERS = ['bench', 'cli', 'docs', 'events', 'functions', 'infra', 'local', 'schemas', 'test'];

/** Every file and folder, as `/functions/sync-artifacts/job` or `/README.md`. */
const paths = [...globSync('*.*'), ...FOLDERS.flatMap((folder) => [folder, ...globSync(`${folder}/**`)])].map(
  (path) => `/${path}`,
);
const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, group = '']) => group);

describe.each(DOCUMENTS)('%s', (file) => {
  const text = readFileSync(file, 'utf8');

  it('names files and folders that there are', () => {
    // Whole, or from any folder on: the sentence or the table says which.
    const named = found(text, /`((?:[\w.-]+\/)+|(?:[\w.-]+\/)*[\w.-]+\.(?:ts|md|json|mjs))`/g);
    const absent = named.filter(
      (path) => !paths.some((each) => each.endsWith(`/${path.replace(/\/$/, '')}`)) && !existsSync(path),
    );
    expect(absent).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    expect(Object.keys(packageJson.scripts)).toEqual(
      expect.arrayContaining(found(text, /npm run ([\w:-]+)/g)),
    );
  });
});

it.each([...globSync('{.,.github,docs,events}/*.md')])('%s links to files that there are', (file) => {
  const links = found(readFileSync(file, 'utf8'), /\]\((?!https?:)([^)#]+)/g);
  expect(links.filter((link) => !existsSync(join(dirname(file), link)))).toEqual([]);
});

describe('the map', () => {
  it('shows every room', () => {
    const text = readFileSync(MAP, 'utf8');
    const rooms = ['functions/sync-artifacts', 'infra', 'local', 'cli', 'bench', 'local/aws']
      .flatMap((parent) => globSync(`${parent}/*/`))
      .map((room) => room.replace(/\/$/, '').split('/').at(-1) ?? '');
    expect(rooms.length).toBeGreaterThan(30);
    expect(rooms.filter((room) => !text.includes(`${room}/`))).toEqual([]);
  });
});

describe('SECURITY.md', () => {
  const named = namedTests(readFileSync('SECURITY.md', 'utf8'));

  it('has tests beside every threat', () => {
    expect(named.length).toBeGreaterThan(20);
  });

  it.each(named)('names $file with titles that it has: $pieces', ({ file, pieces }) => {
    expect(existsSync(file)).toBe(true);
    const text = readFileSync(file, 'utf8').replaceAll(String.raw`\'`, "'");
    expect(pieces.filter((piece) => !text.includes(piece))).toEqual([]);
  });
});

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
