// Copies the S3 annotations of a source to a copy that was made without them.
import {
  type AnnotationEntry,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  PutObjectAnnotationCommand,
} from '@aws-sdk/client-s3';
import type { RequestTarget } from '../aws/errors.ts';
import { send } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
import { destinationFields, destinationTarget, sourceObject, sourceTarget } from '../facts/object-fields.ts';
import type { CopyTask } from '../types.ts';

/** Pages of 1,000 that an object's annotations can have, and one more (S3 API, PutObjectAnnotation: 1,000 of them). */
const MAX_PAGES = 2;

/**
 * Puts those annotations of the source on its copy that are not there yet, or differ. CopyObject alone takes them along; whatever was
 * copied in parts, was relayed or was there already gets them here.
 * @param etag  of the copy: the annotations of an object that has replaced it are left alone
 * @throws S3RequestError
 */
export async function copyAnnotations(task: CopyTask, etag: string, context: JobContext): Promise<void> {
  const { source } = task;
  const operation = 'ListObjectAnnotations';
  const from = sourceObject(source, source.versionId);
  const wanted = await listAnnotations(from, sourceTarget(source, operation), context);
  if (wanted.length === 0) return;
  const to = destinationFields(task);
  const present = await listAnnotations(to, destinationTarget(task, operation), context);
  const there = new Map(present.map((entry) => [entry.AnnotationName, entry]));
  const missing = wanted.filter(({ AnnotationName, ETag, Size }) => {
    const found = there.get(AnnotationName);
    return found === undefined || found.ETag !== ETag || found.Size !== Size;
  });
  const copies = missing.map(async ({ AnnotationName }) => {
    const { done } = await context.slots.start(async () => {
      const read = new GetObjectAnnotationCommand({ ...from, AnnotationName });
      const { AnnotationPayload } = await send(context, sourceTarget(source, 'GetObjectAnnotation'), read);
      const payload = (await AnnotationPayload?.transformToByteArray()) ?? new Uint8Array();
      const write = new PutObjectAnnotationCommand({
        ...to,
        AnnotationName,
        AnnotationPayload: payload,
        ...(etag === '' ? {} : { ObjectIfMatch: etag }),
      });
      await send(context, destinationTarget(task, 'PutObjectAnnotation'), write, payload.length);
    });
    await done;
  });
  await Promise.all(copies);
}

async function listAnnotations(
  fields: { readonly Bucket: string; readonly Key: string },
  target: RequestTarget,
  context: JobContext,
): Promise<readonly AnnotationEntry[]> {
  const entries: AnnotationEntry[] = [];
  let ContinuationToken: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const command = new ListObjectAnnotationsCommand({ ...fields, ContinuationToken });
    const { Annotations = [], NextContinuationToken } = await send(context, target, command);
    entries.push(...Annotations);
    ContinuationToken = NextContinuationToken;
    if (ContinuationToken === undefined || ContinuationToken === '') break;
  }
  return entries;
}
