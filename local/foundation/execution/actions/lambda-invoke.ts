// The Lambda invoke action: a job for the function, whose result is the action's.
import type { JobResult } from '../../../aws/state/code-pipeline/jobs.ts';
import { record } from '../../../pipeline/event/json.ts';
import type { JobRun } from '../../../pipeline/job-loop.ts';
import type { ActionContext, ActionResult } from '../action.ts';
import { newKey, storeIn } from '../artifacts.ts';
import type { Functions } from '../functions.ts';
import { StepError } from '../steps.ts';

/** Runs it: the pipeline's role invokes, CodePipeline waits for the result. */
export async function lambdaInvoke(context: ActionContext, functions: Functions): Promise<ActionResult> {
  const { action, cloud, executionId, inputs, pipeline, session, stage } = context;
  const { FunctionName = '' } = action.configuration;
  const arn = `arn:aws:lambda:${action.region}:${pipeline.accountId}:function:${FunctionName}`;
  session.call('lambda:InvokeFunction', arn, action.region);
  const { bucket: bucketName, keyArn } = storeIn(pipeline, pipeline.region);
  const outputs = action.outputs.map((name) => ({ name, key: newKey(pipeline.name, name), revision: '' }));
  const location = (objectKey: string) => ({ type: 'S3' as const, s3Location: { bucketName, objectKey } });
  const job = cloud.aws.world.codePipeline.createJob({
    accountId: pipeline.accountId,
    roleArn: pipeline.roleArn,
    origin: { pipelineName: pipeline.name, stage, action: action.name, pipelineExecutionId: executionId },
    data: {
      actionConfiguration: { configuration: action.configuration },
      inputArtifacts: inputs.map(({ name, key, revision }) => ({ name, revision, location: location(key) })),
      outputArtifacts: outputs.map(({ name, key }) => ({ name, revision: null, location: location(key) })),
      ...(keyArn === undefined ? {} : { encryptionKey: { id: keyArn, type: 'KMS' } }),
    },
  });
  const run = await functions.runJob(FunctionName, job);
  return resultOf(run, outputs);
}

function resultOf({ state, results, invocations }: JobRun, outputs: ActionResult['outputs']): ActionResult {
  const result: JobResult | undefined = results.at(-1);
  if (result === undefined) {
    const why = invocations.at(-1)?.errorMessage ?? 'it ended without an answer';
    throw new StepError(
      'ActionTimeout',
      `The function never answered (${why}); the action would time out after 20 minutes.`,
    );
  }
  if (state !== 'Succeeded') {
    const { type, message } = record(result.input.failureDetails);
    // What an operator would find in its log.
    const died = invocations.at(-1)?.errorMessage;
    throw new StepError(String(type), died === undefined ? String(message) : `${message} (${died})`);
  }
  const { summary } = record(result.input.executionDetails);
  const variables = Object.entries(record(result.input.outputVariables));
  return {
    summary: String(summary ?? ''),
    variables: Object.fromEntries(variables.map(([name, value]) => [name, String(value)])),
    ...(outputs && { outputs }),
  };
}
