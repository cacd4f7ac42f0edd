// Lists the licences of all dependencies, from the lockfile: what goes into the bundle first, then what only builds and tests.
import { readFile } from 'node:fs/promises';
import { program } from 'commander';
import { calledAs } from './command-line.ts';

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly hasInstallScript?: boolean;
}

/** A dependency as the lockfile has it. */
interface Dependency {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** May be part of the bundle that is deployed. */
  readonly deployed: boolean;
  readonly hasInstallScript: boolean;
}

/** All locked packages, each once, by name. */
export async function readDependencies(lockfile: URL | string): Promise<readonly Dependency[]> {
  const { packages } = JSON.parse(await readFile(lockfile, 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, locked]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: locked.version ?? '',
      licence: locked.license ?? 'unknown',
      deployed: locked.dev !== true && locked.devOptional !== true,
      hasInstallScript: locked.hasInstallScript === true,
    }))
    .sort((a, b) => Number(b.deployed) - Number(a.deployed) || a.name.localeCompare(b.name));
}

if (import.meta.main) {
  program
    .name(calledAs('licences'))
    .description('Lists the licences of all dependencies in package-lock.json: what may be deployed first.')
    .parse();
  const dependencies = await readDependencies(new URL('../package-lock.json', import.meta.url));
  for (const { name, version, licence, deployed } of dependencies) {
    process.stdout.write(`${deployed ? 'deployed' : 'dev     '}  ${licence.padEnd(26)} ${name}@${version}\n`);
  }
}
