// The command `npm run pipeline`: deploys the foundation into an embedded AWS and runs the reference pipeline there.
import { askYesOrNo, canAsk, endWithReader, INTERRUPTED, readOptions } from './command-line.ts';
import { parseOptions } from './foundation/options.ts';

endWithReader();
process.once('SIGINT', () => process.exit(INTERRUPTED));

const options = readOptions(parseOptions);
if (options.json !== true) process.stdout.write('Synthesising the foundation.\n');

// What is not needed to answer a wrong option is loaded here.
const { loadTopology, topologyFile } = await import('../infra/shape/read-topology.ts');
const { TopologyError } = await import('../infra/shape/topology-rules.ts');
const { NameError } = await import('./foundation/statements/change.ts');
const { createTerminal, silentTerminal } = await import('./replay/terminal/terminal.ts');
const { runCommand, UsageError } = await import('./foundation/command.ts');
const { synthesise } = await import('./foundation/templates.ts');
try {
  const terminal = options.json === true ? silentTerminal() : createTerminal(process.stdout);
  const foundation = await synthesise(await loadTopology(options.topology ?? topologyFile()));
  process.exitCode = await runCommand(foundation, options, {
    terminal,
    ask: canAsk() ? (question) => askYesOrNo(`  ${question}`) : undefined,
    print: (text) => process.stdout.write(`${text}\n`),
  });
} catch (error) {
  if (!(error instanceof TopologyError || error instanceof NameError || error instanceof UsageError))
    throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}
