// The options that every measuring command has: what S3 is like, and what the function gets.
import { InvalidArgumentError, Option } from 'commander';
import { type BenchServerOptions, WAN_PROFILES, type WanProfile } from './server-messages.ts';

/** For commander; {@link conditionsOf} reads what they give. */
export const serverOptions = {
  profile: new Option('--profile <name>', 'how fast S3 is taken to be (local/wan/model.ts)')
    .choices(Object.keys(WAN_PROFILES))
    .default('typical'),
  noTls: new Option('--no-tls', 'plain http, which no S3 speaks: shows what TLS costs'),
  allCores: new Option('--all-cores', 'do not limit contenders to one processor core'),
} as const;

/** Parses an option. @throws InvalidArgumentError for what is not a number above zero */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above zero');
  return value;
}

/** The conditions of a measurement, from the command line. */
export function conditionsOf({
  profile,
  tls,
  allCores = false,
}: {
  readonly profile: WanProfile;
  readonly tls: boolean;
  readonly allCores?: boolean;
}): BenchServerOptions {
  return { profile, tls, oneCore: !allCores };
}
