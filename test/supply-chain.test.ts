// What this project depends on: exact versions, known licences, and no install script that the bundle needs.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readDependencies } from '../local/licences.ts';

const LOCKFILE = new URL('../package-lock.json', import.meta.url);
const PERMISSIVE = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'MIT-0'];

it('pins every dependency to an exact version', async () => {
  const { dependencies, devDependencies } = JSON.parse(
    await readFile(new URL('../package.json', import.meta.url), 'utf8'),
  ) as Record<'dependencies' | 'devDependencies', Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

it('locks every package with a hash', async () => {
  const { packages } = JSON.parse(await readFile(LOCKFILE, 'utf8')) as {
    readonly packages: Record<string, { readonly integrity?: string; readonly inBundle?: boolean }>;
  };
  const unhashed = Object.entries(packages)
    .filter(([path, { integrity, inBundle }]) => path !== '' && !inBundle && integrity === undefined)
    .map(([path]) => path);
  expect(unhashed).toEqual([]);
});

it('deploys only code under permissive licences', async () => {
  const deployed = (await readDependencies(LOCKFILE)).filter((dependency) => dependency.deployed);
  expect(deployed.length).toBeGreaterThan(10);
  for (const { name, licence } of deployed) expect(PERMISSIVE, name).toContain(licence);
});

it('has no dependency of the bundle with an install script', async () => {
  const scripted = (await readDependencies(LOCKFILE)).filter(({ hasInstallScript }) => hasInstallScript);
  expect(scripted.filter(({ deployed }) => deployed)).toEqual([]);
  expect(scripted.map(({ name }) => name).sort()).toEqual(['esbuild', 'node']);
});
