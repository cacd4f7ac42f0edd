// The Lambda side of the replay: loads the handler and invokes it, message by message, in a process of its own.
// Plain JavaScript, since stripping types would add 18 MB to the memory that the replay measures.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [, , handlerFile = '', handlerName = ''] = process.argv;
const send = (message) => process.send?.(message);

/** What Lambda reports of an error that a handler threw. */
function errorReport(error) {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message };
  return { errorType: typeof error, errorMessage: String(error) };
}

// Nobody is left to answer to.
process.once('disconnect', () => process.exit());

let handler;
process.once('message', async () => {
  const started = performance.now();
  try {
    ({ [handlerName]: handler } = await import(pathToFileURL(handlerFile).href));
    if (typeof handler !== 'function')
      throw new TypeError(`${handlerFile} exports no function "${handlerName}"`);
    process.on('message', invoke);
    send({ type: 'ready', initMs: performance.now() - started });
  } catch (error) {
    send({ type: 'failed', error: errorReport(error) });
  }
});

/** Linux counts what the parent had in memory when it forked into `maxRSS`, and keeps it through `exec`: `VmHWM` is this program's own. */
function peakMemoryBytes() {
  try {
    const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kibibytes !== undefined) return Number(kibibytes) * 1024;
  } catch {
    // Only Linux tells.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** One invocation: Lambda's context, the handler's answer, and the end marker that Lambda writes into the log. */
async function invoke({ event, context, deadlineMs }) {
  const remainingMs = () => Math.max(0, deadlineMs - Date.now());
  let answer;
  try {
    const result = await handler(event, { ...context, getRemainingTimeInMillis: remainingMs });
    answer = { result };
  } catch (error) {
    answer = { error: errorReport(error) };
  }
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  // The markers tell the parent that everything that the handler printed has arrived.
  process.stdout.write(`END RequestId: ${context.awsRequestId}\n`);
  process.stderr.write(`END RequestId: ${context.awsRequestId}\n`);
  send({
    type: 'done',
    ...answer,
    peakMemoryBytes: peakMemoryBytes(),
    cpuMs: (userCPUTime + systemCPUTime) / 1000,
  });
}
