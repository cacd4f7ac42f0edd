// What `npm pack` makes, as a user meets it: installed into an empty folder, on the Node.js of the machine.
import { execFile } from 'node:child_process';
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { appFiles, LOWEST } from './app.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Packing, installing and compiling take minutes on a busy machine. */
const SLOW_MS = 600_000;

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly stdout: string;
}

/** Runs a command to its end, as in a shell that does not know this repository. */
function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_|NODE_|VITEST|AWS_)/i.test(name)),
  );
  execFile(
    command,
    args,
    {
      cwd,
      env: { ...environment, PATH: path.join(delimiter), CDK_OUTDIR: join(cwd, 'cdk.out') },
      maxBuffer: 64 * 2 ** 20,
    },
    (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
        output: stdout + stderr,
        stdout,
      }),
  );
  return promise;
}

let folder: string;
let packed: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifact-sync-package-'));
  const pack = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], ROOT);
  expect(pack.output).toContain('.tgz');
  const [result] = JSON.parse(pack.stdout.slice(pack.stdout.indexOf('['))) as [
    { filename: string; files: { path: string }[] },
  ];
  packed = result.files.map(({ path }) => path);
  for (const [path, text] of Object.entries(appFiles(join(folder, result.filename)))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const install = await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  expect(install.code, install.output).toBe(0);
}, SLOW_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the tarball', () => {
  it('holds code, declarations of the public API, the function, schemas, samples and documents, and nothing else', () => {
    for (const path of [
      'package.json',
      'LICENSE',
      'README.md',
      'API.md',
      'docs/adopt.md',
      'schemas/user-parameters.schema.json',
      'schemas/destination-sets.schema.json',
      'dist/package/infra/index.js',
      'dist/package/infra/index.d.ts',
      'dist/package/cli/artifact-sync.js',
      'dist/package/dist/sync-artifacts/handler.mjs',
      'dist/package/dist/sync-artifacts/lost-job.mjs',
      'dist/package/events/three-regions.json',
    ]) {
      expect(packed).toContain(path);
    }
    expect(
      packed.filter((path) =>
        /(?<!\.d)\.ts$|^(?:test|bench|infra|local|cli|functions|dist\/(?!package))\/?/.test(path),
      ),
    ).toEqual([]);
  });
});

it('has a dependency for every package that its code imports', async () => {
  const built = join(ROOT, 'dist/package');
  const imported = new Set<string>();
  for await (const file of glob('{cli,functions,infra,local}/**/*.{js,mjs}', { cwd: built })) {
    const code = await readFile(join(built, file), 'utf8');
    for (const [, name = ''] of code.matchAll(
      /(?:^(?:import|export)\b[^'"=]*\bfrom\s*|^import\s*|\bimport\()['"]((?:@[\w-]+\/)?[\w-]+)/gm,
    )) {
      imported.add(name);
    }
  }
  imported.delete('node');

  const declared = { ...packageJson.dependencies, ...packageJson.peerDependencies };

  expect(imported.size).toBeGreaterThan(10);
  expect([...imported].filter((name) => !(name in declared))).toEqual([]);
});

describe('a CDK app with the lowest versions that the package takes', () => {
  it('has them installed, and no other', async () => {
    for (const [name, version] of Object.entries(LOWEST)) {
      const installed = JSON.parse(
        await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'),
      ) as { version: string };
      expect(installed.version).toBe(version);
      expect(packageJson.peerDependencies[name as keyof typeof LOWEST]).toBe(`^${version}`);
    }
  });

  it(
    'compiles strictly as ES modules, and synthesises each construct',
    async () => {
      const app = join(folder, 'esm');

      const compiled = await run('npx', ['tsc', '-p', '.'], app);
      const synthesised = await run('node', ['bin/app.js'], app);

      expect(compiled).toMatchObject({ code: 0, stdout: '' });
      expect(synthesised.code, synthesised.output).toBe(0);
      await expectTemplate(app);
    },
    SLOW_MS,
  );

  // ts-node type-checks by the same strict configuration before it runs, and loads the ES modules with require.
  it(
    'runs as CommonJS, as "cdk init" sets it up',
    async () => {
      const app = join(folder, 'cjs');

      const { code, output } = await run('npx', ['ts-node', '--prefer-ts-exts', 'bin/app.ts'], app);

      expect(code, output).toBe(0);
      await expectTemplate(app);
    },
    SLOW_MS,
  );
});

describe('the command', () => {
  it('tells what it can do', async () => {
    const { code, stdout } = await run('npx', ['artifact-sync', '--help'], folder);

    expect(code).toBe(0);
    for (const command of ['adopt', 'replay', 'local-aws']) expect(stdout).toContain(`  ${command} `);
  });

  it('has the version of the package', async () => {
    const { stdout } = await run('npx', ['artifact-sync', '--version'], folder);

    expect(stdout.trim()).toBe(packageJson.version);
  });

  it('replays a job on the function that is inside, and compares every byte', async () => {
    const { code, stdout, output } = await run(
      'npx',
      ['artifact-sync', 'replay', 'events/classic.json', '--json'],
      folder,
    );

    expect(code, output).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, copies: [{ identical: true }] });
  });

  it('plans without copying', async () => {
    const { code, output } = await run(
      'npx',
      ['artifact-sync', 'replay', 'events/classic.json', '--dry-run'],
      folder,
    );

    expect(code, output).toBe(0);
    expect(output).toContain('Nothing was copied.');
  });
});

async function expectTemplate(app: string): Promise<void> {
  const text = await readFile(join(app, 'cdk.out/AppStack.template.json'), 'utf8');
  const { Resources } = JSON.parse(text) as { Resources: Record<string, { Type: string }> };
  const types = Object.values(Resources).map(({ Type }) => Type);
  for (const type of [
    'AWS::Lambda::Function',
    'AWS::CodePipeline::Pipeline',
    'AWS::CloudWatch::CompositeAlarm',
    'AWS::CloudWatch::Dashboard',
  ]) {
    expect(types).toContain(type);
  }
  expect(text).toContain('SYNC_DESTINATION_SETS');
  expect(text).toContain('{\\"Destinations\\":\\"releases\\"');
}
