// The failure that is reported to CodePipeline for any error.
import { S3RequestError } from '../aws/errors.ts';
import { type JobFailure, SyncError } from '../errors.ts';
import { requestFailure } from './request-failure.ts';

/** Classifies any error. Nothing of the event, of credentials or of headers gets into the message. */
export function toJobFailure(error: unknown): JobFailure {
  if (error instanceof SyncError) return { type: error.failureType, message: error.message };
  if (error instanceof S3RequestError) return requestFailure(error);
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
  return {
    type: 'JobFailed',
    message: `Unexpected ${name}: ${message}. This is a defect of the function: look for the log line "Job failed" of this request and report it.`,
  };
}
