// The options that every measuring command has: what S3 is like, and what the function gets.
import { InvalidArgumentError, Option } from 'commander';
import { BENCH_CASES, type BenchCase } from '../job/cases.ts';
import { type BenchServerOptions, WAN_PROFILES, type WanProfile } from './server-messages.ts';

/** For commander; {@link conditionsOf} reads what they give. */
export const serverOptions = {
  profile: new Option('--profile <name>', 'how fast S3 is taken to be (local/wan/model.ts)')
    .choices(Object.keys(WAN_PROFILES))
    .default('typical'),
  noTls: new Option('--no-tls', 'plain http, which no S3 speaks: shows what TLS costs'),
  allCores: new Option('--all-cores', 'do not limit contenders to one processor core'),
} as const;

/** What they give. */
export interface ServerOptions {
  readonly profile: WanProfile;
  readonly tls: boolean;
  readonly allCores?: boolean;
}

/** The option of commands that measure one case; {@link caseOf} reads what it gives. */
export function caseOption(name: string): Option {
  return new Option('--case <name>').choices(BENCH_CASES.map((each) => each.name)).default(name);
}

/** The case of an option. @throws Error when there is none of that name */
export function caseOf({ case: wanted }: { readonly case: string }): BenchCase {
  const found = BENCH_CASES.find(({ name }) => name === wanted);
  if (found === undefined) throw new Error(`there is no case ${wanted}`);
  return found;
}

/** Parses an option. @throws InvalidArgumentError for what is not a number above zero */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('expected a number above zero');
  return value;
}

/** The conditions of a measurement, from the command line. */
export function conditionsOf({ profile, tls, allCores = false }: ServerOptions): BenchServerOptions {
  return { profile, tls, oneCore: !allCores };
}
