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
const { runCommand } = await import('./replay/command.ts');
try {
  process.exitCode = await runCommand(options, {
    terminal: createTerminal(process.stdout),
    ask: canAsk() ? askYesOrNo : undefined,
    print: (text) => process.stdout.write(`${text}\n`),
  });
} catch (error) {
  if (!(error instanceof EventError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}
