// Sends a signed request to S3 as it is written, where the SDK would not send such a one or would hide the answer.
import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import { REGION, type Target } from './target.ts';

interface RawRequest {
  readonly method?: string;
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The scope of the signature. */
  readonly region?: string;
  readonly service?: string;
  /** Added after signing. */
  readonly unsignedHeaders?: Readonly<Record<string, string>>;
}

interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The code of an error document, `none` if there is none. */
  readonly code: string;
}

/** @throws if the connection ends without an answer */
export async function sendRaw(target: Target, raw: RawRequest): Promise<RawAnswer> {
  const { method = 'GET', path, query = {}, body = '', region = REGION, service = 's3' } = raw;
  const { credentials, endpoint } = target.client().config;
  const { hostname, port = 80 } = (await endpoint?.()) ?? { hostname: '' };
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, uriEscapePath: false });
  const signed = await signer.sign({
    method,
    protocol: 'http:',
    hostname,
    path,
    query,
    headers: {
      host: `${hostname}:${port}`,
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      ...raw.headers,
    },
    body,
  });
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const outgoing = request({
    ...{ method, hostname, port },
    path: search === '' ? path : `${path}?${search}`,
    headers: { ...signed.headers, 'content-length': Buffer.byteLength(body), ...raw.unsignedHeaders },
  });
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    buffer(response).then((bytes) => {
      const text = bytes.toString('utf8');
      const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? 'none';
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, code });
    }, reject);
  });
  outgoing.end(body);
  return promise;
}
