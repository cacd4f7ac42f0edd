// A job whose function dies: Lambda hands the event to the on-failure destination, which fails the job.

import type { Cloud } from '../execution/cloud.ts';
import type { PipelineDeclaration } from '../execution/declaration.ts';
import type { Functions } from '../execution/functions.ts';
import { StepError } from '../execution/steps.ts';

/** Loses a job of the first Lambda action. @throws StepError when nobody fails it */
export async function loseJob(
  cloud: Cloud,
  functions: Functions,
  { accountId, stages }: PipelineDeclaration,
): Promise<string> {
  const action = stages.flatMap(({ actions }) => actions).find(({ provider }) => provider === 'Lambda');
  if (action === undefined) return 'the pipeline invokes no function';
  const job = cloud.aws.world.codePipeline.createJob({
    accountId,
    data: {
      actionConfiguration: { configuration: action.configuration },
      inputArtifacts: [],
      outputArtifacts: [],
    },
  });
  const { state } = await functions.runJob(action.configuration.FunctionName ?? '', job, { dies: true });
  if (state === 'Failed') return 'failed by the on-failure destination';
  throw new StepError(
    'ActionTimeout',
    'Nobody failed the job of a function that died: its action would time out after 20 minutes.',
  );
}
