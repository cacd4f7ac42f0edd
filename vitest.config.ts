import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/build-bundle.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['functions/**/*.ts', 'infra/**/*.ts', 'local/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
    },
  },
});
