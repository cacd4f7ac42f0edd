// What every command does at its edges: options that may be wrong, a reader that goes away, a question to a person.
import { createInterface } from 'node:readline/promises';
import { CommanderError } from '@commander-js/extra-typings';

/** 128 + SIGPIPE, as for any command whose reader has gone (`npm run replay | head`). */
const READER_GONE = 141;

/** 128 + SIGINT. */
export const INTERRUPTED = 130;

/** Where help and errors go: the terminal unless it is given. */
export interface CommandOutput {
  readonly writeOut?: (text: string) => void;
  readonly writeErr?: (text: string) => void;
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
