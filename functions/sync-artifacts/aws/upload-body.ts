// Writes bytes that are in memory in one request, through the Upload of @aws-sdk/lib-storage.
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { MIN_PART_BYTES } from './limits.ts';

/**
 * Puts a body, which is never cut into parts.
 * @param signal  ends the wait; what has been sent by then may still arrive
 * @throws what the client throws, AbortError
 */
export async function uploadBody(
  client: S3Client,
  params: PutObjectCommandInput & { readonly Body: Uint8Array },
  signal: AbortSignal,
): ReturnType<Upload['done']> {
  signal.throwIfAborted();
  // A body that is not larger than a part is one PutObject.
  const upload = new Upload({ client, params, partSize: Math.max(params.Body.length, MIN_PART_BYTES) });
  const stop = (): void => void upload.abort();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await upload.done();
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
