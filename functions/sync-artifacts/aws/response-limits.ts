// Limits response bodies in time, size and kind: the SDK's timeout ends with the headers, and it reads whatever comes.
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { HttpHandler } from '@smithy/core/protocols';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { HttpRequest, HttpResponse, NodeHttpHandlerOptions } from '@smithy/types';

/** Listings have a lower limit of their own; this one is for errors in their place. */
const MAX_GET_ANSWER_BYTES = 16 * 1024 * 1024;
/** Far more than the answer to any copy has, of which many may come at the same time. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Far more than 1000 parts or unfinished uploads take, the longest answers that are asked for. */
const MAX_LISTING_BYTES = 8 * 1024 ** 2;
const XML = /^(?:\uFEFF)?\s*</;

/**
 * Gives each body as long as its request had for the headers, then destroys it with a TimeoutError, which is retried.
 * @param limitMs  for requests that name no `requestTimeout`
 */
export function withResponseLimits(
  handler: NodeHttpHandler,
  limitMs: number,
): HttpHandler<NodeHttpHandlerOptions> {
  return {
    metadata: handler.metadata,
    handle: async (request, options) => {
      const answer = await handler.handle(request, options);
      const body: unknown = answer.response.body;
      if (body instanceof Readable) {
        limitTime(body, options?.requestTimeout ?? limitMs);
        // Objects are read in ranges, by a reader that counts their bytes itself.
        if (request.headers.range === undefined)
          limitSize(body, request.method === 'GET' ? MAX_GET_ANSWER_BYTES : MAX_ANSWER_BYTES);
      }
      return answer;
    },
    updateHttpClientConfig: (key, value) => handler.updateHttpClientConfig(key, value),
    httpHandlerConfigs: () => handler.httpHandlerConfigs(),
    destroy: () => handler.destroy(),
  };
}

/**
 * Makes a question fail as not implemented when the answer is not an XML document: servers that do not know the `?tagging` of a request
 * answer with the object itself, of which no more than a little is read.
 */
export function requireXml({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        const { method } = args.request as HttpRequest;
        const response = result.response as HttpResponse;
        if (method === 'GET' && !ANSWERED_WITH_BYTES.has(commandName ?? '') && response.statusCode < 300) {
          response.body = await readXml(response.body as Readable);
        }
        return result;
      },
    // Innermost, so that the SDK's deserializer gets what this leaves.
    { step: 'deserialize', priority: 'low', name: 'requireXml' },
  );
}

function limitTime(body: Readable, limitMs: number): void {
  if (body.readableEnded || body.destroyed) return;
  const timer = setTimeout(() => {
    body.destroy(Object.assign(new Error(`the body stalled for ${limitMs} ms`), { name: 'TimeoutError' }));
  }, limitMs);
  const stop = (): void => clearTimeout(timer);
  body.once('end', stop);
  body.once('close', stop);
}

/** Counts what arrives before anybody keeps it. */
function limitSize(body: Readable, limitBytes: number): void {
  const push = body.push.bind(body);
  let sizeBytes = 0;
  body.push = (chunk: unknown, encoding) => {
    if (chunk instanceof Uint8Array) sizeBytes += chunk.byteLength;
    if (sizeBytes <= limitBytes) return push(chunk, encoding);
    body.destroy(new Error(`the answer has more than ${limitBytes} bytes, which no answer of S3 has`));
    return false;
  };
}

/** All other reads are answered with a document. */
const ANSWERED_WITH_BYTES = new Set(['GetObjectCommand', 'GetObjectAnnotationCommand']);

async function readXml(body: Readable): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_LISTING_BYTES || !XML.test(chunks[0]?.toString('utf8', 0, 100) ?? '')) {
      throw Object.assign(new Error('the server answered with an object'), {
        name: 'NotImplemented',
        $metadata: { httpStatusCode: 501 },
      });
    }
  }
  return Buffer.concat(chunks);
}
