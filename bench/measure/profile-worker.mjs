// The profiled side: invokes a handler, event by event, and takes a CPU profile of the invocations that ask for one.
// Plain JavaScript, so that no type stripping shows in the profile.
import { Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';

const [, , handlerFile = ''] = process.argv;
const { handler } = await import(pathToFileURL(handlerFile).href);
const context = {
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  functionName: 'profiled',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:111122223333:function:profiled',
  memoryLimitInMB: '1769',
  getRemainingTimeInMillis: () => 900_000,
};

process.on('message', async ({ event, profiled }) => {
  const session = new Session();
  session.connect();
  if (profiled) {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 200 });
    await session.post('Profiler.start');
  }
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  await handler(event, context);
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpu);
  const profile = profiled ? (await session.post('Profiler.stop')).profile : undefined;
  session.disconnect();
  process.send?.({ elapsedMs, userMs: user / 1000, systemMs: system / 1000, profile });
});
process.send?.('ready');
