// `npm run build:package`: compiles what the npm package holds into dist/package, with the folders of the repository.
import { execFile } from 'node:child_process';
import { cp, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TARGET = join(ROOT, 'dist/package');

/** What the compiled modules read at run time, besides each other. */
const FILES = ['dist/sync-artifacts', 'events', 'local/lambda/lambda-runtime.mjs'];

/** Declarations name modules as the sources do; older compilers find them only as the JavaScript that is there. */
const RELATIVE_TYPESCRIPT = /((?:from|import\()\s*['"]\.{1,2}\/[^'"]+)\.ts(['"])/g;

await rm(TARGET, { recursive: true, force: true });
await promisify(execFile)(join(ROOT, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.package.json'], {
  cwd: ROOT,
});
for await (const file of glob('**/*.d.ts', { cwd: TARGET })) {
  const path = join(TARGET, file);
  // Commands are run, not imported.
  if (/^(?:cli|local)\//.test(file.replaceAll('\\', '/'))) await rm(path);
  else await writeFile(path, (await readFile(path, 'utf8')).replaceAll(RELATIVE_TYPESCRIPT, '$1.js$2'));
}
for (const file of FILES) {
  await mkdir(join(TARGET, file, '..'), { recursive: true });
  await cp(join(ROOT, file), join(TARGET, file), { recursive: true });
}
const { name, version, type } = packageJson;
await writeFile(join(TARGET, 'package.json'), `${JSON.stringify({ name, version, type, private: true })}\n`);
