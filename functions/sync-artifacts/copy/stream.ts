// Relays an object in one go through the Upload of @aws-sdk/lib-storage.
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { JobContext } from '../context.ts';
import { definedOf } from '../defined.ts';
import { S3RequestError } from '../failure.ts';
import { checksumOf } from '../object-facts.ts';
import { type PartLayout, partSize, partsOf } from '../part-layout.ts';
import { type RequestContext, request } from '../s3.ts';
import type { CopyTask, SourceFacts } from '../types.ts';
import { lookForCompleted } from './complete.ts';
import { type RunningHash, runningHash } from './hashing.ts';
import { lingering } from './open-upload.ts';
import { giveBack, takeBuffer } from './part-buffers.ts';
import { readPart } from './read.ts';
import {
  descriptionFields,
  destinationFields,
  destinationTarget,
  encryptionFields,
  relayAlgorithm,
  uploadChecksumFields,
  writtenObject,
} from './requests.ts';
import type { CopyResult } from './strategy.ts';
import { sweepUploads } from './unfinished-uploads.ts';
import { abortUpload, isPartReplaced, isUploadGone } from './upload.ts';

/**
 * Reads the parts in order, a few ahead, hashes them in passing and uploads them.
 * `undefined` when a rival ended the upload and the copy is not there, or put parts of it again.
 * @param memoryParts  parts that may be in memory at once; the Upload makes a copy of each
 * @param whole  the bytes of a source of one part, which the caller has read already
 */
