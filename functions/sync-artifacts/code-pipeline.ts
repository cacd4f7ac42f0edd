// As much of CodePipeline's API as a job needs. Loaded while S3 is at work: neither a cold start nor the result waits for it.
import {
  CodePipelineClient,
  GetJobDetailsCommand,
  PutJobFailureResultCommand,
  type PutJobFailureResultCommandInput,
  PutJobSuccessResultCommand,
  type PutJobSuccessResultCommandInput,
} from '@aws-sdk/client-codepipeline';
import type { AwsCredentialIdentity, RetryStrategyV2 } from '@smithy/types';

/** GetJobDetails names no expiration; CodePipeline's credentials live for hours, so asking again this early is safe. */
const RENEWED_MS = 10 * 60_000;

/** The calls that a job makes. Each throws the SDK's error. */
export interface CodePipelineApi {
  putSuccess(input: PutJobSuccessResultCommandInput): Promise<void>;
  putFailure(input: PutJobFailureResultCommandInput): Promise<void>;
  /** Fresh `artifactCredentials` of a job. */
  artifactCredentials(jobId: string): Promise<AwsCredentialIdentity>;
}

/** Makes the client. */
export function connectCodePipeline(region: string, retryStrategy: RetryStrategyV2): CodePipelineApi {
  const client = new CodePipelineClient({ region, retryStrategy });
  return {
    putSuccess: async (input) => {
      await client.send(new PutJobSuccessResultCommand(input));
    },
    putFailure: async (input) => {
      await client.send(new PutJobFailureResultCommand(input));
    },
    artifactCredentials: async (jobId) => {
      const { jobDetails } = await client.send(new GetJobDetailsCommand({ jobId }));
      const { accessKeyId, secretAccessKey, sessionToken } = jobDetails?.data?.artifactCredentials ?? {};
      if (accessKeyId === undefined || secretAccessKey === undefined) {
        throw new Error('GetJobDetails gave no artifactCredentials');
      }
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        expiration: new Date(Date.now() + RENEWED_MS),
      };
    },
  };
}
