// A hostile S3: whatever it answers, the job ends with one result in time, and memory stays bounded.
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { S3ClientPool } from '../../functions/sync-artifacts/aws/s3-clients.ts';
import { readSettings } from '../../functions/sync-artifacts/settings.ts';
import { failureOf, MIB, TestPipeline } from '../functions/harness/test-pipeline.ts';

/** Answers in S3's stead; `false` lets S3 answer itself. */
type Attack = (operation: string, response: ServerResponse) => boolean;

const BOMB = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa">${Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`,
).join('')}]><ServerSideEncryptionConfiguration><Rule>&j;</Rule></ServerSideEncryptionConfiguration>`;

function respond(response: ServerResponse, body: string, headers: Record<string, string> = {}): true {
  response.writeHead(200, { 'content-type': 'application/xml', ...headers }).end(body);
  return true;
}

/** Never ends by itself. */
function endless(response: ServerResponse): true {
  response.writeHead(200, { 'content-type': 'application/xml' });
  const chunk = Buffer.alloc(MIB, ' ');
  const more = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
  return true;
}

const partsPage = (marker: number): string =>
  `<GetObjectAttributesResponse><ObjectParts><IsTruncated>true</IsTruncated><NextPartNumberMarker>${marker}</NextPartNumberMarker></ObjectParts></GetObjectAttributesResponse>`;

let pages = 0;
const ATTACKS: readonly (readonly [string, Attack])[] = [
  [
    'an XML bomb as bucket encryption',
    (operation, r) => operation === 'GetBucketEncryption' && respond(r, BOMB),
  ],
  ['an XML bomb as the answer to a copy', (operation, r) => operation === 'CopyObject' && respond(r, BOMB)],
  ['an endless document', (operation, r) => operation === 'GetBucketEncryption' && endless(r)],
  ['an endless answer to a copy', (operation, r) => operation === 'UploadPartCopy' && endless(r)],
  [
    'a header of a megabyte',
    (operation, r) => operation === 'HeadObject' && respond(r, '', { 'x-amz-meta-x': 'x'.repeat(MIB) }),
  ],
  [
    'a size beyond all numbers',
    (operation, r) => operation === 'HeadObject' && respond(r, '', { 'content-length': '9'.repeat(18) }),
  ],
  [
    'a document longer than its length says',
    (operation, r) => {
      if (operation !== 'GetBucketEncryption') return false;
      r.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<Error><Code>long</Code></Error>');
      return true;
    },
  ],
  [
    'a document shorter than its length says',
    (operation, r) => {
      if (operation !== 'GetBucketEncryption') return false;
      r.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n<Rule>');
      return true;
    },
  ],
  [
    'a checksum of the wrong length',
    (operation, r) =>
      operation === 'CopyObject' &&
      respond(
        r,
        '<CopyObjectResult><ETag>"x"</ETag><ChecksumCRC64NVME>AAAA</ChecksumCRC64NVME></CopyObjectResult>',
      ),
  ],
  ['bytes that are no XML', (operation, r) => operation === 'CopyObject' && respond(r, '\0\xff<<<')],
  [
    'a list of parts that goes round in circles',
    (operation, r) => operation === 'GetObjectAttributes' && respond(r, partsPage(++pages % 2)),
  ],
  [
    'a region that is a host name',
    (operation, r) => {
      if (operation !== 'HeadBucket') return false;
      r.writeHead(301, { 'x-amz-bucket-region': 'evil.example/#' }).end();
      return true;
    },
  ],
];

/** What the request is, as far as the attacks need to know. */
function operationOf({ method = '', url = '', headers }: IncomingMessage): string {
  const [path = '', query = ''] = url.split('?');
  const isBucket = path.split('/').filter(Boolean).length === 1;
  if (method === 'HEAD') return isBucket ? 'HeadBucket' : 'HeadObject';
  if (query.startsWith('encryption')) return 'GetBucketEncryption';
  if (query.startsWith('attributes')) return 'GetObjectAttributes';
  if (headers.range !== undefined) return 'GetObject';
  if (headers['x-amz-copy-source'] === undefined) return method;
  return query.includes('partNumber') ? 'UploadPartCopy' : 'CopyObject';
}

/** Stands between the function and S3. */
async function hostileServer(upstream: string, attack: Attack) {
  const server = createServer((request, response) => {
    if (attack(operationOf(request), response)) {
      request.resume();
      return;
    }
    const { method, url, headers } = request;
    const onward = httpRequest(`${upstream}${url ?? ''}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe('an S3 that answers with', () => {
  it.each(ATTACKS)('%s gets one result, in bounded memory', async (name, attack) => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('Small', 1000);
    pipeline.addArtifact('Large', 600 * MIB);
    pipeline.addArtifact('Parts', 24 * MIB, {
      checksum: { algorithm: 'SHA256', type: 'COMPOSITE' },
      partSizeBytes: 8 * MIB,
    });
    pipeline.addDestination('hostile-eu');
    using server = await hostileServer(pipeline.server.endpoint, attack);
    process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
    const before = process.memoryUsage().rss;
    const outcome = await pipeline.invoke(
      { DestinationBucket: 'hostile-eu' },
      { settings: { stallMs: 1_000, retryBudgetMs: 500 } },
    );
    expect(outcome.thrown).toBeUndefined();
    expect(outcome.results).toHaveLength(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * MIB);
    for (const { bucket } of outcome.requests) {
      expect(['pipeline-artifacts', 'hostile-eu', undefined]).toContain(bucket);
    }
    const [result] = outcome.results;
    if (result?.operation === 'PutJobSuccessResult') expect(name).toMatch(/parts|region|long/);
  });
});

describe('a part of a source', () => {
  it('that never ends is given up after the bytes that were asked for', async () => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('Small', 1000);
    pipeline.addDestination('hostile-eu');
    using server = await hostileServer(
      pipeline.server.endpoint,
      (operation, response) => operation === 'GetObject' && endless(response),
    );
    process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
    const outcome = await pipeline.invoke({ DestinationBucket: 'hostile-eu', Mode: 'relay' });
    expect(failureOf(outcome).message).toContain('S3 sent more than the 1000 bytes asked for');
    expect(outcome.writes).toEqual([]);
  });

  it('that is shorter than what was asked for is never written', async () => {
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('Small', 1000, { checksum: 'none' });
    pipeline.addDestination('hostile-eu');
    using server = await hostileServer(
      pipeline.server.endpoint,
      (operation, response) => operation === 'GetObject' && respond(response, 'x'.repeat(999)),
    );
    process.env.AWS_ENDPOINT_URL_S3 = server.endpoint;
    const outcome = await pipeline.invoke(
      { DestinationBucket: 'hostile-eu', Mode: 'relay' },
      { settings: { retryBudgetMs: 200 } },
    );
    expect(failureOf(outcome).type).toBe('SystemUnavailable');
    expect(outcome.writes).toEqual([]);
  });
});

describe('a region that S3 names', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each(['evil.example', 'evil.example/#', 'eu@evil.example', 'eu-west-1:80'])(
    'does not lead to another host: %s is refused before a request is sent',
    async (region) => {
      vi.stubEnv('AWS_ENDPOINT_URL_S3', undefined);
      const clients = new S3ClientPool({ ...readSettings({}), retryBudgetMs: 0 }, () => undefined).forJob();
      const request = new HeadBucketCommand({ Bucket: 'hostile-eu' });
      await expect(clients.role(region).send(request)).rejects.toThrow('Region not accepted');
    },
  );
});
