// Reads the configuration of the function, and of its asynchronous invocation.
import {
  type FunctionConfiguration,
  type FunctionEventInvokeConfig,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { awsMessage } from '../aws-clients.ts';
import { type DoctorFinding, notChecked } from './diagnosis.ts';

type ReadFunction =
  | {
      readonly configuration: FunctionConfiguration;
      readonly asynchronous: FunctionEventInvokeConfig | undefined;
      readonly findings: readonly DoctorFinding[];
    }
  | { readonly finding: DoctorFinding };

/** The function, or the finding that there is nothing to look at. */
export async function readFunction(client: LambdaClient, FunctionName: string): Promise<ReadFunction> {
  const where = `function ${FunctionName}`;
  let configuration: FunctionConfiguration;
  try {
    configuration = await client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  } catch (error) {
    const gone = (error as Error).name === 'ResourceNotFoundException';
    return {
      finding: {
        severity: 'error',
        where,
        what: gone
          ? `There is no function ${FunctionName} in ${await client.config.region()}.`
          : `It could not be looked at: ${awsMessage(error)}.`,
        why: gone ? 'The action fails before anything runs.' : 'Nothing else can be checked.',
        remedy: {
          command: gone
            ? 'Deploy the function there, or correct FunctionName or Region of the action.'
            : 'Allow yourself lambda:GetFunctionConfiguration on it, or mend what the message says.',
        },
      },
    };
  }
  try {
    const asynchronous = await client.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }));
    return { configuration, asynchronous, findings: [] };
  } catch (error) {
    const what = 'retries and on-failure destination';
    const findings =
      (error as Error).name === 'ResourceNotFoundException'
        ? []
        : [notChecked(where, what, error, 'lambda:GetFunctionEventInvokeConfig on it')];
    return { configuration, asynchronous: undefined, findings };
  }
}
