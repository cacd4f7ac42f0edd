// The bundle runs on every Node.js from the one that `engines` names, though Lambda and the tests have a younger one.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const DIRECTORY = join(import.meta.dirname, '../../../functions');
/** What Node.js 20 does not have and TypeScript's `lib` lets pass. */
const YOUNGER =
  /\b(?:Map|Object)\.groupBy\b|\bPromise\.(?:withResolvers|try)\b|\bArray\.fromAsync\b|\bRegExp\.escape\b|\.(?:values|keys|entries)\(\)\s*\.(?:map|filter|toArray|some|every|find|reduce|flatMap)\(|\.(?:isSubsetOf|isSupersetOf|isDisjointFrom|difference|intersection|symmetricDifference)\(/;

describe('the function', () => {
  it('uses nothing that is younger than Node.js 20', async () => {
    const files = (await readdir(DIRECTORY, { recursive: true })).filter((file) => file.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(20);
    const sources = await Promise.all(
      files.map(async (file) => [file, await readFile(join(DIRECTORY, file), 'utf8')] as const),
    );
    const younger = sources
      .map(([file, source]) => [file, YOUNGER.exec(source.replaceAll(/\/\/.*|\/\*[\s\S]*?\*\//g, ''))?.[0]])
      .filter(([, found]) => found !== undefined);
    expect(younger).toEqual([]);
  });
});
