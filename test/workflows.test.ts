// The workflows run scripts that there are, and nothing that a moving branch could change.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../package.json' with { type: 'json' };

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
  >;
}

const FOLDER = new URL('../.github/workflows/', import.meta.url);
const scriptsIn = (text: string): string[] =>
  [...text.matchAll(/npm run (?:--?\S+ )*([\w:-]+)/g)].map(([, name = '']) => name);

it('.ci/run runs scripts that package.json has', () => {
  const scripts = scriptsIn(readFileSync(new URL('../.ci/run', import.meta.url), 'utf8'));
  expect(scripts.length).toBeGreaterThan(3);
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
});

describe.each(readdirSync(FOLDER))('%s', (file) => {
  const workflow = parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it('runs scripts that package.json has', () => {
    const scripts = steps.flatMap(({ run = '' }) => scriptsIn(run));
    expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining(scripts));
  });

  it('may read unless a job says more, and uses actions by version', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/@v\d+$|@[0-9a-f]{40}$/);
  });
});
