// Objects in one piece: what is put comes back, in whole and in ranges, with everything that belongs to it.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf, failureOf, statusOf } from './server/errors.ts';
import { setVersioning, useTarget } from './server/target.ts';

describe('objects', () => {
  const target = useTarget();

  test('come back with the same bytes, content headers and metadata', async () => {
    const { s3, Bucket } = await target().fresh();
    const properties = {
      ContentType: 'application/zip',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="a.zip"',
      ContentLanguage: 'en',
      Metadata: { 'codepipeline-artifact-revision-summary': 'fix: "quotes" & more' },
    };
    await s3.putObject({ Bucket, Key: 'a.zip', Body: 'some bytes', ...properties });
    const got = await s3.getObject({ Bucket, Key: 'a.zip' });
    expect(await got.Body?.transformToString()).toBe('some bytes');
    expect(got).toMatchObject({ ...properties, ContentLength: 10 });
    expect(await s3.headObject({ Bucket, Key: 'a.zip' })).toMatchObject({
      ...properties,
      ContentLength: 10,
      ETag: got.ETag,
    });
  });

  test.for([
    'spaces in it',
    'plus+and%percent',
    'Überschrift/日本語.zip',
    "quotes'()*!.zip",
    'a//b',
    'x?y&z=1#2',
  ])('can have the key %s', async (Key) => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key, Body: Key });
    const got = await s3.getObject({ Bucket, Key });
    expect(await got.Body?.transformToString()).toBe(Key);
  });

  test('cannot be read or copied while they are archived', async (context) => {
    await needs(context, target(), 'strictness');
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: 'bytes', StorageClass: 'DEEP_ARCHIVE' });
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/k` };
    expect(await codeOf(s3.getObject({ Bucket, Key: 'k' }))).toBe('InvalidObjectState');
    expect(await codeOf(s3.copyObject(copy))).toBe('InvalidObjectState');
    expect((await s3.headObject({ Bucket, Key: 'k' })).StorageClass).toBe('DEEP_ARCHIVE');
  });

  test('can be empty', async () => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'empty', Body: new Uint8Array() });
    const got = await s3.getObject({ Bucket, Key: 'empty' });
    expect(got.ContentLength).toBe(0);
    expect(await got.Body?.transformToString()).toBe('');
  });

  test('have their MD5 as ETag when they are not under a KMS key', async () => {
    const { s3, Bucket } = await target().fresh();
    const { ETag } = await s3.putObject({ Bucket, Key: 'k', Body: 'some bytes' });
    expect(ETag).toBe(`"${createHash('md5').update('some bytes').digest('hex')}"`);
  });

  test.for([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
  ])('give the range %s', async ([Range = '', bytes, contentRange]) => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: '0123456789' });
    const got = await s3.getObject({ Bucket, Key: 'k', Range });
    expect(await got.Body?.transformToString()).toBe(bytes);
    expect(got.ContentRange).toBe(contentRange);
    expect(got.$metadata.httpStatusCode).toBe(206);
  });

  test('refuse a range that begins after their end', async () => {
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: '0123456789' });
    expect(await codeOf(s3.getObject({ Bucket, Key: 'k', Range: 'bytes=10-' }))).toBe('InvalidRange');
  });

  test('are read only if the ETag matches, when that is asked', async (context) => {
    await needs(context, target(), 'conditionalReads');
    const { s3, Bucket } = await target().fresh();
    const { ETag } = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    await s3.getObject({ Bucket, Key: 'k', IfMatch: ETag });
    expect(await statusOf(s3.getObject({ Bucket, Key: 'k', IfMatch: '"other"' }))).toBe(412);
    expect(await statusOf(s3.headObject({ Bucket, Key: 'k', IfMatch: '"other"' }))).toBe(412);
    expect(await statusOf(s3.getObject({ Bucket, Key: 'k', IfNoneMatch: ETag }))).toBe(304);
  });

  test('are not overwritten where the write says If-None-Match', async (context) => {
    await needs(context, target(), 'conditionalWrites');
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: 'first', IfNoneMatch: '*' });
    expect(await codeOf(s3.putObject({ Bucket, Key: 'k', Body: 'second', IfNoneMatch: '*' }))).toBe(
      'PreconditionFailed',
    );
    const got = await s3.getObject({ Bucket, Key: 'k' });
    expect(await got.Body?.transformToString()).toBe('first');
  });

  test('that are missing are NoSuchKey on GET, and 404 without a body on HEAD', async () => {
    const { s3, Bucket } = await target().fresh();
    expect(await codeOf(s3.getObject({ Bucket, Key: 'none' }))).toBe('NoSuchKey');
    const head = await failureOf(s3.headObject({ Bucket, Key: 'none' }));
    expect(head?.name).toBe('NotFound');
    expect(head?.$metadata.requestId).toEqual(expect.any(String));
  });

  test('carry tags', async (context) => {
    await needs(context, target(), 'tagging');
    const { s3, Bucket } = await target().fresh();
    await s3.putObject({ Bucket, Key: 'k', Body: 'x', Tagging: 'stage=Build%20it&empty=' });
    const { TagSet } = await s3.getObjectTagging({ Bucket, Key: 'k' });
    expect(TagSet).toEqual(
      expect.arrayContaining([
        { Key: 'stage', Value: 'Build it' },
        { Key: 'empty', Value: '' },
      ]),
    );
    expect((await s3.headObject({ Bucket, Key: 'k' })).TagCount).toBe(2);
  });

  test('keep their versions, which a DELETE only hides', async (context) => {
    await needs(context, target(), 'versioning');
    const { s3, Bucket } = await target().fresh();
    await setVersioning(s3, Bucket, 'Enabled');
    const first = await s3.putObject({ Bucket, Key: 'k', Body: 'first' });
    const second = await s3.putObject({ Bucket, Key: 'k', Body: 'second' });
    const read = async (VersionId?: string) => {
      const { Body } = await s3.getObject({ Bucket, Key: 'k', VersionId });
      return Body?.transformToString();
    };
    expect(await read(first.VersionId)).toBe('first');
    expect(await read()).toBe('second');
    const marker = await s3.deleteObject({ Bucket, Key: 'k' });
    expect(marker.DeleteMarker).toBe(true);
    expect(await codeOf(read())).toBe('NoSuchKey');
    expect(await read(second.VersionId)).toBe('second');
    await s3.deleteObject({ Bucket, Key: 'k', VersionId: marker.VersionId });
    expect(await read()).toBe('second');
    await s3.deleteObject({ Bucket, Key: 'k', VersionId: second.VersionId });
    expect(await read()).toBe('first');
  });

  test('with versions refuse a version id that cannot be one', async (context) => {
    await needs(context, target(), 'versioning', 'strictness');
    const { s3, Bucket, VersionId } = await versioned();
    const unknown = [...VersionId].reverse().join('');
    const codes = async (id: string) => [
      await codeOf(s3.getObject({ Bucket, Key: 'k', VersionId: id })),
      await codeOf(s3.deleteObject({ Bucket, Key: 'k', VersionId: id })),
      await codeOf(s3.copyObject({ Bucket, Key: 'c', CopySource: `${Bucket}/k?versionId=${id}` })),
    ];
    const Objects = [{ Key: 'k', VersionId: unknown }];
    const { Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects } });
    expect(await codes('rubbish')).toEqual(Array(3).fill('InvalidArgument'));
    expect(await codes(unknown)).toEqual(['NoSuchVersion', 'none', 'NoSuchVersion']);
    expect(Errors?.map(({ Code }) => Code)).toEqual(['NoSuchVersion']);
  });

  test('written while versioning is suspended have no version id, but are the version null', async (context) => {
    await needs(context, target(), 'versioning', 'strictness');
    const { s3, Bucket } = await versioned();
    await setVersioning(s3, Bucket, 'Suspended');
    const CopySource = `${Bucket}/k`;
    const put = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    const copy = await s3.copyObject({ Bucket, Key: 'copy', CopySource });
    expect(put.VersionId).toBeUndefined();
    expect(copy.VersionId).toBeUndefined();
    expect((await s3.headObject({ Bucket, Key: 'k' })).VersionId).toBe('null');
  });

  test('hidden by a delete marker have no tags that could be read', async (context) => {
    await needs(context, target(), 'versioning', 'strictness');
    const { s3, Bucket } = await versioned();
    await s3.deleteObject({ Bucket, Key: 'k' });
    expect(await statusOf(s3.getObjectTagging({ Bucket, Key: 'k' }))).toBe(405);
  });

  async function versioned() {
    const { s3, Bucket } = await target().fresh();
    await setVersioning(s3, Bucket, 'Enabled');
    const { VersionId = '' } = await s3.putObject({ Bucket, Key: 'k', Body: 'x' });
    return { s3, Bucket, VersionId };
  }
});
