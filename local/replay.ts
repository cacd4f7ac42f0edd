// The command `npm run replay`: runs a CodePipeline job on this machine and shows what the pipeline would see.
import { askYesOrNo, canAsk, endWithReader, INTERRUPTED, readOptions } from './command-line.ts';
import { parseOptions } from './replay/options.ts';

/** 128 + SIGTERM. */
const TERMINATED = 143;
endWithReader();

const options = readOptions(parseOptions);
const started = performance.now();
process.once('SIGINT', () => {
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const left = options.live
    ? 'Copies under way were not finished; uploads that they began are left to the lifecycle rules of their buckets.'
    : 'The function and the embedded AWS are gone with it; nothing is left.';
  process.stderr.write(`\nInterrupted after ${seconds} s. ${left}\n`);
  process.exit(INTERRUPTED);
});
// An editor's stop button: ends what 'exit' ends.
process.once('SIGTERM', () => process.exit(TERMINATED));
// What follows takes a second or two to load.
if (!options.json) process.stdout.write('Starting the replay.\n');

// What is not needed to answer a wrong option is loaded here.
const { EventError } = await import('./pipeline/event/event.ts');
const { createTerminal } = await import('./replay/terminal/terminal.ts');
const { prepareReplay, replay } = await import('./replay/run.ts');
const terminal = createTerminal(process.stdout);
try {
  const prepared = await prepareReplay(options, terminal);
  if (options.dryRun) {
    const { dryRun } = await import('./replay/dry-run/dry-run.ts');
    end(await dryRun(prepared));
  } else {
    const { report, requests } = await replay(prepared, { confirm });
    if (options.report !== undefined) {
      const { writePage } = await import('./replay/page/write-page.ts');
      await writePage(options.report, report, requests);
      if (!options.json) terminal.print(`  Report: ${options.report}\n`);
    }
    end(report);
  }
} catch (error) {
  if (!(error instanceof EventError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

function end(document: { readonly exitCode: number }): void {
  if (options.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  process.exitCode = document.exitCode;
}

/** Asks a person; where there is none, the answer has to be in the command. */
async function confirm(question: string): Promise<boolean> {
  if (options.yes) return true;
  if (!canAsk())
    throw new EventError(
      `${question} There is no terminal to ask on: add --yes to write without being asked.`,
    );
  return await askYesOrNo(question);
}
