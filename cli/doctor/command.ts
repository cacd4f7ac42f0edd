// The command `artifact-sync doctor`: says before the first run whether a pipeline's Sync action will work.
import { readFile } from 'node:fs/promises';
import { type AwsAccess, AwsClients } from '../aws-clients.ts';
import type { Output } from '../output.ts';
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
  const { region, profile } = given;
  const aws = new AwsClients({
    ...access,
    ...(region === undefined ? {} : { region }),
    ...(profile === undefined ? {} : { profile }),
  });
  const diagnosis = await diagnose(patient, aws);
  output.write(
    given.json === true
      ? `${JSON.stringify(diagnosis, null, 2)}\n`
      : renderDiagnosis(diagnosis, output.columns ?? 110, output.isTTY === true),
  );
  return diagnosis.ok ? 0 : 1;
}

async function patientOf({ pipeline, action, ...given }: DoctorArguments): Promise<Patient> {
  const { function: functionName, userParameters } = given;
  if (pipeline !== undefined) {
    if (functionName !== undefined || userParameters !== undefined) {
      throw new UsageError(
        '--pipeline names function and parameters: leave out --function and --user-parameters.',
      );
    }
    return { pipeline, ...(action === undefined ? {} : { action }) };
  }
  if (functionName === undefined || userParameters === undefined) {
    throw new UsageError(
      'Nothing to look at: give --pipeline NAME, or --function NAME and --user-parameters JSON (or @FILE).',
    );
  }
  const name = functionName.replace(/^arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:/, '');
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    throw new UsageError(
      `--function ${functionName}: expected the name or the ARN of a Lambda function, without a version or alias.`,
    );
  }
  if (!userParameters.startsWith('@')) return { functionName: name, userParameters };
  const file = userParameters.slice(1);
  try {
    return { functionName: name, userParameters: (await readFile(file, 'utf8')).trim() };
  } catch (cause) {
    throw new UsageError(`--user-parameters: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
