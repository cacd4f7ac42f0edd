// Command line of the modelled network: `npm run wan -- --upstream http://127.0.0.1:9000 --port 9001`.
import { once } from 'node:events';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { listenProblem, portParser } from './command-line.ts';
import { DEFAULT_WAN_MODEL } from './wan/model.ts';
import { measurePrecision } from './wan/precision.ts';
import { startWanProxy } from './wan/proxy-server.ts';

const program = new Command('npm run wan --')
  .description(
    'Puts a modelled wide-area network in front of an S3 server, prints its endpoint, serves until SIGTERM.',
  )
  .option('--upstream <url>', 'the S3 server, http only', httpUrl)
  .option('--port <number>', 'port to listen on; 0 takes a free one', portParser(), 0)
  .option('--round-trip <region=ms...>', 'round trip to a region (repeatable)', roundTrip)
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

const options = program.opts();

if (options.selfTest) {
  console.table(await measurePrecision());
} else if (options.upstream === undefined) {
  program.error('error: --upstream is needed: the URL of an S3 server, such as http://127.0.0.1:9000');
} else {
  await using proxy = await startWanProxy({
    upstream: options.upstream,
    port: options.port,
    model: {
      roundTripMs: { ...DEFAULT_WAN_MODEL.roundTripMs, ...options.roundTrip },
      copyBytesPerSecond: options.copyRate * 1e6,
      transferBytesPerSecond: options.transferRate * 1e6,
      copyServiceMs: options.copyService,
      writesPerSecondPerPrefix: options.writeRate,
    },
  }).catch((error: unknown) => program.error(`error: ${listenProblem(error)}`));
  console.log(proxy.endpoint);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}

function httpUrl(text: string): string {
  if (URL.parse(text)?.protocol !== 'http:')
    throw new InvalidArgumentError('expected a URL that begins with http://, such as http://127.0.0.1:9000');
  return text;
}

function roundTrip(
  text: string,
  previous: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const [, region, ms] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (region === undefined || ms === undefined)
    throw new InvalidArgumentError('expected REGION=MILLISECONDS, such as eu-west-1=75');
  return { ...previous, [region]: positive(ms) };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above zero');
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number');
  return value;
}
