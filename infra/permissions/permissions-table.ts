// Writes the table of the function's permissions as docs/deploy.md shows it: run it after changing aws/operations.ts.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { OPERATIONS } from '../../functions/sync-artifacts/aws/operations.ts';

/** The document that holds the table. */
export const DEPLOY_GUIDE = fileURLToPath(new URL('../../docs/deploy.md', import.meta.url));

/** The document with the table of today between its marks. */
export function withPermissionsTable(document: string): string {
  const rows = OPERATIONS.flatMap(({ operation, side, needs }) =>
    needs.map(
      ({ action, on, why }, index) =>
        `| ${index === 0 ? `\`${operation}\` (${side})` : ''} | \`${action}\` | ${on} | ${why} |`,
    ),
  );
  const table = ['| operation | needs | on | why |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return document.replace(
    /(<!-- permissions:.*?-->\n)[\s\S]*?(<!-- \/permissions -->)/,
    (_all, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
  );
}

if (import.meta.main) {
  await writeFile(DEPLOY_GUIDE, withPermissionsTable(await readFile(DEPLOY_GUIDE, 'utf8')));
}
