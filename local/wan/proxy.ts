// Command line of the modelled network: `npm run wan -- --upstream http://127.0.0.1:9000 --port 9001`.
import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_WAN_MODEL } from './model.ts';
import { measurePrecision } from './precision.ts';
import { startWanProxy } from './proxy-server.ts';

const program = new Command('wan')
  .description('Puts a modelled wide-area network in front of an S3 server.')
  .option('--upstream <url>', 'the S3 server, http only')
  .option('--port <number>', 'port to listen on (default: a free one)', wholeNumber, 0)
  .option('--round-trip <region=ms...>', 'round trip to a region (repeatable)')
  .option(
    '--copy-rate <MB/s>',
    'speed of one copy request',
    positive,
    DEFAULT_WAN_MODEL.copyBytesPerSecond / 1e6,
  )
  .option(
    '--transfer-rate <MB/s>',
    'speed of one upload or download',
    positive,
    DEFAULT_WAN_MODEL.transferBytesPerSecond / 1e6,
  )
  .option('--copy-service <ms>', 'fixed time of one copy request', positive, DEFAULT_WAN_MODEL.copyServiceMs)
  .option(
    '--write-rate <number>',
    'write requests per second and prefix',
    wholeNumber,
    DEFAULT_WAN_MODEL.writesPerSecondPerPrefix,
  )
  .option('--self-test', 'measure how precisely answers leave under load, and exit')
  .parse();

const options = program.opts<{
  upstream?: string;
  port: number;
  roundTrip?: string[];
  copyRate: number;
  transferRate: number;
  copyService: number;
  writeRate: number;
  selfTest?: boolean;
}>();

if (options.selfTest) {
  console.table(await measurePrecision());
} else if (options.upstream === undefined) {
  program.error('--upstream is needed: the URL of an S3 server, such as http://127.0.0.1:9000');
} else {
  await using proxy = await startWanProxy({
    upstream: options.upstream,
    port: options.port,
    model: {
      roundTripMs: { ...DEFAULT_WAN_MODEL.roundTripMs, ...roundTrips(options.roundTrip ?? []) },
      copyBytesPerSecond: options.copyRate * 1e6,
      transferBytesPerSecond: options.transferRate * 1e6,
      copyServiceMs: options.copyService,
      writesPerSecondPerPrefix: options.writeRate,
    },
  });
  console.log(proxy.endpoint);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}

function roundTrips(pairs: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [region = '', ms = ''] = pair.split('=');
      return [region, positive(ms)];
    }),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    throw new InvalidArgumentError('expected a number above zero');
  }
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new InvalidArgumentError('expected a whole number');
  }
  return value;
}
