// Builds the function and the scripts to compare it with, all the same way.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BUILD_SCRIPT = fileURLToPath(new URL('../../esbuild.config.mjs', import.meta.url));

/** Bundles of the benchmark: entry, and directory under `dist/`. */
const COMPARED = [
  { entry: 'bench/contenders/one-request.ts', directory: 'bench/one-request' },
  { entry: 'bench/contenders/bare-loop.ts', directory: 'bench/bare-loop' },
  { entry: 'bench/contenders/plain-pipe.ts', directory: 'bench/plain-pipe' },
  { entry: 'bench/contenders/smallest.ts', directory: 'bench/smallest' },
  { entry: 'bench/contenders/empty.ts', directory: 'bench/empty' },
];

/** Builds everything that the benchmark runs into `dist/`. */
export function buildBundles(): void {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const build = (args: readonly string[]): void => {
    execFileSync(process.execPath, [BUILD_SCRIPT, ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  };
  build([]);
  for (const { entry, directory } of COMPARED) {
    build(['--entry', entry, '--outdir', `dist/${directory}`]);
  }
}
