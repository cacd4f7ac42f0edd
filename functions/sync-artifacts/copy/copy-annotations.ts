// Copies the S3 annotations of a source to a copy that was made without them.
import {
  type AnnotationEntry,
  GetObjectAnnotationCommand,
  ListObjectAnnotationsCommand,
  PutObjectAnnotationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { RequestTarget } from '../aws/errors.ts';
import { request } from '../aws/s3-request.ts';
import { clientFor, type JobContext } from '../context/context.ts';
import type { CopyTask } from '../types.ts';
import { destinationFields, destinationTarget } from './request-fields.ts';

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
  const from = clientFor(context, source.readableBy, source.region);
  const to = context.s3.role(task.destination.region);
  const sourceFields = {
    Bucket: source.artifact.bucket,
    Key: source.artifact.key,
    VersionId: source.versionId,
    ExpectedBucketOwner: source.bucketOwner,
  };
  const wanted = await listAnnotations(
    from,
    sourceFields,
    sourceTarget(task, 'ListObjectAnnotations'),
    context,
  );
  if (wanted.length === 0) return;
  const target = destinationTarget(task, 'ListObjectAnnotations');
  const there = new Map(
    (await listAnnotations(to, destinationFields(task), target, context)).map((entry) => [
      entry.AnnotationName,
      entry,
    ]),
  );
  const missing = wanted.filter(({ AnnotationName, ETag, Size }) => {
    const found = there.get(AnnotationName);
    return found === undefined || found.ETag !== ETag || found.Size !== Size;
  });
  const copies = missing.map(async ({ AnnotationName }) => {
    const { done } = await context.slots.start(async () => {
      const { AnnotationPayload } = await request(
        context,
        sourceTarget(task, 'GetObjectAnnotation'),
        (options) => from.send(new GetObjectAnnotationCommand({ ...sourceFields, AnnotationName }), options),
      );
      const payload = (await AnnotationPayload?.transformToByteArray()) ?? new Uint8Array();
      await request(
        context,
        destinationTarget(task, 'PutObjectAnnotation'),
        (options) =>
          to.send(
            new PutObjectAnnotationCommand({
              ...destinationFields(task),
              AnnotationName,
              AnnotationPayload: payload,
              ...(etag === '' ? {} : { ObjectIfMatch: etag }),
            }),
            options,
          ),
        payload.length,
      );
    });
    await done;
  });
  await Promise.all(copies);
}

async function listAnnotations(
  client: S3Client,
  fields: { readonly Bucket: string; readonly Key: string },
  target: RequestTarget,
  context: JobContext,
): Promise<readonly AnnotationEntry[]> {
  const entries: AnnotationEntry[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const output = await request(context, target, (options) =>
      client.send(
        new ListObjectAnnotationsCommand({
          ...fields,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        options,
      ),
    );
    entries.push(...(output.Annotations ?? []));
    token = output.NextContinuationToken;
    if (token === undefined || token === '') break;
  }
  return entries;
}

function sourceTarget({ source }: CopyTask, operation: string): RequestTarget {
  const { artifact, region, readableBy } = source;
  return {
    operation,
    side: 'source',
    bucket: artifact.bucket,
    key: artifact.key,
    region,
    principal: readableBy,
  };
}
