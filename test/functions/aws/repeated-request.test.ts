// Requests that differ by their parts only are made from the first one, and are what the SDK would have made of them.
import { Readable } from 'node:stream';
import { S3Client, UploadPartCopyCommand, type UploadPartCopyCommandInput } from '@aws-sdk/client-s3';
import type { HttpRequest } from '@smithy/types';
import { describe, expect, it, vi } from 'vitest';
import { repeatedRequest } from '../../../functions/sync-artifacts/aws/transport/repeated-request.ts';

const ANSWER = '<CopyPartResult><ETag>&quot;part&quot;</ETag></CopyPartResult>';
const SLOW_DOWN = '<Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>';
const INPUT = {
  Bucket: 'destination',
  Key: 'pipeline/App/a b.zip',
  UploadId: 'upload',
  CopySource: 'source/pipeline/App/a%20b.zip?versionId=1',
  CopySourceIfMatch: '"etag"',
  ExpectedBucketOwner: '111122223333',
  ExpectedSourceBucketOwner: '111122223333',
};
const PLACES = {
  headers: { 'x-amz-copy-source-range': 'CopySourceRange' },
  query: { uploadId: 'UploadId', partNumber: 'PartNumber' },
} as const;
const OPTIONS = { requestTimeout: 1000 };

const part = (number: number, UploadId = 'upload'): UploadPartCopyCommandInput => ({
  ...INPUT,
  UploadId,
  PartNumber: number,
  CopySourceRange: `bytes=${number}0-${number}9`,
});
const commandOf = (input: UploadPartCopyCommandInput): UploadPartCopyCommand =>
  new UploadPartCopyCommand(input);

/** A client whose requests are answered here; `statuses` are of the first answers, 200 is that of all others. */
function fakeClient(credentials: { expiration?: Date } = {}, ...statuses: readonly number[]) {
  const sent: HttpRequest[] = [];
  const left = [...statuses];
  const handle = (request: HttpRequest): unknown => {
    sent.push({ ...request, headers: { ...request.headers } });
    const statusCode = left.shift() ?? 200;
    const body = Readable.from([Buffer.from(statusCode === 200 ? ANSWER : SLOW_DOWN)]);
    return { response: { statusCode, headers: { 'content-type': 'application/xml' }, body } };
  };
  const client = new S3Client({
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'AKID', secretAccessKey: 'secret', ...credentials }),
    requestHandler: { handle: async (request: HttpRequest) => handle(request) } as never,
  });
  const endpoints = vi.spyOn(client.config, 'endpointProvider');
  return { client, sent, endpoints };
}

/** What does not differ from one attempt to the next. */
function lasting({ method, hostname, path, query, headers }: HttpRequest | undefined = {} as HttpRequest) {
  const {
    authorization,
    'x-amz-date': _date,
    'amz-sdk-invocation-id': _id,
    'x-amz-user-agent': _agent,
    'user-agent': _userAgent,
    ...rest
  } = headers;
  return { method, hostname, path, query, headers: rest, isSigned: authorization?.includes('Signature=') };
}

describe('requests made from the first one', () => {
  it('are those that the SDK makes of the same input', async () => {
    const repeated = fakeClient();
    const plain = fakeClient();
    const send = repeatedRequest(repeated.client, commandOf, PLACES);
    for (const input of [part(1), part(2), part(3, 'another upload')]) {
      const { CopyPartResult } = await send(input, OPTIONS);
      await plain.client.send(commandOf(input), OPTIONS);
      expect(CopyPartResult).toEqual({ ETag: '"part"' });
    }
    expect(repeated.sent.map(lasting)).toEqual(plain.sent.map(lasting));
    expect(new Set(repeated.sent.map(({ headers }) => headers.authorization)).size).toBe(3);
  });

  it('resolve their endpoint once', async () => {
    const { client, endpoints } = fakeClient();
    const send = repeatedRequest(client, commandOf, PLACES);
    for (let number = 1; number <= 5; number++) await send(part(number), OPTIONS);
    expect(endpoints).toHaveBeenCalledTimes(1);
  });

  it('are retried', async () => {
    const { client, sent } = fakeClient({}, 200, 503);
    const send = repeatedRequest(client, commandOf, PLACES);
    await send(part(1), OPTIONS);
    const { $metadata } = await send(part(2), OPTIONS);
    expect($metadata.attempts).toBe(2);
    expect(sent.map(({ query }) => query?.partNumber)).toEqual(['1', '2', '2']);
  });

  it('are not made of credentials that run out', async () => {
    const { client, endpoints } = fakeClient({ expiration: new Date(Date.now() + 1000) });
    const send = repeatedRequest(client, commandOf, PLACES);
    for (let number = 1; number <= 3; number++) await send(part(number), OPTIONS);
    expect(endpoints).toHaveBeenCalledTimes(3);
  });
});