export async function streamObject(
  task: CopyTask,
  layout: PartLayout,
  memoryParts: number,
  context: JobContext,
  whole?: Buffer,
): Promise<CopyResult | undefined> {
  const { source } = task;
  if (!context.deadline.fits(source.sizeBytes)) return { finished: false, finishedParts: 0 };
  const ahead = Math.max(1, Math.floor(memoryParts / 4));
  const algorithm = relayAlgorithm(task, layout);
  const hash = runningHash(algorithm);
  const single = whole !== undefined;
  if (single) hash.update(whole);
  const held = new Map<number, Buffer>();
  const body = single
    ? whole
    : Readable.from(hashedParts(source, layout, ahead, hash, held, context), {
        objectMode: false,
        highWaterMark: 1,
      });
  const requests = trackRequests(task, partSize(layout, 1), context, (part) => releasePart(held, part));
  const upload = new Upload({
    client: requests.client,
    params: {
      ...destinationFields(task),
      ...encryptionFields(task),
      ...descriptionFields(task),
      ...(single ? { ChecksumAlgorithm: algorithm } : uploadChecksumFields(task, layout)),
      Body: body,
    },
    partSize: Math.max(partSize(layout, 1), 5 * 1024 ** 2),
    queueSize: Math.max(1, Math.floor((memoryParts - ahead) / 2)),
    // Parts stay when the deadline comes first: the next invocation goes on with them. After a failure they are aborted below.
    leavePartsOnError: true,
  });
  const stop = (): void => void upload.abort();
  context.signal.addEventListener('abort', stop, { once: true });
  const retriesBefore = context.s3.retries();
  try {
    const output = await upload.done();
    // A retried CreateMultipartUpload may have begun two uploads, and the Upload does not tell.
    if (!single && context.s3.retries() !== retriesBefore) await sweepUploads(task, undefined, context);
    const own = Buffer.from(await hash.digest()).toString('base64');
    const stored = checksumOf(output);
    const hashedInPassing =
      stored?.type === 'FULL_OBJECT' && stored.algorithm === algorithm && stored.value === own;
    return {
      finished: true,
      written: writtenObject(output, output, { sameLayout: false, hashedInPassing, adopted: false }),
    };
  } catch (cause) {
    if (context.deadline.signal.aborted && !context.failed)
      return { finished: false, finishedParts: 0, ...definedOf({ uploadId: upload.uploadId }) };
    const completed = isUploadGone(cause) ? await lookForCompleted(task, true, context) : undefined;
    if (completed !== undefined) {
      if (!single) await sweepUploads(task, undefined, context);
      return { finished: true, written: completed };
    }
    if (isUploadGone(cause) || isPartReplaced(cause)) return undefined;
    const error =
      cause instanceof S3RequestError
        ? cause
        : new S3RequestError(destinationTarget(task, 'UploadPart'), cause);
    context.fail(error);
    // What is still on its way would otherwise arrive after the clean-up.
    await requests.settled();
    if (upload.uploadId !== undefined) await abortUpload(task, { uploadId: upload.uploadId }, context);
    if (!single && (upload.uploadId === undefined || context.s3.retries() !== retriesBefore))
      await sweepUploads(task, undefined, context);
    throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

/** A client that sends as all others do, and remembers what is on its way: the Upload stops waiting for it when it fails. */
function trackRequests(
  task: CopyTask,
  partBytes: number,
  context: JobContext,
  onPart: (part: UploadPartCommand['input']) => void,
): { readonly client: S3Client; settled(): Promise<unknown> } {
  const client = context.s3.role(task.destination.region);
  const underWay = new Set<Promise<unknown>>();
  const send = (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    const begins = command instanceof CreateMultipartUploadCommand;
    // Given up, the request that begins the upload would leave one whose id nobody learns.
    if (command instanceof UploadPartCommand) onPart(command.input);
    const patient: RequestContext = begins ? lingering(context) : context;
    const sent: Promise<unknown> = request(
      patient,
      destinationTarget(task, operationOf(command)),
      (options) => client.send(command, options),
      2 * partBytes,
    );
    underWay.add(sent);
    const forget = (): void => void underWay.delete(sent);
    sent.then(forget, forget);
    return sent;
  };
  return {
    client: Object.create(client, { send: { value: send } }) as S3Client,
    settled: () => Promise.race([Promise.allSettled(underWay), sleep(SETTLE_MS)]),
  };
}

/** By class, since the names of classes are lost when the bundle is made small. */
function operationOf(command: unknown): string {
  if (command instanceof CreateMultipartUploadCommand) return 'CreateMultipartUpload';
  if (command instanceof CompleteMultipartUploadCommand) return 'CompleteMultipartUpload';
  return command instanceof PutObjectCommand ? 'PutObject' : 'UploadPart';
}

/** How long requests that are on their way are waited for after a failure. */
const SETTLE_MS = 1_000;

const PIECE_BYTES = 128 * 1024;

/** By the time the Upload sends a part, it has joined the pieces to a copy of its own. */
function releasePart(
  held: Map<number, Buffer>,
  { PartNumber: number = 0, Body: sent }: UploadPartCommand['input'],
): void {
  const bytes = held.get(number);
  held.delete(number);
  if (bytes !== undefined && Buffer.isBuffer(sent) && sent.buffer !== bytes.buffer) giveBack(bytes);
}

/** The parts in order, hashed; up to `ahead` of them are read before they are asked for. */
async function* hashedParts(
  source: SourceFacts,
  layout: PartLayout,
  ahead: number,
  hash: RunningHash,
  held: Map<number, Buffer>,
  context: JobContext,
): AsyncGenerator<Buffer, void, undefined> {
  const parts = partsOf(layout);
  const reading: Promise<Buffer>[] = [];
  let number = 0;
  const readNext = (): void => {
    const next = parts.next();
    if (next.done === true) return;
    const bytes = readPart(source, next.value, context, takeBuffer);
    // A failure is thrown when its turn comes; until then it is not unhandled.
    bytes.catch(() => undefined);
    reading.push(bytes);
  };
  for (let begun = 0; begun < ahead; begun++) readNext();
  for (let current = reading.shift(); current !== undefined; current = reading.shift()) {
    const bytes = await current;
    readNext();
    hash.update(bytes);
    held.set(++number, bytes);
    // In pieces, since the Upload joins whatever exceeds a part: of whole parts it would hold two.
    for (let begin = 0; begin < bytes.length; begin += PIECE_BYTES) {
      yield bytes.subarray(begin, begin + PIECE_BYTES);
    }
  }
}
