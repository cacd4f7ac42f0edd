// What the command does with its options: replays a job or plans it, and prints or writes what came of it.
import { EventError } from '../pipeline/event/event.ts';
import type { ReplayOptions } from './options.ts';
import { prepareReplay, type Replay, replay } from './run.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Where a command runs. */
interface Surroundings {
  readonly terminal: Terminal;
  /** Asks a person; absent where there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  readonly print: (text: string) => void;
}

/** Runs the command; returns its exit code. @throws EventError for what cannot be replayed or written */
export async function runCommand(
  options: ReplayOptions,
  { terminal, ask, print }: Surroundings,
): Promise<number> {
  const prepared = await prepareReplay(options, terminal);
  const document = await (options.dryRun ? plan(prepared) : run(prepared, ask));
  if (options.json) print(JSON.stringify(document, null, 2));
  return document.exitCode;
}

async function plan(prepared: Replay) {
  const { dryRun } = await import('./dry-run/dry-run.ts');
  return dryRun(prepared);
}

async function run(prepared: Replay, ask: Surroundings['ask']) {
  const { options, terminal } = prepared;
  const confirm = async (question: string): Promise<boolean> => {
    if (options.yes) return true;
    if (ask) return ask(question);
    throw new EventError(
      `${question} There is no terminal to ask on: add --yes to write without being asked.`,
    );
  };
  const { report, requests } = await replay(prepared, { confirm });
  if (options.report !== undefined) {
    const { writePage } = await import('./page/write-page.ts');
    await writePage(options.report, report, requests);
    terminal.print(`  Report: ${options.report}\n`);
  }
  return report;
}
