// Reads a part of a source artifact into memory, pinned to its version and ETag.
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { isTransient, S3RequestError } from '../../aws/errors.ts';
import { send } from '../../aws/s3-request.ts';
import type { JobContext } from '../../context/context.ts';
import { sourceObject, sourceTarget } from '../../facts/object-fields.ts';
import type { Part } from '../../plan/part-layout.ts';
import type { SourceFacts } from '../../types.ts';
import { acquireBuffer } from './part-buffers.ts';

const FIRST_RETRY_DELAY_MS = 100;
const MAX_RETRY_DELAY_MS = 5_000;

/**
 * Reads exactly the bytes of a part, into a buffer that the caller gives back (part-buffers). A body that ends early or stalls is read again: the SDK retries requests, not bodies.
 * @throws S3RequestError
 */
export async function readPart(source: SourceFacts, part: Part, context: JobContext): Promise<Buffer> {
  const buffer = acquireBuffer(part.sizeBytes);
  const giveUpAtMs = Date.now() + context.settings.retryBudgetMs;
  for (let delayMs = FIRST_RETRY_DELAY_MS; ; delayMs = Math.min(MAX_RETRY_DELAY_MS, delayMs * 2)) {
    try {
      return await readOnce(source, part, buffer, context);
    } catch (error) {
      const again =
        error instanceof BodyError && Date.now() + delayMs < giveUpAtMs && !context.signal.aborted;
      if (!again)
        throw error instanceof BodyError
          ? new S3RequestError(sourceTarget(source, 'GetObject'), error.cause)
          : error;
    }
    await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal: context.signal });
  }
}

/** The answer was right but its body was not. */
class BodyError extends Error {}

async function readOnce(
  source: SourceFacts,
  part: Part,
  buffer: Buffer,
  context: JobContext,
): Promise<Buffer> {
  const { versionId, etag } = source;
  const { offsetBytes, sizeBytes } = part;
  if (sizeBytes === 0) return buffer;
  const target = sourceTarget(source, 'GetObject');
  const command = new GetObjectCommand({
    ...sourceObject(source, versionId),
    IfMatch: etag === '' ? undefined : etag,
    Range: `bytes=${offsetBytes}-${offsetBytes + sizeBytes - 1}`,
  });
  const output = await send(context, target, command, sizeBytes);
  const body = output.Body as Readable;
  const abort = (): void => void body.destroy(context.signal.reason as Error);
  context.signal.addEventListener('abort', abort, { once: true });
  try {
    return await collect(body, buffer);
  } catch (cause) {
    context.signal.throwIfAborted();
    if (!isTransient(cause)) throw new S3RequestError(target, cause);
    throw new BodyError('the body of a part could not be read', { cause });
  } finally {
    context.signal.removeEventListener('abort', abort);
  }
}

/** Never more bytes than were asked for, whatever the server sends. */
async function collect(body: Readable, buffer: Buffer): Promise<Buffer> {
  const sizeBytes = buffer.length;
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (length + chunk.length > sizeBytes) {
      body.destroy();
      throw new Error(`S3 sent more than the ${sizeBytes} bytes asked for: does the server know ranges?`);
    }
    length += chunk.copy(buffer, length);
  }
  if (length === sizeBytes) return buffer;
  throw Object.assign(new Error(`the body was truncated: ${length} of ${sizeBytes} bytes`), {
    code: 'ECONNRESET',
  });
}
