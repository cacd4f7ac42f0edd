// Reads what an SDK client makes of an error answer.
import { S3ServiceException } from '@aws-sdk/client-s3';

/** The error code, or `none` if the request succeeds. */
export async function codeOf(sent: Promise<unknown>): Promise<string> {
  return (await failureOf(sent))?.name ?? 'none';
}

/** The HTTP status of the error, or 200 if the request succeeds. */
export async function statusOf(sent: Promise<unknown>): Promise<number> {
  return (await failureOf(sent))?.$metadata.httpStatusCode ?? 200;
}

/** The error answer itself, if it is one. */
export async function failureOf(sent: Promise<unknown>): Promise<S3ServiceException | undefined> {
  try {
    await sent;
    return undefined;
  } catch (error) {
    if (error instanceof S3ServiceException) {
      return error;
    }
    throw error;
  }
}
