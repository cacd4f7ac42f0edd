// CodePipeline's API for those who look at pipelines: GetPipeline, ListActionExecutions.
import { AwsError } from '../aws-error.ts';
import { arnOf, type Pipeline } from '../state/code-pipeline/pipelines.ts';
import type { JsonOperation, JsonRequest } from './request.ts';
import { stringAt, validate } from './validation.ts';

/** The operations by name. */
export const pipelineOperations: Readonly<Record<string, JsonOperation>> = {
  GetPipeline: getPipeline,
  GetPipelineExecution: getPipelineExecution,
  ListActionExecutions: listActionExecutions,
};

const NAME = { required: true, type: 'string', min: 1, max: 100, pattern: /^[A-Za-z0-9.@\-_]+$/ } as const;

function getPipeline(request: JsonRequest): Record<string, unknown> {
  const pipeline = pipelineOf(request, 'name');
  return { pipeline: pipeline.declaration, metadata: { pipelineArn: arnOf(pipeline) } };
}

function getPipelineExecution(request: JsonRequest): Record<string, unknown> {
  const id = stringAt(request.input, 'pipelineExecutionId');
  const { executions = [], declaration } = pipelineOf(request, 'pipelineName');
  const pipelineExecution = executions.find(({ pipelineExecutionId }) => pipelineExecutionId === id);
  if (pipelineExecution !== undefined) return { pipelineExecution };
  throw new AwsError(
    400,
    'PipelineExecutionNotFoundException',
    `Pipeline ${declaration.name} has no execution ${id ?? ''}`,
  );
}

/** All on one page: the embedded AWS has no long histories. */
function listActionExecutions(request: JsonRequest): Record<string, unknown> {
  const only = stringAt(request.input, 'filter.pipelineExecutionId');
  const { actionExecutions = [] } = pipelineOf(request, 'pipelineName');
  return {
    actionExecutionDetails: actionExecutions.filter(
      ({ pipelineExecutionId }) => only === undefined || pipelineExecutionId === only,
    ),
  };
}

function pipelineOf({ world, caller, region, input, authorize }: JsonRequest, field: string): Pipeline {
  validate(input, { [field]: NAME });
  const name = stringAt(input, field) ?? '';
  const { accountId } = caller;
  authorize(arnOf({ accountId, region, declaration: { name } }));
  const pipeline = world.pipelines.find(accountId, region, name);
  if (pipeline !== undefined) return pipeline;
  throw new AwsError(
    400,
    'PipelineNotFoundException',
    `Account '${accountId}' does not have a pipeline with name '${name}'`,
  );
}
