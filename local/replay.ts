// The command `npm run replay`: runs a CodePipeline job on this machine and shows what the pipeline would see.
import { EventError } from './pipeline/event.ts';
import { parseOptions } from './replay/options.ts';

/** 128 + SIGPIPE, as for any command whose reader has gone (`npm run replay | head`). */
const READER_GONE = 141;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(READER_GONE);
});

const options = parseOptions(process.argv.slice(2));
try {
  const { document, succeeded } = await run();
  if (options.json) process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  process.exitCode = succeeded ? 0 : 1;
} catch (error) {
  if (!(error instanceof EventError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}

/** What is not needed to answer a wrong option is loaded here. */
async function run(): Promise<{ document: object; succeeded: boolean }> {
  if (options.dryRun) {
    const { dryRun } = await import('./replay/dry-run.ts');
    const document = await dryRun(options);
    return { document, succeeded: document.failure === undefined };
  }
  const document = options.live
    ? await (await import('./replay/live.ts')).replayLive(options)
    : await (await import('./replay/run.ts')).replay(options);
  return { document, succeeded: document.passed };
}
