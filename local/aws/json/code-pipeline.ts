// CodePipeline's API for the workers of an action: PutJobSuccessResult, PutJobFailureResult, GetJobDetails.
import { AwsError } from '../aws-error.ts';
import type { JobResult } from '../state/code-pipeline/jobs.ts';
import type { JsonOperation, JsonRequest } from './request.ts';
import { type Model, stringAt, validate, validationError, valueAt } from './validation.ts';

/** The operations by name. */
export const codePipelineOperations: Readonly<Record<string, JsonOperation>> = {
  PutJobSuccessResult: putJobSuccessResult,
  PutJobFailureResult: putJobFailureResult,
  GetJobDetails: getJobDetails,
};

const JOB_ID = {
  required: true,
  type: 'string',
  pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
} as const;

/** Limits of the API model (CodePipeline API reference). */
const SUCCESS: Model = {
  jobId: JOB_ID,
  continuationToken: { type: 'string', min: 1, max: 2048 },
  currentRevision: { type: 'object' },
  'currentRevision.revision': { required: true, type: 'string', min: 1, max: 1500 },
  'currentRevision.changeIdentifier': { required: true, type: 'string', min: 1, max: 100 },
  executionDetails: { type: 'object' },
  'executionDetails.summary': { type: 'string', min: 1, max: 2048 },
  'executionDetails.externalExecutionId': { type: 'string', min: 1, max: 1500 },
  'executionDetails.percentComplete': { type: 'number', min: 0, max: 100 },
  outputVariables: { type: 'object' },
};

const FAILURE: Model = {
  jobId: JOB_ID,
  failureDetails: { required: true, type: 'object' },
  'failureDetails.type': {
    required: true,
    type: 'string',
    oneOf: [
      'JobFailed',
      'ConfigurationError',
      'PermissionError',
      'RevisionOutOfSync',
      'RevisionUnavailable',
      'SystemUnavailable',
    ],
  },
  'failureDetails.message': { required: true, type: 'string', min: 1, max: 5000 },
  'failureDetails.externalExecutionId': { type: 'string', min: 1, max: 1500 },
};

const OUTPUT_VARIABLE_KEY = /^[A-Za-z0-9@\-_]+$/;

/** CodePipeline quotas: size of the output variables of an action. */
const MAX_OUTPUT_VARIABLES_BYTES = 122_880;

function putJobSuccessResult(request: JsonRequest): Record<string, unknown> {
  request.authorize('*');
  validate(request.input, SUCCESS);
  const continuationToken = stringAt(request.input, 'continuationToken');
  checkOutputVariables(valueAt(request.input, 'outputVariables'), continuationToken !== undefined);
  request.world.codePipeline.recordResult(resultOf(request, 'PutJobSuccessResult'), continuationToken);
  return {};
}

function putJobFailureResult(request: JsonRequest): Record<string, unknown> {
  request.authorize('*');
  validate(request.input, FAILURE);
  request.world.codePipeline.recordResult(resultOf(request, 'PutJobFailureResult'), undefined);
  return {};
}

/** What a job is of when nobody has said. */
const REPLAYED = { pipelineName: 'replayed-pipeline', stage: 'Sync', action: 'SyncArtifacts' };

function getJobDetails(request: JsonRequest): Record<string, unknown> {
  request.authorize('*');
  validate(request.input, { jobId: JOB_ID });
  const job = request.world.codePipeline.refresh(stringAt(request.input, 'jobId') ?? '');
  const { origin = { ...REPLAYED, pipelineExecutionId: job.actionExecutionId } } = job;
  return {
    jobDetails: {
      id: job.id,
      accountId: job.accountId,
      data: {
        actionTypeId: { category: 'Invoke', owner: 'AWS', provider: 'Lambda', version: '1' },
        pipelineContext: {
          pipelineName: origin.pipelineName,
          stage: { name: origin.stage },
          action: { name: origin.action, actionExecutionId: job.actionExecutionId },
          pipelineExecutionId: origin.pipelineExecutionId,
        },
        ...job.data,
      },
    },
  };
}

function resultOf({ input }: JsonRequest, operation: JobResult['operation']): JobResult {
  return { jobId: stringAt(input, 'jobId') ?? '', operation, input, at: new Date() };
}

function checkOutputVariables(variables: unknown, withToken: boolean): void {
  const entries = Object.entries(variables ?? {});
  if (withToken && entries.length > 0) {
    throw validationError(
      'outputVariables can be included only when there is no continuation token on the request',
    );
  }
  let sizeBytes = 0;
  for (const [key, value] of entries) {
    if (!OUTPUT_VARIABLE_KEY.test(key)) {
      throw validationError(
        `1 validation error detected: Value at 'outputVariables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: ${OUTPUT_VARIABLE_KEY.source}]: '${key}'`,
      );
    }
    if (typeof value !== 'string') {
      throw new AwsError(400, 'SerializationException', `outputVariables.${key} must be a string`);
    }
    sizeBytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (sizeBytes > MAX_OUTPUT_VARIABLES_BYTES) {
    throw new AwsError(
      400,
      'OutputVariablesSizeExceededException',
      `Exceeded the total size limit for all variables: ${sizeBytes} bytes of at most ${MAX_OUTPUT_VARIABLES_BYTES}`,
    );
  }
}
