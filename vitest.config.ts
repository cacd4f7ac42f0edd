// How the tests run, and the coverage that they must have.
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Installs the package, a CDK and a compiler into an empty folder: `npm run test:package`.
    exclude: [...configDefaults.exclude, ...(process.env.TEST_PACKAGE ? [] : ['test/package/**'])],
    // Most tests wait more than they work; Vitest's own number is one less than there are cores.
    maxWorkers: 2,
    globalSetup: ['test/build-bundle.ts'],
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
