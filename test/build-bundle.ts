// Builds the bundle once before any test, so that tests run the bytes that are deployed.
import { execFileSync } from 'node:child_process';

export function setup(): void {
  execFileSync(process.execPath, ['esbuild.config.mjs'], { stdio: 'inherit' });
}
