// As much of CodePipeline's API as a job needs. Loaded while S3 is at work: neither a cold start nor the result waits for it.
import {
  CodePipelineClient,
  GetJobDetailsCommand,
  PutJobFailureResultCommand,
  type PutJobFailureResultCommandInput,
  PutJobSuccessResultCommand,
  type PutJobSuccessResultCommandInput,
} from '@aws-sdk/client-codepipeline';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentity, HttpHandlerOptions, RetryStrategyV2 } from '@smithy/types';
import { omitUndefined } from '../util.ts';
import { withResponseLimits } from './transport/response-limits.ts';

/** GetJobDetails names no expiration; CodePipeline's credentials live for hours, so asking again this early is safe. */
const RENEWED_MS = 10 * 60_000;
/** How long new credentials are asked for. */
const RENEWAL_MS = 5_000;

/** When a call is given up, and after how many milliseconds one attempt at it is. */
export type CallLimits = Required<Pick<HttpHandlerOptions, 'abortSignal' | 'requestTimeout'>>;

/** The calls that a job makes. Each throws the SDK's error. */
export type CodePipelineApi = ReturnType<typeof connectCodePipeline>;

/** Where a job comes from, under the names that its log lines have (CodePipeline API, PipelineContext). */
export interface JobOrigin {
  readonly pipeline?: string;
  readonly stage?: string;
  readonly action?: string;
  readonly pipelineExecutionId?: string;
  readonly actionExecutionId?: string;
}

/** Makes the client. Every call has a limit: the SDK itself would wait for an answer for ever. */
export function connectCodePipeline(region: string, retryStrategy: RetryStrategyV2, stallMs: number) {
  const defaults = { connectionTimeout: stallMs, requestTimeout: stallMs, throwOnRequestTimeout: true };
  const requestHandler = withResponseLimits(new NodeHttpHandler(defaults), stallMs);
  const client = new CodePipelineClient({ region, retryStrategy, requestHandler });
  return {
    putSuccess: (input: PutJobSuccessResultCommandInput, limits: CallLimits) =>
      client.send(new PutJobSuccessResultCommand(input), limits),
    putFailure: (input: PutJobFailureResultCommandInput, limits: CallLimits) =>
      client.send(new PutJobFailureResultCommand(input), limits),
    /** Fresh `artifactCredentials` of a job. */
    artifactCredentials: async (jobId: string): Promise<AwsCredentialIdentity> => {
      const limits = { abortSignal: AbortSignal.timeout(RENEWAL_MS) };
      const { jobDetails } = await client.send(new GetJobDetailsCommand({ jobId }), limits);
      const { accessKeyId, secretAccessKey, sessionToken } = jobDetails?.data?.artifactCredentials ?? {};
      if (accessKeyId === undefined || secretAccessKey === undefined) {
        throw new Error('GetJobDetails gave no artifactCredentials');
      }
      return {
        accessKeyId,
        secretAccessKey,
        ...omitUndefined({ sessionToken }),
        expiration: new Date(Date.now() + RENEWED_MS),
      };
    },
    /** Which pipeline, stage, action and execution a job belongs to, as far as CodePipeline tells. */
    origin: async (jobId: string, abortSignal: AbortSignal): Promise<JobOrigin> => {
      const { jobDetails } = await client.send(new GetJobDetailsCommand({ jobId }), { abortSignal });
      const { pipelineName, stage, action, pipelineExecutionId } = jobDetails?.data?.pipelineContext ?? {};
      return omitUndefined({
        pipeline: pipelineName,
        stage: stage?.name,
        action: action?.name,
        pipelineExecutionId,
        actionExecutionId: action?.actionExecutionId,
      });
    },
  };
}
