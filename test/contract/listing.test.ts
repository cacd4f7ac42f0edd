// Listings: order, prefixes, delimiters, pages, and keys that XML cannot carry; and deleting many objects at once.
import {
  type ListMultipartUploadsCommandOutput,
  type ListObjectVersionsCommandOutput,
  paginateListBuckets,
  type S3,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { sendRaw } from './server/raw-request.ts';
import { OTHER_REGION, REGION, setVersioning, useTarget } from './server/target.ts';

const KEYS = ['a/1', 'a/2', 'a/b/3', 'a-c', 'b', 'ü'];

describe('listing', () => {
  const target = useTarget();

  async function bucketWith(keys: readonly string[]) {
    const { s3, Bucket } = await target().fresh();
    for (const Key of keys) {
      await s3.putObject({ Bucket, Key, Body: Key });
    }
    return { s3, Bucket };
  }

  test('shows keys in the order of their UTF-8, with their sizes', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const { Contents, KeyCount } = await s3.listObjectsV2({ Bucket });
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a-c', 'a/1', 'a/2', 'a/b/3', 'b', 'ü']);
    expect(Contents?.map(({ Size }) => Size)).toEqual([3, 3, 3, 5, 1, 2]);
    expect(KeyCount).toBe(6);
  });

  test('folds what follows a delimiter', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const top = await s3.listObjectsV2({ Bucket, Delimiter: '/' });
    expect(top.Contents?.map(({ Key }) => Key)).toEqual(['a-c', 'b', 'ü']);
    expect(top.CommonPrefixes).toEqual([{ Prefix: 'a/' }]);
    const inside = await s3.listObjectsV2({ Bucket, Delimiter: '/', Prefix: 'a/' });
    expect(inside.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
    expect(inside.CommonPrefixes).toEqual([{ Prefix: 'a/b/' }]);
  });

  test('continues from page to page without losing or repeating anything', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const seen: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.listObjectsV2({ Bucket, MaxKeys: 1, Delimiter: '/', ContinuationToken });
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
    const { Contents } = await s3.listObjectsV2({ Bucket, StartAfter: 'a/2' });
    expect(Contents?.map(({ Key }) => Key)).toEqual(['a/b/3', 'b', 'ü']);
    const old = await s3.listObjects({ Bucket, Marker: 'a/2', MaxKeys: 1 });
    expect(old.Contents?.map(({ Key }) => Key)).toEqual(['a/b/3']);
    expect(old.IsTruncated).toBe(true);
  });

  test('encodes keys when asked to', async () => {
    const { s3, Bucket } = await bucketWith(['line\nbreak & <more>']);
    const { Contents } = await s3.listObjectsV2({ Bucket, EncodingType: 'url' });
    expect(decodeURIComponent(Contents?.[0]?.Key?.replaceAll('+', ' ') ?? '')).toBe('line\nbreak & <more>');
  });

  test('gives keys with control characters as they are, if asked to encode them', async (context) => {
    await needs(context, target(), 'strictness');
    const Key = 'bell\u0007 return\r';
    const { s3, Bucket } = await bucketWith([Key]);
    const encoded = await s3.listObjectsV2({ Bucket, EncodingType: 'url' });
    const plain = await sendRaw(target(), { path: `/${Bucket}` });
    expect(decodeURIComponent(encoded.Contents?.[0]?.Key ?? '')).toBe(Key);
    expect(plain.body).toContain('<Key>bell&#x7; return&#xd;</Key>');
  });

  test('loses nothing when every page is deleted before the next one is asked for', async (context) => {
    await needs(context, target(), 'versioning');
    const { s3, Bucket } = await bucketWith(['a']);
    await setVersioning(s3, Bucket, 'Enabled');
    for (const Key of ['a', 'a', 'a', 'b', 'a']) {
      await s3.putObject({ Bucket, Key, Body: 'x' });
    }
    for await (const { Versions = [] } of paginateListVersions(s3, Bucket)) {
      for (const { Key, VersionId } of Versions) {
        await s3.deleteObject({ Bucket, Key, VersionId });
      }
    }
    expect((await s3.listObjectVersions({ Bucket })).Versions).toBeUndefined();
  });

  test('of uploads loses nothing when every page is aborted before the next one is asked for', async (context) => {
    await needs(context, target(), 'uploadListings');
    const { s3, Bucket } = await bucketWith([]);
    for (const Key of ['a', 'a', 'b', 'a', 'c']) {
      await s3.createMultipartUpload({ Bucket, Key });
    }
    let page: ListMultipartUploadsCommandOutput | undefined;
    do {
      const markers = page && { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      page = await s3.listMultipartUploads({ Bucket, MaxUploads: 2, ...markers });
      for (const { Key, UploadId } of page.Uploads ?? []) {
        await s3.abortMultipartUpload({ Bucket, Key, UploadId });
      }
    } while (page.IsTruncated === true);
    expect((await s3.listMultipartUploads({ Bucket })).Uploads).toBeUndefined();
  });

  test('does not repeat a common prefix that the marker is inside of', async (context) => {
    await needs(context, target(), 'strictness');
    const { s3, Bucket } = await bucketWith(KEYS);
    const page = await s3.listObjectsV2({ Bucket, Delimiter: '/', StartAfter: 'a/1' });
    expect(page.CommonPrefixes).toBeUndefined();
    expect(page.Contents?.map(({ Key }) => Key)).toEqual(['b', 'ü']);
  });

  test.for<[string, Record<string, string>]>([
    ['an unknown encoding', { 'encoding-type': 'foo' }],
    ['an empty continuation token', { 'list-type': '2', 'continuation-token': '' }],
    ['a version id marker without a key marker', { versions: '', 'version-id-marker': 'x'.repeat(32) }],
    ['a version id marker that is none', { versions: '', 'key-marker': 'a', 'version-id-marker': '!' }],
  ])('refuses %s', async ([, query], context) => {
    await needs(context, target(), 'strictness');
    const { Bucket } = await bucketWith([]);
    const answer = await sendRaw(target(), { path: `/${Bucket}`, query });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  test('shows whole seconds, and the region of the bucket', async (context) => {
    await needs(context, target(), 'strictness');
    const { s3, Bucket } = await bucketWith(['a']);
    const { Contents } = await s3.listObjectsV2({ Bucket });
    const { headers } = await sendRaw(target(), { path: `/${Bucket}` });
    expect(Contents?.[0]?.LastModified?.getMilliseconds()).toBe(0);
    expect(headers['x-amz-bucket-region']).toBe(REGION);
  });

  test('shows buckets in pages, by prefix and by region', async (context) => {
    await needs(context, target(), 'strictness');
    const s3 = target().client();
    const mine = [await target().createBucket(), await target().createBucket()].sort();
    const elsewhere = await target().createBucket(OTHER_REGION);
    const Prefix = 'contract-';
    const seen: (string | undefined)[] = [];
    for await (const { Buckets } of paginateListBuckets({ client: s3, pageSize: 1 }, { Prefix })) {
      expect(Buckets).toHaveLength(1);
      seen.push(Buckets?.[0]?.Name);
    }
    const there = await s3.listBuckets({ Prefix: elsewhere, BucketRegion: OTHER_REGION });
    const none = await s3.listBuckets({ Prefix: elsewhere, BucketRegion: REGION });
    expect(seen).toEqual(expect.arrayContaining([...mine, elsewhere]));
    expect(seen).toEqual(seen.toSorted());
    expect(there.Buckets?.map(({ Name }) => Name)).toEqual([elsewhere]);
    expect(none.Buckets ?? []).toEqual([]);
  });

  test('shows the buckets that there are', async () => {
    const { s3, Bucket } = await bucketWith([]);
    const { Buckets } = await s3.listBuckets({});
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
  });

  test('is empty once DeleteObjects has deleted everything, known or not', async () => {
    const { s3, Bucket } = await bucketWith(KEYS);
    const Objects = [...KEYS, 'never there'].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.deleteObjects({ Bucket, Delete: { Objects } });
    expect(Deleted?.map(({ Key }) => Key).sort()).toEqual([...KEYS, 'never there'].sort());
    expect(Errors ?? []).toEqual([]);
    expect((await s3.listObjectsV2({ Bucket })).KeyCount).toBe(0);
  });
});

/** Two versions at a time, each page asked for when the one before has been dealt with. */
async function* paginateListVersions(
  s3: S3,
  Bucket: string,
): AsyncGenerator<ListObjectVersionsCommandOutput> {
  let page: ListObjectVersionsCommandOutput | undefined;
  do {
    const markers = page && { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    page = await s3.listObjectVersions({ Bucket, MaxKeys: 2, ...markers });
    yield page;
  } while (page.IsTruncated === true);
}
