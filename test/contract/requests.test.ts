// Requests that S3 refuses: what it does not implement, what it cannot read, what a bucket does not allow.
import { createHash } from 'node:crypto';
import {
  DeleteBucketMetadataConfigurationCommand,
  GetBucketAbacCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutBucketAbacCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, test } from 'vitest';
import { needs } from './capabilities.ts';
import { codeOf, statusOf } from './errors.ts';
import { sendRaw } from './raw-request.ts';
import { useTarget } from './target.ts';

describe('requests', () => {
  const target = useTarget();

  beforeEach(async (context) => needs(context, target(), 'strictness'));

  async function bucketWith(...keys: string[]) {
    const s3 = target().client();
    const Bucket = await target().createBucket();
    for (const Key of keys) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    }
    return { s3, Bucket };
  }

  test('for a subresource never do what the request without it would do', async () => {
    const { s3, Bucket } = await bucketWith();
    const absent = `${Bucket}-absent`;
    const enable = new PutBucketAbacCommand({ Bucket: absent, AbacStatus: { Status: 'Enabled' } });

    await statusOf(s3.send(new DeleteBucketMetadataConfigurationCommand({ Bucket })));
    const read = await statusOf(s3.send(new GetBucketAbacCommand({ Bucket })));
    await statusOf(s3.send(enable));

    expect(await statusOf(s3.send(new HeadBucketCommand({ Bucket })))).toBe(200);
    expect(target().embedded ? read : 501).toBe(501);
    expect(await statusOf(s3.send(new HeadBucketCommand({ Bucket: absent })))).toBe(404);
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
    const put = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...input });
    expect(await codeOf(s3.send(put))).toMatch(code);
    expect(await codeOf(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' })))).toBe('NotFound');
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
    expect(await statusOf(s3.send(new HeadObjectCommand({ Bucket, Key: 'a' })))).toBe(200);
  });
});
