// Listings: order, prefixes, delimiters, pages, and keys that XML cannot carry; and deleting many objects at once.
import {
  DeleteObjectsCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { useTarget } from './target.ts';

const KEYS = ['a/1', 'a/2', 'a/b/3', 'a-c', 'b', 'ü'];

describe('listing', () => {
  const target = useTarget();

  async function bucketWith(keys: readonly string[]) {
    const s3 = target().client();
    const Bucket = await target().createBucket();
    for (const Key of keys) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    }
    return { s3, Bucket };
  }

  test('shows keys in the order of their UTF-8, with their sizes', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const { Contents, KeyCount } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a-c', 'a/1', 'a/2', 'a/b/3', 'b', 'ü']);
    expect(Contents?.map(({ Size }) => Size)).toEqual([3, 3, 3, 5, 1, 2]);
    expect(KeyCount).toBe(6);
  });

  test('folds what follows a delimiter', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const top = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/' }));
    expect(top.Contents?.map(({ Key }) => Key)).toEqual(['a-c', 'b', 'ü']);
    expect(top.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
    const inside = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', Prefix: 'a/' }));
    expect(inside.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
    expect(inside.CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
  });

  test('goes on from page to page without losing or repeating anything', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket, MaxKeys: 1, Delimiter: '/', ContinuationToken }),
      );
      seen.push(
        ...(page.Contents ?? []).map(({ Key }) => Key),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
      );
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(['a-c', 'a/', 'b', 'ü']);
  });

  test('starts after a key', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: 'a/2' }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a/b/3', 'b', 'ü']);
    const old = await s3.send(new ListObjectsCommand({ Bucket, Marker: 'a/2', MaxKeys: 1 }));
    expect(old.Contents?.map(({ Key }) => Key)).toEqual(['a/b/3']);
    expect(old.IsTruncated).toBe(true);
  });

  test('encodes keys when asked to', async () => {
    const { s3, Bucket } = await bucketWith(['line\nbreak & <more>']);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }));
    expect(decodeURIComponent(Contents?.[0]?.Key?.replaceAll('+', ' ') ?? '')).toBe('line\nbreak & <more>');
  });

  test('shows the buckets that there are', async () => {
    const { s3, Bucket } = await bucketWith([]);
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
  });

  test('is empty once DeleteObjects has deleted everything, known or not', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const Objects = [...KEYS, 'never there'].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key).sort()).toEqual([...KEYS, 'never there'].sort());
    expect(Errors ?? []).toEqual([]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
  });
});
