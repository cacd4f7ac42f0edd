// `npm run package`: writes the release, and the sample workload's builds, from the bundle in dist.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { findingsIn } from '../checks/validation-report.ts';
import type { AppOptions } from '../checks/validations.ts';
import { BUNDLE_DIRECTORY } from '../constructs/sync-artifacts-function.ts';
import { RELEASE_OBJECT } from '../shape/names.ts';
import { buildReleaseApp, RELEASE_STACK } from './template.ts';
import { zipDirectory, zipFiles } from './zip.ts';

/** Name of the zip; it carries the release, so that a new release is a new key. */
export const RELEASE_ZIP = `sync-artifacts-${packageJson.version}.zip`;

/** Name of the template. */
export const RELEASE_TEMPLATE = 'sync-artifacts.template.json';

const DEFAULT_DIRECTORY = fileURLToPath(new URL('../../dist/release', import.meta.url));
const SAMPLE_WORKLOAD = new URL('../sample-workload/', import.meta.url);

/**
 * Writes the zip, the template and `sample/` with what starts the reference pipeline for the first time.
 *
 * @returns the paths of what was written
 * @throws when the template has findings, warnings included
 */
export async function writeRelease(
  directory = DEFAULT_DIRECTORY,
  options: AppOptions = {},
): Promise<string[]> {
  const assembly = buildReleaseApp(RELEASE_ZIP, options).synth();
  const findings = await findingsIn(assembly.directory);
  if (findings.length > 0) throw new Error(findings.join('\n'));
  const { template } = assembly.getStackByName(RELEASE_STACK);

  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'sample'), { recursive: true });
  const files: [string, string | Uint8Array][] = [
    [RELEASE_ZIP, await zipDirectory(BUNDLE_DIRECTORY)],
    [RELEASE_TEMPLATE, `${JSON.stringify(template, null, 2)}\n`],
    [join('sample', RELEASE_OBJECT), await zipFiles(SAMPLE_WORKLOAD, ['template.yaml', 'code/index.mjs'])],
  ];
  for (const [name, content] of files) await writeFile(join(directory, name), content);
  return files.map(([name]) => join(directory, name));
}

if (import.meta.main) for (const path of await writeRelease()) console.log(path);
