// The command `npm run wan`: the modelled network in front of an S3 server, until SIGTERM.
import { once } from 'node:events';
import { listenProblem, readOptions } from './command-line.ts';
import { parseOptions } from './wan/options.ts';

const options = readOptions(parseOptions);

// What is not needed to answer a wrong option is loaded here.
if (options === undefined) {
  const { measurePrecision } = await import('./wan/precision.ts');
  console.table(await measurePrecision());
} else {
  const { startWanProxy } = await import('./wan/proxy-server.ts');
  await using proxy = await startWanProxy(options).catch((error: unknown) => {
    process.stderr.write(`error: ${listenProblem(error)}\n`);
    return process.exit(1);
  });
  console.log(proxy.endpoint);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}
