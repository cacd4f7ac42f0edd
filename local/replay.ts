// The command `npm run replay`: runs a CodePipeline job on this machine and shows what the pipeline would see.
import { EventError } from './replay/event.ts';
import { replayLive } from './replay/live.ts';
import { parseOptions } from './replay/options.ts';
import { replay } from './replay/run.ts';

const options = parseOptions(process.argv.slice(2));
try {
  const report = await (options.live ? replayLive(options) : replay(options));
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = report.passed ? 0 : 1;
} catch (error) {
  if (!(error instanceof EventError)) throw error;
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 2;
}
