// Builds the function and the scripts to compare it with, all the same way.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILD_SCRIPT = fileURLToPath(new URL('../../esbuild.config.mjs', import.meta.url));

/** Entries in `bench/contenders/`, each built into a directory of its name under `dist/bench/`. */
const COMPARED = ['one-request', 'bare-loop', 'plain-pipe', 'smallest', 'empty'];

/** Builds everything that the benchmark runs into `dist/`. */
export function buildBundles(): void {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const build = (args: readonly string[]): void => {
    execFileSync(process.execPath, [BUILD_SCRIPT, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  build([]);
  for (const name of COMPARED)
    build(['--entry', `bench/contenders/${name}.ts`, '--outdir', `dist/bench/${name}`]);
}
