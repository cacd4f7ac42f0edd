// How the tests run, and the coverage that they must have.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Workers and the commands that tests start load the same packages again and again. (Code from a cache counts as covered only roughly.)
if (!process.argv.includes('--coverage'))
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compile', import.meta.url));

/** What takes longest, longest first: started last, it would keep one core while the others have nothing left. Waiting goes with working. */
const LONGEST = [
  'functions/kill.test.ts',
  'faults/passing-faults.test.ts',
  'functions/copy/resume/resume-replay.test.ts',
  'local/replay/acceptance.test.ts',
  'clients/clients.test.ts',
  'local/replay/samples.test.ts',
  'local/replay/replay.test.ts',
  'faults/throttling.test.ts',
  'functions/copy/resume/resume.test.ts',
  'faults/soak.test.ts',
  'faults/lasting-faults.test.ts',
  'functions/result/out-of-time.test.ts',
  'functions/copy/relay.test.ts',
  'functions/copy/relay-memory.test.ts',
  'functions/aws/stalls.test.ts',
  'local/foundation/statements.test.ts',
  'local/foundation/command.test.ts',
  'cli/doctor/doctor.test.ts',
  'infra/limits.test.ts',
  'infra/release/api-document.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(file));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Installs the package, a CDK and a compiler into an empty folder: `npm run test:package`.
    exclude: [...configDefaults.exclude, ...(process.env.TEST_PACKAGE ? [] : ['test/package/**'])],
    // Most tests wait more than they work; Vitest's own number is one less than there are cores.
    maxWorkers: availableParallelism() + 1,
    // A worker of its own for each file would load the same modules 160 times.
    isolate: false,
    // Requests and answers are much garbage that dies young.
    execArgv: ['--max-semi-space-size=32'],
    sequence: { sequencer: LongestFirst },
    globalSetup: ['test/build-bundle.ts'],
    setupFiles: ['test/set-up.ts'],
    // Several times what the longest test takes, since a busy machine may be that much slower.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    coverage: {
      provider: 'v8',
      include: ['cli/**/*.ts', 'functions/**/*.ts', 'infra/**/*.ts', 'local/**/*.ts'],
      // What makes the npm package runs in `npm run test:package` only.
      exclude: ['infra/index.ts', 'infra/release/npm-package.ts'],
      reporter: ['text-summary', 'json-summary'],
      // In percent; what runs in child processes (the bundle, the replay) is not counted.
      thresholds: {
        'functions/**': { lines: 95, statements: 94, functions: 95, branches: 85 },
        'infra/**': { lines: 95, statements: 93, functions: 95, branches: 80 },
        'cli/adopt/**': { lines: 88, statements: 88, functions: 93, branches: 75 },
        'local/aws/**': { lines: 80, statements: 80, functions: 80, branches: 70 },
      },
    },
  },
});
