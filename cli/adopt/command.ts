// The command `artifact-sync adopt`: reads a file, shows what a Sync stage changes in it, and writes it with --write.
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { functionNameOf } from '../function-name.ts';
import type { Output } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { type AdoptOptions, adopt } from './adopt.ts';
import { parseDestination } from './destinations.ts';
import { renderAdoption } from './render.ts';

/** The options as the command line has them. */
export interface AdoptArguments {
  readonly before?: string;
  readonly destination?: readonly string[];
  readonly destinationSet?: string;
  readonly input?: readonly string[];
  readonly function: string;
  readonly functionRole?: string;
  readonly pipeline?: string;
  readonly region?: string;
  readonly stageName: string;
  readonly namespace: string;
  readonly write?: boolean;
}

/**
 * Runs the command.
 * @throws UsageError when the file or an option cannot be used
 */
export async function runAdopt(file: string, given: AdoptArguments, output: Output): Promise<void> {
  const options = toOptions(given);
  let before: string;
  try {
    before = await readFile(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const fileName = basename(file);
  const adoption = adopt(before, fileName, options);
  const writing = given.write === true && adoption.changed;
  if (writing) await writeFile(file, adoption.text);
  output.write(renderAdoption(adoption, fileName, before, writing, output.isTTY === true));
}

function toOptions(options: AdoptArguments): AdoptOptions {
  const { function: given, destination = [], destinationSet, input = [], stageName, namespace } = options;
  const functionName = functionNameOf(given);
  if (destinationSet !== undefined && destination.length > 0) {
    throw new UsageError('--destination-set and --destination exclude each other: a set names the buckets.');
  }
  return {
    destinations: destination.map(parseDestination),
    inputs: input,
    functionName,
    stageName,
    namespace,
    ...omitUndefined({
      destinationSet,
      functionArn: given === functionName ? undefined : given,
      before: options.before,
      functionRole: options.functionRole,
      pipeline: options.pipeline,
      region: options.region,
    }),
  };
}
