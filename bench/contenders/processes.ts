// Contenders that are programs: found, started side by side for each destination region, and timed.
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { BenchJob } from '../job/job.ts';

const execute = promisify(execFile);

/** A program call. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Path of an installed program: the distribution's first, since a version manager's shims may have nothing behind them. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const directory of ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]) {
    const file = join(directory, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // Not there: look further.
    }
  }
  return undefined;
}

/** First line that a program prints, or undefined when it cannot be run. */
export async function firstLine(name: string, args: readonly string[]): Promise<string | undefined> {
  const file = await findProgram(name);
  try {
    const output = file === undefined ? undefined : await execute(file, args);
    return output === undefined ? undefined : (output.stdout || output.stderr).split('\n', 1)[0];
  } catch {
    return undefined;
  }
}

/** Environment of a peer: the job's credentials, and none of the user's own configuration. */
export function peerEnvironment({ credentials, authorityFile }: BenchJob): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    HOME: join(tmpdir(), 'bench-peer-without-configuration'),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_EC2_METADATA_DISABLED: 'true',
    // aws-cli and boto3 take the first, rclone (Go) the second.
    ...(authorityFile && { AWS_CA_BUNDLE: authorityFile, SSL_CERT_FILE: authorityFile }),
  };
}

/** Runs the commands at the same time; resolves with the milliseconds that the slowest took, and what they printed. */
export async function timed(
  commands: readonly Command[],
  core: number | undefined,
): Promise<{ elapsedMs: number; outputs: string[] }> {
  const startMs = performance.now();
  const outputs = await Promise.all(commands.map((command) => run(onCore(command, core))));
  return { elapsedMs: performance.now() - startMs, outputs };
}

function onCore(command: Command, core: number | undefined): Command {
  if (core === undefined) return command;
  return { ...command, file: 'taskset', args: ['--cpu-list', String(core), command.file, ...command.args] };
}

/** What a program prints. @throws Error with what it printed of its failure */
async function run({ file, args, environment: env }: Command): Promise<string> {
  return (await execute(file, args, { env })).stdout;
}
