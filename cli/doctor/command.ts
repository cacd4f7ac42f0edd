// The command `artifact-sync doctor`: says before the first run whether a pipeline's Sync action will work.
import { readFile } from 'node:fs/promises';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsAccess, AwsClients } from '../aws-clients.ts';
import { functionNameOf } from '../function-name.ts';
import { type Output, printResult } from '../output.ts';
import { UsageError } from '../usage-error.ts';
import { diagnose, type Patient } from './diagnose.ts';
import { renderDiagnosis } from './render.ts';

/** The options as the command line has them. */
export interface DoctorArguments {
  readonly pipeline?: string;
  readonly action?: string;
  readonly function?: string;
  readonly userParameters?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/**
 * Runs the command.
 * @returns the exit code: 0 when nothing is an error, else 1
 * @throws UsageError when an option cannot be used
 */
export async function runDoctor(
  given: DoctorArguments,
  output: Output,
  access: AwsAccess = {},
): Promise<number> {
  const patient = await patientOf(given);
  const diagnosis = await diagnose(patient, new AwsClients(access, given));
  return printResult(diagnosis, output, given.json, renderDiagnosis);
}

async function patientOf({ pipeline, action, ...given }: DoctorArguments): Promise<Patient> {
  const { function: functionName, userParameters } = given;
  if (pipeline !== undefined) {
    if (functionName !== undefined || userParameters !== undefined) {
      throw new UsageError(
        '--pipeline names function and parameters: leave out --function and --user-parameters.',
      );
    }
    return { pipeline, ...omitUndefined({ action }) };
  }
  if (functionName === undefined || userParameters === undefined) {
    throw new UsageError(
      'Nothing to look at: give --pipeline NAME, or --function NAME and --user-parameters JSON (or @FILE).',
    );
  }
  const name = functionNameOf(functionName);
  if (!userParameters.startsWith('@')) return { functionName: name, userParameters };
  const file = userParameters.slice(1);
  try {
    return { functionName: name, userParameters: (await readFile(file, 'utf8')).trim() };
  } catch (cause) {
    throw new UsageError(`--user-parameters: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
