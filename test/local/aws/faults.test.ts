// Faults: the hook is asked before and after every operation, and what it says happens.
import { beforeEach, describe, expect, test } from 'vitest';
import { fromBuffer } from '../../../local/aws/content/content.ts';
import type { Fault, FaultPoint } from '../../../local/aws/faults/faults.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import { codeOf, statusOf } from '../../contract/server/errors.ts';
import { freshName, useAws } from './running-aws.ts';

describe('faults', () => {
  let hook: (point: FaultPoint) => Fault | undefined = () => undefined;
  const aws = useAws({ faults: (point) => hook(point) });
  let Bucket = '';

  beforeEach(() => {
    hook = () => undefined;
    Bucket = freshName();
    aws().world.createBucket({ name: Bucket, region: 'us-east-1' });
    aws().world.putObject(Bucket, 'there', fromBuffer('0123456789'));
  });

  const put = () => aws().s3().putObject({ Bucket, Key: 'new', Body: 'x' });
  const written = () => latest(aws().world.bucket(Bucket), 'new') !== undefined;
  const strike = (phase: FaultPoint['phase'], fault: Fault) => {
    hook = (point) => (point.phase === phase ? fault : undefined);
  };

  test('see who does what, where, in which phase', async () => {
    const points: FaultPoint[] = [];
    hook = (point) => {
      points.push(point);
      return undefined;
    };
    await put();
    expect(points.map(({ phase }) => phase)).toEqual(['before', 'after']);
    expect(points[0]).toMatchObject({
      service: 's3',
      operation: 'PutObject',
      method: 'PUT',
      bucket: Bucket,
      key: 'new',
      region: 'us-east-1',
      accessKeyId: aws().admin.accessKeyId,
    });
  });

  test('that strike before the operation keep it from happening', async () => {
    strike('before', { kind: 'error', status: 503, code: 'SlowDown' });
    expect(await codeOf(put())).toBe('SlowDown');
    expect(written()).toBe(false);
    expect(aws().world.requests.at(-1)).toMatchObject({
      operation: 'PutObject',
      status: 503,
      errorCode: 'SlowDown',
    });
  });

  test('that strike after the operation hide that it happened', async () => {
    strike('after', { kind: 'error', status: 500, code: 'InternalError' });
    expect(await statusOf(put())).toBe(500);
    expect(written()).toBe(true);
  });

  test('can be an error inside a 200 OK', async () => {
    strike('before', { kind: 'error', status: 200, code: 'InternalError', message: 'Please try again.' });
    const copy = { Bucket, Key: 'copy', CopySource: `${Bucket}/there` };
    await expect(aws().s3().copyObject(copy)).rejects.toMatchObject({ name: 'InternalError' });
  });

  test.for(['before', 'after'] as const)('can cut the connection %s the operation', async (phase) => {
    strike(phase, { kind: 'reset' });
    await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(written()).toBe(phase === 'after');
    expect(aws().world.requests.at(-1)).toMatchObject({ operation: 'PutObject', status: 0 });
  });

  test('can hold an answer back for good', async () => {
    strike('after', { kind: 'stall', delayMs: Number.POSITIVE_INFINITY });
    const abortSignal = AbortSignal.timeout(50);
    const head = { Bucket, Key: 'there' };
    await expect(aws().s3().headObject(head, { abortSignal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('can hold an answer back for a while', async () => {
    strike('before', { kind: 'stall', delayMs: 30 });
    const start = performance.now();
    await put();
    expect(performance.now() - start).toBeGreaterThan(25);
  });

  test('can end a body early', async () => {
    strike('after', { kind: 'truncate', afterBytes: 4 });
    const { Body, ContentLength } = await aws().s3().getObject({ Bucket, Key: 'there' });
    expect(ContentLength).toBe(10);
    await expect(Body?.transformToString()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
