// The command `artifact-sync adopt`: reads a file, shows what a Sync stage changes in it, and writes it with --write.
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { UsageError } from '../usage-error.ts';
import { type AdoptOptions, adopt } from './adopt.ts';
import { type Destination, parseDestination } from './destinations.ts';
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

/** Lambda API: the ARN of a function. */
const FUNCTION_ARN = /^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:([A-Za-z0-9_-]+)$/;
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Runs the command.
 * @throws UsageError when the file or an option cannot be used
 */
export async function runAdopt(file: string, given: AdoptArguments): Promise<void> {
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
  process.stdout.write(renderAdoption(adoption, fileName, before, writing, process.stdout.isTTY === true));
}

function toOptions(given: AdoptArguments): AdoptOptions {
  const [arn, nameInArn] = FUNCTION_ARN.exec(given.function) ?? [];
  const functionName = nameInArn ?? given.function;
  if (!FUNCTION_NAME.test(functionName)) {
    throw new UsageError(
      `--function ${given.function}: expected the name or the ARN of a Lambda function, without a version or alias.`,
    );
  }
  if (given.destinationSet !== undefined && given.destination !== undefined) {
    throw new UsageError('--destination-set and --destination exclude each other: a set names the buckets.');
  }
  const destinations: Destination[] = (given.destination ?? []).map(parseDestination);
  return {
    destinations,
    inputs: given.input ?? [],
    functionName,
    stageName: given.stageName,
    namespace: given.namespace,
    ...(given.destinationSet === undefined ? {} : { destinationSet: given.destinationSet }),
    ...(arn === undefined ? {} : { functionArn: arn }),
    ...(given.before === undefined ? {} : { before: given.before }),
    ...(given.functionRole === undefined ? {} : { functionRole: given.functionRole }),
    ...(given.pipeline === undefined ? {} : { pipeline: given.pipeline }),
    ...(given.region === undefined ? {} : { region: given.region }),
  };
}
