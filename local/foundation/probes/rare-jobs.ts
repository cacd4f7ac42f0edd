// Jobs that go wrong in rare ways: the source object is gone, or the function dies.

import { record } from '../../pipeline/event/json.ts';
import type { JobRun } from '../../pipeline/job-loop.ts';
import { newKey, storeIn } from '../execution/artifacts.ts';
import { actionsOf } from '../execution/declaration.ts';
import type { PipelineRun } from '../execution/execution.ts';
import { StepError } from '../execution/steps.ts';

/** The function has to see that its source is gone, not only that it may not read it. @throws StepError when it fails for another reason */
export async function missRevision(run: PipelineRun): Promise<string> {
  const job = await runRareJob(run);
  if (job === undefined) return NO_FUNCTION;
  const { message, type } = record(job.results.at(-1)?.input.failureDetails);
  if (type === 'RevisionUnavailable') return 'reported as gone';
  throw new StepError(String(type), String(message));
}

/** Lambda hands the event of a function that dies to the on-failure destination. @throws StepError when nobody fails the job */
export async function loseJob(run: PipelineRun): Promise<string> {
  const job = await runRareJob(run, { dies: true });
  if (job === undefined) return NO_FUNCTION;
  if (job.state === 'Failed') return 'failed by the on-failure destination';
  throw new StepError(
    'ActionTimeout',
    'Nobody failed the job of a function that died: its action would time out after 20 minutes.',
  );
}

/** What a probe of the function shows where there is none. */
export const NO_FUNCTION = 'the pipeline invokes no function';

/** A job of the first Lambda action, for an object that is not there; undefined without such an action. */
async function runRareJob(
  { cloud, functions, pipeline }: PipelineRun,
  options: { readonly dies?: boolean } = {},
): Promise<JobRun | undefined> {
  const [action] = actionsOf(pipeline, 'Lambda');
  if (action === undefined) return undefined;
  const { bucket: bucketName } = storeIn(pipeline, pipeline.region);
  const [name = ''] = action.inputs;
  const s3Location = { bucketName, objectKey: newKey(pipeline.name, name) };
  const job = cloud.aws.world.codePipeline.createJob({
    accountId: pipeline.accountId,
    roleArn: pipeline.roleArn,
    data: {
      actionConfiguration: { configuration: action.configuration },
      inputArtifacts: [{ name, revision: 'gone', location: { type: 'S3', s3Location } }],
      outputArtifacts: [],
    },
  });
  return functions.runJob(action.configuration.FunctionName ?? '', job, options);
}
