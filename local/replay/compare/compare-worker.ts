// A thread that reads objects back over the wire and compares them byte for byte with what the source was made from.
import type { Readable } from 'node:stream';
import { parentPort } from 'node:worker_threads';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { chunks, slice } from '../../aws/content/content.ts';
import type { Credentials } from '../../aws/state/identities.ts';
import { type ContentRecipe, contentOf } from '../../pipeline/set-up.ts';

/** One object to be compared, or one range of it. */
export interface CompareRequest {
  readonly endpoint: string;
  readonly credentials: Credentials;
  readonly region: string;
  readonly bucket: string;
  readonly key: string;
  readonly recipe: ContentRecipe;
  readonly range?: { readonly start: number; readonly end: number };
}

/** What came of one comparison. */
export interface Verdict {
  readonly type: 'verdict';
  /** What is wrong; undefined when every byte is the same. */
  readonly difference: string | undefined;
  readonly kmsKeyArn?: string | undefined;
  readonly encryption?: string | undefined;
}

/** Progress, then a verdict. */
export type CompareMessage = { readonly type: 'progress'; readonly bytes: number } | Verdict;

const PROGRESS_BYTES = 16 * 2 ** 20;
const clients = new Map<string, S3Client>();

parentPort?.on('message', (request: CompareRequest) => {
  void compare(request)
    .catch((error: unknown): CompareMessage => {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return { type: 'verdict', difference: `could not be read: ${reason}` };
    })
    .then(post);
});

async function compare(request: CompareRequest): Promise<Verdict> {
  const { bucket, key, recipe, range } = request;
  const whole = contentOf(recipe);
  const expected = range ? slice(whole, range.start, range.end) : whole;
  const answer = await client(request).send(
    new GetObjectCommand({
      Bucket: bucket,
      Key: key,
      ...(range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {}),
    }),
  );
  const body = answer.Body as Readable;
  const difference = await firstDifference(body, chunks(expected), range?.start ?? 0);
  body.destroy();
  return {
    type: 'verdict',
    difference,
    kmsKeyArn: answer.SSEKMSKeyId,
    encryption: answer.ServerSideEncryption,
  };
}

async function firstDifference(
  body: AsyncIterable<Buffer>,
  expected: Generator<Buffer>,
  startsAt: number,
): Promise<string | undefined> {
  let wanted = expected.next();
  let wantedFrom = 0;
  let position = startsAt;
  let unreported = 0;
  for await (const chunk of body) {
    let from = 0;
    while (from < chunk.length) {
      if (wanted.done) return `is longer than its source (${position} bytes)`;
      const length = Math.min(chunk.length - from, wanted.value.length - wantedFrom);
      if (chunk.compare(wanted.value, wantedFrom, wantedFrom + length, from, from + length) !== 0) {
        return `differs from its source within ${length} bytes from byte ${position}`;
      }
      from += length;
      wantedFrom += length;
      position += length;
      if (wantedFrom === wanted.value.length) {
        wanted = expected.next();
        wantedFrom = 0;
      }
    }
    unreported += chunk.length;
    if (unreported >= PROGRESS_BYTES) {
      post({ type: 'progress', bytes: unreported });
      unreported = 0;
    }
  }
  post({ type: 'progress', bytes: unreported });
  return wanted.done ? undefined : `ends at byte ${position}, before its source does`;
}

function client({ endpoint, credentials, region }: CompareRequest): S3Client {
  const id = [endpoint, credentials.accessKeyId, region].join('\n');
  const existing = clients.get(id);
  if (existing) return existing;
  const made = new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials,
    // Every byte is compared: hashing them as well would only halve the speed.
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  clients.set(id, made);
  return made;
}

function post(message: CompareMessage): void {
  parentPort?.postMessage(message);
}
