// Runs `npm run replay` as a user does: the command in a process of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SAMPLES_FOLDER } from '../../../local/pipeline/scenarios.ts';

const ENTRY = fileURLToPath(new URL('../../../local/replay.ts', import.meta.url));

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end, with variables of the shell beside those of this process. */
export function replay(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Output> {
  const { promise, resolve } = Promise.withResolvers<Output>();
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...variables };
  execFile(process.execPath, [ENTRY, ...args], { env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
    resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
  );
  return promise;
}

/** File of a sample event. */
export function sampleFile(name: string): string {
  return join(SAMPLES_FOLDER, `${name}.json`);
}
