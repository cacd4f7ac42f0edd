// A job whose source object is gone: the function has to see that it is gone, not only that it may not read it.

import { record } from '../../pipeline/event/json.ts';
import { newKey, storeIn } from '../execution/artifacts.ts';
import type { Cloud } from '../execution/cloud.ts';
import type { PipelineDeclaration } from '../execution/declaration.ts';
import type { Functions } from '../execution/functions.ts';
import { StepError } from '../execution/steps.ts';

/** Runs such a job of the first Lambda action. @throws StepError when it fails for another reason */
export async function missRevision(
  cloud: Cloud,
  functions: Functions,
  pipeline: PipelineDeclaration,
): Promise<string> {
  const action = pipeline.stages
    .flatMap(({ actions }) => actions)
    .find(({ provider }) => provider === 'Lambda');
  if (action === undefined) return 'the pipeline invokes no function';
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
  const { results } = await functions.runJob(action.configuration.FunctionName ?? '', job);
  const { message, type } = record(results.at(-1)?.input.failureDetails);
  if (type === 'RevisionUnavailable') return 'reported as gone';
  throw new StepError(String(type), String(message));
}
