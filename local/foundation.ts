// The command `npm run pipeline`: deploys the foundation into an embedded AWS and runs the reference pipeline there.
import { createInterface } from 'node:readline/promises';
import { CommanderError } from '@commander-js/extra-typings';
import { type PipelineOptions, parseOptions } from './foundation/options.ts';

const READER_GONE = 141;
const INTERRUPTED = 130;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(READER_GONE);
});
process.once('SIGINT', () => process.exit(INTERRUPTED));

const options = readOptions();
if (options.json !== true) process.stdout.write('Synthesising the foundation.\n');

// What is not needed to answer a wrong option is loaded here.
const { TopologyError } = await import('../infra/shape/topology-rules.ts');
const { NameError } = await import('./foundation/statements/change.ts');
const { createTerminal, silentTerminal } = await import('./replay/terminal/terminal.ts');
const { runCommand, UsageError } = await import('./foundation/command.ts');
try {
  const terminal = options.json === true ? silentTerminal() : createTerminal(process.stdout);
  process.exitCode = await runCommand(options, {
    terminal,
    ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
    print: (text) => process.stdout.write(`${text}\n`),
  });
} catch (error) {
  if (!(error instanceof TopologyError || error instanceof NameError || error instanceof UsageError))
    throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

/** Help has been printed, or what is wrong: there is nothing to run. */
function readOptions(): PipelineOptions {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exit(error.exitCode === 0 ? 0 : 2);
  }
}

async function ask(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await lines.question(`  ${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}
