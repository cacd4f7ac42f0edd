// The bundle as it is deployed: the same bytes every time, self-contained, and small.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE } from '../harness/bundle-runs.ts';

const run = promisify(execFile);

/** Of the zip that is uploaded, without source maps. */
const MAX_ZIP_BYTES = 175_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Every file below a directory by its relative path. */
function filesOf(directory: string): Map<string, Buffer> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.sort().map((path) => [relative(directory, path), readFileSync(path)]));
}

function digests(files: ReadonlyMap<string, Buffer>): Record<string, string> {
  return Object.fromEntries(
    [...files].map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]),
  );
}

const isCode = ([path]: readonly [string, Buffer]): boolean => path.endsWith('.mjs');

describe('the bundle', () => {
  it('is the same, byte for byte, when it is built again', async () => {
    // As deep as the bundle itself, since source maps name the sources relative to it.
    const again = mkdtempSync(join(BUNDLE, '..', 'again-'));
    try {
      await run(process.execPath, ['esbuild.config.mjs', '--outdir', again]);
      expect(digests(filesOf(again))).toEqual(digests(filesOf(BUNDLE)));
    } finally {
      rmSync(again, { recursive: true });
    }
  });

  it('has source maps for all of its code, without the sources themselves', () => {
    const files = filesOf(BUNDLE);
    for (const [path, code] of [...files].filter(isCode)) {
      const map = JSON.parse(files.get(`${path}.map`)?.toString() ?? '{}') as Record<string, unknown>;
      expect(code.toString(), path).toContain(`//# sourceMappingURL=`);
      expect(map.mappings, path).toBeTypeOf('string');
      expect(map.sourcesContent, path).toBeUndefined();
    }
  });

  it('needs nothing but Node: all of it loads in an empty folder, with a handler in each entry', async () => {
    const alone = join(folder, 'alone');
    cpSync(BUNDLE, alone, { recursive: true });
    const chunks = [...filesOf(alone)].filter(isCode).map(([path]) => path);
    const script = `
      for (const file of ${JSON.stringify(chunks)}) {
        const exported = await import('./' + file);
        if (!file.includes('/')) console.log(file, Object.keys(exported).join(), typeof exported.handler);
      }`;
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: alone,
      env: { PATH: '' },
    });
    expect(stderr).toBe('');
    expect(stdout).toBe('handler.mjs handler function\nlost-job.mjs handler function\n');
    expect(chunks.length).toBeGreaterThan(2);
  });

  it(`is smaller than ${MAX_ZIP_BYTES} bytes, zipped`, ({ annotate }) => {
    const code = Object.fromEntries([...filesOf(BUNDLE)].filter(isCode));
    const { length } = zipSync(code, { level: 9 });
    expect(length).toBeLessThan(MAX_ZIP_BYTES);
    return annotate(`${length} bytes in ${Object.keys(code).length} files`).then(() => undefined);
  });
});
