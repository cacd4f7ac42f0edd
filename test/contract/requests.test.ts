// Requests that S3 refuses: what it does not implement, what it cannot read, what a bucket does not allow.
import { createHash } from 'node:crypto';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from 'vitest';
import { needs } from './server/capabilities.ts';
import { codeOf, statusOf } from './server/errors.ts';
import { sendRaw } from './server/raw-request.ts';
import { useTarget } from './server/target.ts';

describe('requests', () => {
  const target = useTarget();

  beforeEach(async (context) => needs(context, target(), 'strictness'));

  async function bucketWith(...keys: string[]) {
    const { s3, Bucket } = await target().fresh();
    for (const Key of keys) {
      await s3.putObject({ Bucket, Key, Body: Key });
    }
    return { s3, Bucket };
  }

  test('for a subresource never do what the request without it would do', async () => {
    const { s3, Bucket } = await bucketWith();
    const absent = `${Bucket}-absent`;

    await statusOf(s3.deleteBucketMetadataConfiguration({ Bucket }));
    const read = await statusOf(s3.getBucketAbac({ Bucket }));
    await statusOf(s3.putBucketAbac({ Bucket: absent, AbacStatus: { Status: 'Enabled' } }));

    expect(await statusOf(s3.headBucket({ Bucket }))).toBe(200);
    expect(target().embedded ? read : 501).toBe(501);
    expect(await statusOf(s3.headBucket({ Bucket: absent }))).toBe(404);
  });

  test('for two subresources at once are refused', async () => {
    const { Bucket } = await bucketWith('k');
    const both = await sendRaw(target(), { path: `/${Bucket}/k`, query: { acl: '', tagging: '' } });
    expect(both).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  const UNAVAILABLE: [string, Partial<PutObjectCommandInput>, RegExp][] = [
    ['an ACL', { ACL: 'public-read' }, /^AccessControlListNotSupported$/],
    ['a grant', { GrantRead: 'id="x"' }, /^AccessControlListNotSupported$/],
    ['a lock', { ObjectLockLegalHoldStatus: 'ON' }, /^(InvalidRequest|NotImplemented)$/],
    ['an offset', { WriteOffsetBytes: 3 }, /^NotImplemented$/],
  ];

  test.for(UNAVAILABLE)('for %s that the bucket does not allow write nothing', async ([, input, code]) => {
    const { s3, Bucket } = await bucketWith();
    const put = { Bucket, Key: 'k', Body: 'x', ...input };
    expect(await codeOf(s3.putObject(put))).toMatch(code);
    expect(await codeOf(s3.headObject({ Bucket, Key: 'k' }))).toBe('NotFound');
  });

  test.for([
    ['an element that is not closed', '<Object><Key>a</Key></Object><Object><Key>b</Key>'],
    ['two keys of one object', '<Object><Key>a</Key></Object><Object><Key>b</Key><Key>c</Key></Object>'],
    ['an object without key', '<Object><Key>a</Key></Object><Object></Object>'],
  ])('with %s delete nothing', async ([, objects]) => {
    const { s3, Bucket } = await bucketWith('a', 'b');
    const body = `<Delete>${objects}</Delete>`;
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
    const answer = await sendRaw(target(), {
      ...{ method: 'POST', path: `/${Bucket}`, query: { delete: '' }, headers, body },
    });
    expect(answer).toMatchObject({ status: 400, code: 'MalformedXML' });
    expect(await statusOf(s3.headObject({ Bucket, Key: 'a' }))).toBe(200);
  });

  test.for([
    ['an unknown one', { 'response-etag': 'x' }, 200, 'none'],
    ['one with a line break', { 'response-content-type': 'a\nb' }, 400, 'InvalidArgument'],
    [
      'one that is not ASCII',
      { 'response-content-disposition': 'attachment; filename="ü"' },
      400,
      'InvalidArgument',
    ],
  ] as const)('for other headers of the answer: %s', async ([, query, status, code]) => {
    const { s3, Bucket } = await bucketWith('k');
    const { ETag } = await s3.headObject({ Bucket, Key: 'k' });
    const answer = await sendRaw(target(), { path: `/${Bucket}/k`, query });
    expect(answer).toMatchObject({ status, code });
    expect(answer.headers.etag).toBe(status === 200 ? ETag : undefined);
  });

  test('that name the bucket in the host mean the same', async () => {
    const { Bucket } = await bucketWith('k');
    const headers = { host: `${Bucket}.localhost` };
    const answer = await sendRaw(target(), { path: '/k', headers });
    expect(answer).toMatchObject({ status: 200, body: 'k' });
  });

  test('to read say nothing of encryption', async () => {
    const { Bucket } = await bucketWith('k');
    const headers = { 'x-amz-server-side-encryption': 'AES256' };
    const answer = await sendRaw(target(), { path: `/${Bucket}/k`, headers });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  test.for([
    ['past', -86_400_000, 200],
    ['present', 0, 304],
    ['future', 86_400_000, 200],
  ] as const)('for what was modified since a date in the %s', async ([, afterMs, status]) => {
    const { s3, Bucket } = await bucketWith('k');
    const { LastModified = new Date(0) } = await s3.headObject({ Bucket, Key: 'k' });
    const since = new Date(LastModified.getTime() + afterMs).toUTCString();
    const answer = await sendRaw(target(), { path: `/${Bucket}/k`, headers: { 'if-modified-since': since } });
    expect(answer.status).toBe(status);
  });

  test.for([
    ['aws:x', 'v', 'InvalidTag'],
    ['a<b', 'v', 'InvalidTag'],
    ['k', 'a<b', 'InvalidTag'],
    ['Ünï c0de_.:/=+-@', 'v', 'none'],
  ])('to tag with %s=%s', async ([Key, Value, code]) => {
    const { s3, Bucket } = await bucketWith('k');
    const tag = { Bucket, Key: 'k', Tagging: { TagSet: [{ Key, Value }] } };
    expect(await codeOf(s3.putObjectTagging(tag))).toBe(code);
  });

  test('with an empty document: no tags are fine, no parts are not', async () => {
    const { s3, Bucket } = await bucketWith('k');
    const { UploadId = '' } = await s3.createMultipartUpload({ Bucket, Key: 'k' });
    const post = (method: string, query: Record<string, string>, body: string) => {
      const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
      return sendRaw(target(), { method, path: `/${Bucket}/k`, query, headers, body });
    };
    const tags = await post('PUT', { tagging: '' }, '<Tagging/>');
    const parts = await post('POST', { uploadId: UploadId }, '<CompleteMultipartUpload/>');
    expect(tags.status).toBe(200);
    expect(parts).toMatchObject({ status: 400, code: 'InvalidRequest' });
  });

  test('keep what an encoded word in metadata means, and answer with one', async () => {
    const { s3, Bucket } = await bucketWith();
    const put = (Key: string, note: string) => s3.putObject({ Bucket, Key, Body: 'x', Metadata: { note } });
    await put('q', '=?UTF-8?Q?a=C3=BC_100%?=');
    await put('b', `=?UTF-8?B?${Buffer.from('plain').toString('base64')}?=`);
    const q = await s3.headObject({ Bucket, Key: 'q' });
    const b = await s3.headObject({ Bucket, Key: 'b' });
    expect(q.Metadata).toEqual({ note: `=?UTF-8?B?${Buffer.from('aü 100%').toString('base64')}?=` });
    expect(b.Metadata).toEqual({ note: 'plain' });
  });
});
