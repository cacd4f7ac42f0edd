// What every command does at its edges: its name, options that may be wrong, a reader that goes away, a question to a person.
import { parse } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { CommanderError, InvalidArgumentError } from '@commander-js/extra-typings';

/** 128 + SIGPIPE, as for any command whose reader has gone (`npm run replay | head`). */
const READER_GONE = 141;

const MAX_PORT = 65_535;

/** 128 + SIGINT. */
export const INTERRUPTED = 130;

/** Where help and errors go: the terminal unless it is given. */
export interface CommandOutput {
  readonly writeOut?: (text: string) => void;
  readonly writeErr?: (text: string) => void;
}

/** How a command was called, for its help and errors: `artifact-sync NAME` in the package, `npm run NAME --` in the repository. */
export function calledAs(name: string): string {
  return parse(process.argv[1] ?? '').name === 'artifact-sync'
    ? `artifact-sync ${name}`
    : `npm run ${name} --`;
}

/** Parses an option that is a port; the message about anything else ends with `hint`. */
export function portParser(hint = ''): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value <= MAX_PORT) return value;
    throw new InvalidArgumentError(`Expected a port from 0 to ${MAX_PORT}; 0 takes a free one.${hint}`);
  };
}

/** Why a server cannot listen, and what to do when the port is somebody else's. */
export function listenProblem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'EADDRINUSE'
    ? `${error.message}. Choose another --port; 0 takes a free one.`
    : error.message;
}

/** Ends the process without a word when nobody reads what it prints any more. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(READER_GONE);
  });
}

/**
 * The options that the command was called with. Where `parse` has printed help, or what is wrong, there is nothing to run: the process ends
 * with 0, or with 2.
 */
export function readOptions<Options>(parse: (argv: readonly string[]) => Options): Options {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : 2);
  }
}

/** Is there somebody who can be asked, whatever becomes of what the command prints? */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a person; only `y` and `yes` are a yes. */
export async function askYesOrNo(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
