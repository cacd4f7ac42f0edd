// The table of mutants: whether `npm run mutants` could make each change.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MUTANTS, mutate } from './mutants.ts';

describe('the table of mutants', () => {
  it.each(MUTANTS)('$name: its place is in the code once', (mutant) => {
    const code = readFileSync(mutant.file, 'utf8');
    expect(mutate(code, mutant)).not.toBe(code);
  });

  it('names each mutant once', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });
});
