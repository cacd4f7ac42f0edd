// What docs/adopt.md shows is what the command prints.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { adopt } from '../../../cli/adopt/adopt.ts';
import { renderAdoption } from '../../../cli/adopt/render.ts';

it('shows the real output, with … for what is left out', () => {
  const guide = readFileSync(new URL('../../../docs/adopt.md', import.meta.url), 'utf8');
  const [, file = '', shown = ''] = /```\n\$ npx artifact-sync adopt (\S+)\n([\s\S]*?)```/.exec(guide) ?? [];
  const text = readFileSync(new URL(`fixtures/${file}`, import.meta.url), 'utf8');

  const adoption = adopt(text, file, {
    destinations: [],
    inputs: [],
    functionName: 'sync-artifacts',
    stageName: 'Sync',
    namespace: 'Sync',
  });
  const printed = renderAdoption(adoption, file, text, false, false);

  const parts = shown.split('…\n');
  expect(parts.length).toBeGreaterThan(1);
  for (const part of parts) expect(printed).toContain(part);
});
