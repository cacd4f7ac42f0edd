// The command line of the modelled network: each option once, with the error for a wrong value.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { type CommandOutput, portParser } from '../command-line.ts';
import { DEFAULT_WAN_MODEL, type WanModel } from './model.ts';

/** Parses the arguments: the proxy to start, or undefined for a self-test. @throws CommanderError after help (`exitCode` 0) or what is wrong has been printed */
export function parseOptions(argv: readonly string[], output: CommandOutput = {}) {
  const command = new Command('npm run wan --')
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
    .option(
      '--copy-service <ms>',
      'fixed time of one copy request',
      positive,
      DEFAULT_WAN_MODEL.copyServiceMs,
    )
    .option(
      '--write-rate <number>',
      'write requests per second and prefix',
      wholeNumber,
      DEFAULT_WAN_MODEL.writesPerSecondPerPrefix,
    )
    .option('--self-test', 'measure how precisely answers leave under load, and exit')
    .configureOutput(output)
    .exitOverride()
    .parse([...argv], { from: 'user' });

  const { upstream, port, selfTest, ...rates } = command.opts();
  const model: Partial<WanModel> = {
    roundTripMs: { ...DEFAULT_WAN_MODEL.roundTripMs, ...rates.roundTrip },
    copyBytesPerSecond: rates.copyRate * 1e6,
    transferBytesPerSecond: rates.transferRate * 1e6,
    copyServiceMs: rates.copyService,
    writesPerSecondPerPrefix: rates.writeRate,
  };
  if (selfTest) return undefined;
  if (upstream !== undefined) return { upstream, port, model };
  return command.error('error: --upstream is needed: the URL of an S3 server, such as http://127.0.0.1:9000');
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
