// The command `artifact-sync` from the outside: what it prints, what it writes, how it ends.
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdoptArguments, runAdopt } from '../../cli/adopt/command.ts';
import { UsageError } from '../../cli/usage-error.ts';

const COMMAND = fileURLToPath(new URL('../../cli/artifact-sync.ts', import.meta.url));
const FIXTURES = new URL('adopt/fixtures/', import.meta.url);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile(process.execPath, [COMMAND, ...args], (error, stdout, stderr) =>
    resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
  );
  return promise;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifact-sync-'));
});
afterEach(() => rm(folder, { recursive: true }));

const DEFAULTS = { function: 'sync-artifacts', stageName: 'Sync', namespace: 'Sync' };

/** What adopt prints, in this process. */
async function adopt(file: string, options: Partial<AdoptArguments> = {}): Promise<string> {
  const printed: string[] = [];
  await runAdopt(file, { ...DEFAULTS, ...options }, { write: (text) => printed.push(text) });
  return printed.join('');
}

describe('artifact-sync adopt', () => {
  it('prints difference and policies, writes only with --write, and finds its own stage again', async () => {
    const file = join(folder, 'pipeline.json');
    await copyFile(new URL('get-pipeline-two-regions.json', FIXTURES), file);
    const original = await readFile(file, 'utf8');

    const shown = await adopt(file);
    const untouched = await readFile(file, 'utf8');
    const written = await run('adopt', file, '--write');
    const changed = await readFile(file, 'utf8');
    const again = await adopt(file, { write: true });

    expect(shown).toMatch(/^\+ +"name": "SyncArtifacts",$/m);
    expect(shown).toContain('"lambda:InvokeFunction"');
    expect(shown).toContain('Nothing was written; --write changes pipeline.json.');
    expect(untouched).toBe(original);
    expect(written.code).toBe(0);
    expect(written.stdout).toContain('pipeline.json was changed.');
    expect(changed).toContain('"SyncArtifacts"');
    expect(again).toContain('Nothing to change.');
    expect(await readFile(file, 'utf8')).toBe(changed);
  });

  it('shows a file that is one line as if it were many', async () => {
    const file = fileURLToPath(new URL('several-invoke-actions-minified.json', FIXTURES));

    expect(await adopt(file)).toMatch(/^\+ +"name": "SyncArtifacts",$/m);
  });

  it.each<[Partial<AdoptArguments>, RegExp]>([
    [{ function: 'a:b' }, /--function a:b: expected the name or the ARN/],
    [{ destination: ['bucket=a'] }, /given "bucket=a".*Did you mean "Bucket"\?/],
  ])('refuses %j', async (options, message) => {
    const failure = await adopt('x', options).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(UsageError);
    expect((failure as Error).message).toMatch(message);
  });
});

it('loads neither the CDK nor clients of AWS for adopt', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../cli/adopt/command.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    metafile: true,
    write: false,
  });

  const loaded = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));

  expect(loaded).toContain('yaml');
  expect(loaded.filter((path) => /^(?:aws-cdk-lib|constructs|@aws-sdk)/.test(path))).toEqual([]);
});

describe('what the user can mend is one line and exit code 2, without a stack trace', () => {
  it.each([
    [['adopt', 'no-such-file.json'], /^error: no-such-file\.json cannot be read: .*ENOENT/],
    [['adopt'], /missing required argument 'file'/],
    [['adpt'], /unknown command 'adpt'[\s\S]*adopt/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await run(...args);

    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(2);
  });
});
