// Runs the replay: the command in a process of its own, as a user does, or the same in this process, which is cheaper.
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from '@commander-js/extra-typings';
import { EventError } from '../../../local/pipeline/event/event.ts';
import { SAMPLES_FOLDER } from '../../../local/pipeline/scenarios.ts';
import { runCommand } from '../../../local/replay/command.ts';
import { Comparer } from '../../../local/replay/compare/compare.ts';
import { parseOptions } from '../../../local/replay/options.ts';
import { prepareReplay, type Replayed, replay } from '../../../local/replay/run.ts';
import { createTerminal } from '../../../local/replay/terminal/terminal.ts';

/** The command's file. */
export const ENTRY = fileURLToPath(new URL('../../../local/replay.ts', import.meta.url));

interface Output {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Runs the command to its end in a process of its own. */
export function runProcess(args: readonly string[]): Promise<Output & { readonly stderr: string }> {
  const { promise, resolve } = Promise.withResolvers<Awaited<ReturnType<typeof runProcess>>>();
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  execFile(process.execPath, [ENTRY, ...args], { env, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
    resolve({ exitCode: error === null ? 0 : Number(error.code), stdout, stderr }),
  );
  return promise;
}

/** The same in this process, where nobody can be asked. @throws EventError */
export async function runHere(args: readonly string[]): Promise<Output> {
  let stdout = '';
  const write = (text: string): void => {
    stdout += text;
  };
  const exitCode = await runCommand(parseOptions(args), {
    terminal: createTerminal({ write }, {}),
    ask: undefined,
    print: write,
  });
  return { exitCode, stdout };
}

/** A replay in this process, and what it printed. */
export interface Played extends Replayed {
  readonly printed: string;
}

let comparer: Comparer | undefined;

/** A replay in this process that goes on while the test looks at it. */
interface Playing {
  /** What is printed by and by, once it matches. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<Played>;
}

/** Starts a replay in this process. @throws EventError */
export async function startPlaying(args: readonly string[]): Promise<Playing> {
  let printed = '';
  const written = new EventEmitter();
  const out = {
    write(text: string) {
      printed += text;
      written.emit('text');
    },
  };
  const prepared = await prepareReplay(parseOptions(args), createTerminal(out, { TERM: 'dumb' }));
  comparer ??= new Comparer();
  const ended = replay(prepared, { comparer }).then((replayed) => ({ ...replayed, printed }));
  return {
    async printed(pattern) {
      let found = pattern.exec(printed);
      while (!found) {
        const end = await Promise.race([once(written, 'text').then(() => undefined), ended]);
        found = pattern.exec(printed);
        if (end && !found) throw new Error(`printed nothing like ${pattern}: ${printed}`);
      }
      return found;
    },
    ended,
  };
}

/** Runs a replay in this process. @throws EventError */
export async function play(args: readonly string[]): Promise<Played> {
  return (await startPlaying(args)).ended;
}

/** Ends what replays in this process share. */
export async function endPlaying(): Promise<void> {
  await comparer?.[Symbol.asyncDispose]();
  comparer = undefined;
}

/** What the command says when it replays nothing: its help, or why it refuses the arguments. */
export async function answerTo(args: readonly string[]): Promise<string> {
  let printed = '';
  const write = (text: string): void => {
    printed += text;
  };
  try {
    await prepareReplay(
      parseOptions(args, { writeErr: write, writeOut: write }),
      createTerminal({ write: () => undefined }, {}),
    );
  } catch (error) {
    if (error instanceof CommanderError) return printed;
    if (error instanceof EventError) return error.message;
    throw error;
  }
  throw new Error(`${args.join(' ')} was not refused`);
}

/** File of a sample event. */
export function sampleFile(name: string): string {
  return join(SAMPLES_FOLDER, `${name}.json`);
}
