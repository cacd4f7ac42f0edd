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
import { S3RequestError } from '../../aws/errors.ts';
import { type RequestContext, request } from '../../aws/s3-request.ts';
import type { ComputedAlgorithm } from '../../checksums.ts';
import type { JobContext } from '../../context.ts';
import { SyncError } from '../../errors.ts';
import { type ChecksumFields, checksumOf } from '../../facts/head-object.ts';
import { type PartLayout, partSize } from '../../plan/part-layout.ts';
import { SETTLE_MS } from '../../speeds.ts';
import type { CopyTask } from '../../types.ts';
import { omitUndefined } from '../../util.ts';
import {
  descriptionFields,
  destinationFields,
  destinationTarget,
  encryptionFields,
  relayAlgorithm,
  uploadChecksumFields,
  writtenObject,
} from '../request-fields.ts';
import type { CopyResult } from '../strategy.ts';
import { lookForCompleted } from '../upload/complete-upload.ts';
import { withGracePeriod } from '../upload/open-upload.ts';
import { abortOwnUploads } from '../upload/resume-upload.ts';
import { abortUpload, isInvalidPart, isNoSuchUpload } from '../upload/upload-requests.ts';
import { checksumOfBytes } from './hashing.ts';
import { OrderedParts } from './ordered-parts.ts';

/** A stream with memory for fewer parts would be no faster than they are one by one, which need no more memory than they have. */
export const MIN_STREAM_PARTS = 8;

/**
 * Reads several parts at the same time, hashes them in passing and uploads them.
 * `undefined` when a rival ended the upload and the copy is not there, or put parts of it again.
 * @param memoryParts  parts that may be in memory at once
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
  const { ahead, queueSize } = shares(memoryParts);
  const algorithm = relayAlgorithm(task, layout);
  const single = whole !== undefined;
  const parts = new OrderedParts(task, layout, context);
  const body = single ? whole : Readable.from(parts.read(ahead), { objectMode: false, highWaterMark: 1 });
  const requests = trackRequests(task, layout.sizeBytes, context, parts);
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
    queueSize,
    // Parts stay when the deadline comes first: the next invocation goes on with them. After a failure they are aborted below.
    leavePartsOnError: true,
  });
  const stop = (): void => void upload.abort();
  context.signal.addEventListener('abort', stop, { once: true });
  const retriesBefore = context.s3.retries();
  try {
    const output = await upload.done();
    // A retried CreateMultipartUpload may have begun two uploads, and the Upload does not tell.
    if (!single && context.s3.retries() !== retriesBefore) await abortOwnUploads(task, undefined, context);
    const hashedInTransit = single ? await isStoredIn(output, whole, algorithm) : parts.areStored;
    return {
      finished: true,
      written: writtenObject(output, output, { sameLayout: false, hashedInTransit, resumed: false }),
    };
  } catch (cause) {
    if (context.outOfTime)
      return { finished: false, finishedParts: 0, ...omitUndefined({ uploadId: upload.uploadId }) };
    const completed = isNoSuchUpload(cause) ? await lookForCompleted(task, true, context) : undefined;
    if (completed !== undefined) {
      if (!single) await abortOwnUploads(task, undefined, context);
      return { finished: true, written: completed };
    }
    if (isNoSuchUpload(cause) || isInvalidPart(cause)) return undefined;
    const error =
      cause instanceof S3RequestError || cause instanceof SyncError
        ? cause
        : new S3RequestError(destinationTarget(task, 'UploadPart'), cause);
    context.fail(error);
    // What is still on its way would otherwise arrive after the clean-up.
    await requests.settled();
    if (upload.uploadId !== undefined) await abortUpload(task, { uploadId: upload.uploadId }, context);
    if (!single && (upload.uploadId === undefined || context.s3.retries() !== retriesBefore))
      await abortOwnUploads(task, undefined, context);
    throw error;
  } finally {
    context.signal.removeEventListener('abort', stop);
  }
}

/** How many parts are read, and how many are sent, at the same time: what is read waits for its turn, what is sent for a far answer. */
function shares(memoryParts: number): { readonly ahead: number; readonly queueSize: number } {
  const moving = memoryParts - BETWEEN_PARTS;
  const ahead = Math.max(1, Math.floor(moving / 2));
  return { ahead, queueSize: Math.max(1, moving - ahead) };
}

/** A client that sends as all others do, and remembers what is on its way: the Upload stops waiting for it when it fails. */
function trackRequests(
  task: CopyTask,
  sizeBytes: number,
  context: JobContext,
  parts: OrderedParts,
): { readonly client: S3Client; settled(): Promise<unknown> } {
  const client = context.s3.role(task.destination.region);
  const underWay = new Set<Promise<unknown>>();
  const send = (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
    const begins = command instanceof CreateMultipartUploadCommand;
    // Given up, the request that begins the upload would leave one whose id nobody learns.
    const patient: RequestContext = begins ? withGracePeriod(context) : context;
    const sent: Promise<unknown> =
      command instanceof UploadPartCommand
        ? parts.send(command.input)
        : request(
            patient,
            destinationTarget(task, operationOf(command)),
            (options) => client.send(command, options),
            command instanceof PutObjectCommand ? sizeBytes : 0,
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

/** Of what the Upload sends besides parts. By class, since the names of classes are lost when the bundle is made small. */
function operationOf(command: unknown): string {
  if (command instanceof CreateMultipartUploadCommand) return 'CreateMultipartUpload';
  if (command instanceof CompleteMultipartUploadCommand) return 'CompleteMultipartUpload';
  return 'PutObject';
}

/** Does S3 say that it stored exactly these bytes? */
async function isStoredIn(
  written: ChecksumFields,
  bytes: Buffer,
  algorithm: ComputedAlgorithm,
): Promise<boolean> {
  const stored = checksumOf(written);
  return (
    stored?.type === 'FULL_OBJECT' &&
    stored.algorithm === algorithm &&
    stored.value === (await checksumOfBytes(algorithm, bytes))
  );
}

/** Parts that the Upload holds on their way from the one to the other: what it joins, and copies that wait for the garbage collector. */
const BETWEEN_PARTS = 3;
