// Uploads: bodies must be as long as they say; large ones go to disk and come back unchanged.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import {
  compareContent,
  firstDifference,
  fromBuffer,
  generated,
  toBuffer,
} from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import { codeOf } from '../../contract/server/errors.ts';
import { freshName, useAws } from './running-aws.ts';

describe('uploads', () => {
  const spoolDirectory = mkdtempSync(join(tmpdir(), 'spool-'));
  afterAll(() => rmSync(spoolDirectory, { recursive: true }));
  // The first body over 1 MiB stays in memory, all that follow go to disk.
  const aws = useAws({ spoolDirectory, spoolAfterBytes: 2 * 1024 ** 2 });

  function bucket(): string {
    const name = freshName();
    aws().world.createBucket({ name, region: 'us-east-1' });
    return name;
  }

  test('of any size come back as they were, and leave no files behind', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    for (const sizeBytes of [0, 1, 1024 ** 2, 1024 ** 2 + 1, 1024 ** 2 + 2, 20 * 1024 ** 2 + 3]) {
      const bytes = toBuffer(generated(sizeBytes, sizeBytes));
      await s3.putObject({ Bucket, Key: 'k', Body: bytes });
      const { Body } = await s3.getObject({ Bucket, Key: 'k' });
      expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
      const stored = latest(aws().world.bucket(Bucket), 'k');
      expect(stored && compareContent(stored.content, fromBuffer(bytes))).toBe(true);
      expect(readdirSync(spoolDirectory)).toEqual([]);
    }
  });

  test('in aws-chunked encoding are stored without the frames, and without naming the encoding', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    const bytes = toBuffer(generated(3 * 1024 ** 2 + 1, 4));
    const Body = Readable.from([bytes]);
    await s3.putObject({
      ...{ Bucket, Key: 'k', Body, ContentLength: bytes.length },
      ContentEncoding: 'gzip',
      ChecksumAlgorithm: 'CRC32C',
    });
    const head = await s3.headObject({ Bucket, Key: 'k' });
    expect(head.ContentLength).toBe(bytes.length);
    expect(head.ContentEncoding).toBe('gzip');
  });

  test('that come in at the same time do not mix, and share their files', async () => {
    const s3 = aws().s3();
    const Bucket = bucket();
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    const contents = Array.from({ length: 20 }, (_, seed) => generated(1024 ** 2 + 1 + seed, seed));
    const puts = contents.map((content, index) =>
      s3.putObject({ Bucket, Key: `${index}`, Body: toBuffer(content) }),
    );
    await Promise.all(puts);
    s3.destroy();
    for (const [index, content] of contents.entries()) {
      const stored = latest(aws().world.bucket(Bucket), `${index}`);
      expect(stored && firstDifference(stored.content, content)).toBeUndefined();
    }
    await expect.poll(() => descriptors() - before, { timeout: 30_000 }).toBeLessThan(10);
  });

  test('that break off leave nothing', async () => {
    const Bucket = bucket();
    const { port } = new URL(aws().endpoint);
    const s3 = aws().s3();
    const { promise: headers, resolve: gotHeaders } = Promise.withResolvers<Record<string, string>>();
    s3.middlewareStack.add(
      () => (input) => {
        gotHeaders((input.request as { headers: Record<string, string> }).headers);
        throw new Error('sent by hand instead');
      },
      { step: 'deserialize', priority: 'low' },
    );
    const put = { Bucket, Key: 'k', Body: 'ten bytes!' };
    await expect(s3.putObject(put)).rejects.toThrow('sent by hand instead');
    const lines = Object.entries(await headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const ended = new Promise<void>((resolve) => {
      const stop = aws().world.onRequest((request) => {
        if (request.bucket === Bucket) {
          stop();
          resolve();
        }
      });
    });
    const socket = createConnection(Number(port));
    socket.write(`PUT /${Bucket}/k?x-id=PutObject HTTP/1.1\r\n${lines.join('')}\r\nten`, () =>
      socket.destroy(),
    );
    await ended;
    expect(await codeOf(aws().s3().getObject({ Bucket, Key: 'k' }))).toBe('NoSuchKey');
  });
});
