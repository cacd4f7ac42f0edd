// Limits response bodies in time and size: the SDK's timeout ends with the headers, and it reads whatever comes.
import { Readable } from 'node:stream';
import type { HttpHandler } from '@smithy/core/protocols';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { NodeHttpHandlerOptions } from '@smithy/types';

/** Documents have a lower limit of their own (other-servers.ts); this one is for errors in their place. */
const MAX_GET_ANSWER_BYTES = 16 * 1024 * 1024;
/** Far more than the answer to any copy has, of which many may come at the same time. */
const MAX_ANSWER_BYTES = 64 * 1024;

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
