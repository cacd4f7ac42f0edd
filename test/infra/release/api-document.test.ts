// API.md says what the doc comments of the public API say.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { API_DOCUMENT, apiDocument } from '../../../infra/release/api-document.ts';

it('is what "npm run api" writes', async () => {
  const document = await apiDocument();

  expect(await readFile(API_DOCUMENT, 'utf8')).toBe(document);
});

it('documents every member of the public props', async () => {
  const rows = (await readFile(API_DOCUMENT, 'utf8')).split('\n').filter((line) => /^\| `/.test(line));

  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter((row) => /\|\s+\|[^|]*\|$/.test(row.replaceAll('\\|', '')))).toEqual([]);
});
