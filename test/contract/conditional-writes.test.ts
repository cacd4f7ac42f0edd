// Writes and deletions on a condition: what S3 refuses, and what becomes of an upload that was refused.
import type { CompletedPart } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf, statusOf } from './server/errors.ts';
import { setVersioning, useTarget } from './server/target.ts';

const Key = 'k';

describe('a conditional write', () => {
  const target = useTarget();

  async function bucket() {
    const { s3, Bucket } = await target().fresh();
    const put = (Body: string, more: object = {}) => s3.putObject({ Bucket, Key, Body, ...more });
    const read = async () => await (await s3.getObject({ Bucket, Key })).Body?.transformToString();
    return { s3, Bucket, put, read };
  }

  async function copying() {
    const { s3, Bucket, put, read } = await bucket();
    await s3.putObject({ Bucket, Key: 'source', Body: 'copied' });
    const copy = (more: object) => s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/source`, ...more });
    return { s3, Bucket, put, read, copy };
  }

  async function uploading(prepare?: (Bucket: string) => Promise<unknown>) {
    const { s3, Bucket, put, read } = await bucket();
    await prepare?.(Bucket);
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'uploaded' });
    const Parts: CompletedPart[] = [{ PartNumber: 1, ETag }];
    const complete = (more: object = {}) =>
      s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more });
    const parts = () => s3.listParts({ Bucket, Key, UploadId });
    const abort = () => s3.abortMultipartUpload({ Bucket, Key, UploadId });
    return { s3, Bucket, put, read, complete, parts, abort };
  }

  test('by PutObject with If-Match replaces the object of that ETag only', async (context) => {
    await needs(context, target(), 'conditionalWrites');
    const { put, read } = await bucket();

    const missing = await statusOf(put('x', { IfMatch: '"none"' }));
    const { ETag } = await put('first');
    const other = await codeOf(put('x', { IfMatch: '"other"' }));
    await put('second', { IfMatch: ETag });

    expect(missing).toBe(404);
    expect(other).toBe('PreconditionFailed');
    expect(await read()).toBe('second');
  });

  test('by PutObject knows no If-Match of any object, and no If-None-Match of an ETag', async (context) => {
    await needs(context, target(), 'conditionalWrites');
    const { put } = await bucket();
    const { ETag } = await put('first');

    const statuses = [
      await statusOf(put('x', { IfMatch: '*' })),
      await statusOf(put('x', { IfNoneMatch: ETag })),
    ];

    expect(statuses).toEqual([501, 501]);
  });

  test('by CopyObject with If-None-Match writes where nothing is only', async (context) => {
    await needs(context, target(), 'conditionalCopies');
    const { put, read, copy } = await copying();

    await copy({ IfNoneMatch: '*' });
    const first = await read();
    await put('by somebody');
    const refused = await codeOf(copy({ IfNoneMatch: '*' }));

    expect(first).toBe('copied');
    expect(refused).toBe('PreconditionFailed');
    expect(await read()).toBe('by somebody');
  });

  test('by CopyObject with If-Match replaces the object of that ETag only', async (context) => {
    await needs(context, target(), 'conditionalCopies');
    const { put, read, copy } = await copying();

    const missing = await codeOf(copy({ IfMatch: '"none"' }));
    const { ETag } = await put('first');
    const other = await codeOf(copy({ IfMatch: '"other"' }));
    await copy({ IfMatch: ETag });

    expect(missing).toBe('NoSuchKey');
    expect(other).toBe('PreconditionFailed');
    expect(await read()).toBe('copied');
  });

  test('takes a delete marker for nothing', async (context) => {
    await needs(context, target(), 'versioning', 'conditionalCopies');
    const { s3, Bucket, put, copy } = await copying();
    await setVersioning(s3, Bucket, 'Enabled');
    const { ETag } = await put('first');
    await s3.deleteObject({ Bucket, Key });

    const ifMatch = await statusOf(copy({ IfMatch: ETag }));
    const ifNoneMatch = await statusOf(copy({ IfNoneMatch: '*' }));

    expect([ifMatch, ifNoneMatch]).toEqual([404, 200]);
  });

  test('that completes an upload leaves it where the condition does not hold', async (context) => {
    await needs(context, target(), 'conditionalWrites');
    const { put, read, complete, parts, abort } = await uploading();
    await put('there first');

    const ifNoneMatch = await codeOf(complete({ IfNoneMatch: '*' }));
    const ifMatch = await codeOf(complete({ IfMatch: '"other"' }));

    expect([ifNoneMatch, ifMatch]).toEqual(['PreconditionFailed', 'PreconditionFailed']);
    expect(await read()).toBe('there first');
    expect((await parts()).Parts).toHaveLength(1);
    await abort();
  });

  test('that completes an upload loses it where the key was written or deleted since it began', async (context) => {
    await needs(context, target(), 'conditionalWrites');
    const s3 = target().client();
    const deleted = await uploading((Bucket) => s3.putObject({ Bucket, Key, Body: 'before' }));
    const rewritten = await uploading();

    await deleted.s3.deleteObject({ Bucket: deleted.Bucket, Key });
    const afterDelete = await codeOf(deleted.complete({ IfNoneMatch: '*' }));
    const { ETag } = await rewritten.put('since');
    const afterWrite = await codeOf(rewritten.complete({ IfMatch: ETag }));

    expect([afterDelete, afterWrite]).toEqual(['ConditionalRequestConflict', 'ConditionalRequestConflict']);
    expect(await codeOf(deleted.parts())).toBe('NoSuchUpload');
    expect(await codeOf(rewritten.complete({ IfMatch: ETag }))).toBe('NoSuchUpload');
    expect(await rewritten.read()).toBe('since');
  });

  test('of several, the first that finishes wins, whenever it began', async (context) => {
    await needs(context, target(), 'conditionalCopies');
    const { s3, Bucket, copy } = await copying();
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key });
    const { ETag } = await s3.uploadPart({ Bucket, Key, UploadId, PartNumber: 1, Body: 'uploaded' });

    const copied = await codeOf(copy({ IfNoneMatch: '*' }));
    const completed = await codeOf(
      s3.completeMultipartUpload({
        ...{ Bucket, Key, UploadId, IfNoneMatch: '*' },
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );

    expect([copied, completed]).toEqual(['none', 'PreconditionFailed']);
  });

  test('is not needed to complete an upload again, which is answered as before', async () => {
    const { read, complete, abort } = await uploading();

    const first = await complete();
    const again = await complete();
    const afterwards = await statusOf(abort());

    expect(again.ETag).toBe(first.ETag);
    expect(afterwards).toBe(200);
    expect(await read()).toBe('uploaded');
  });

  test('is not needed to abort an upload again', async () => {
    const { complete, parts, abort } = await uploading();

    await abort();
    const again = await statusOf(abort());

    expect(again).toBe(200);
    expect(await codeOf(parts())).toBe('NoSuchUpload');
    expect(await codeOf(complete())).toBe('NoSuchUpload');
  });
});

describe('a conditional deletion', () => {
  const target = useTarget();

  async function withObject() {
    const { s3, Bucket } = await target().fresh();
    const { ETag } = await s3.putObject({ Bucket, Key, Body: 'x' });
    const exists = async () => (await statusOf(s3.getObject({ Bucket, Key }))) === 200;
    return { s3, Bucket, ETag, exists };
  }

  test('deletes the object of that ETag only', async (context) => {
    await needs(context, target(), 'conditionalDeletes');
    const { s3, Bucket, ETag, exists } = await withObject();
    const remove = (IfMatch: string | undefined) => codeOf(s3.deleteObject({ Bucket, Key, IfMatch }));

    const other = await remove('"other"');
    const kept = await exists();
    const same = await remove(ETag);

    expect([other, kept, same]).toEqual(['PreconditionFailed', true, 'none']);
    expect(await exists()).toBe(false);
    expect(await remove(ETag)).toBe('PreconditionFailed');
  });

  test('of many objects refuses each on its own', async (context) => {
    await needs(context, target(), 'conditionalDeletes');
    const { s3, Bucket, ETag, exists } = await withObject();
    const remove = async (etag: string | undefined) =>
      await s3.deleteObjects({ Bucket, Delete: { Objects: [{ Key, ETag: etag }] } });

    const { Errors, Deleted } = await remove('"other"');
    const kept = await exists();
    await remove(ETag);

    expect(Errors).toMatchObject([{ Key, Code: 'PreconditionFailed' }]);
    expect([Deleted ?? [], kept]).toEqual([[], true]);
    expect(await exists()).toBe(false);
  });

  test('by size or date is for directory buckets only', async (context) => {
    await needs(context, target(), 'conditionalDeletes');
    const { s3, Bucket, exists } = await withObject();

    const bySize = await statusOf(s3.deleteObject({ Bucket, Key, IfMatchSize: 1 }));

    expect(bySize).toBe(501);
    expect(await exists()).toBe(true);
  });
});
