// Ends answers that began but do not come to their end: the SDK's own limit is over once the headers are there.
import { Readable } from 'node:stream';
import type { HttpHandler } from '@smithy/core/protocols';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { NodeHttpHandlerOptions } from '@smithy/types';

/**
 * Gives each body as long as its request had for the headers, then destroys it with a TimeoutError, which is retried.
 * @param limitMs  for requests that name no `requestTimeout`
 */
export function guarded(handler: NodeHttpHandler, limitMs: number): HttpHandler<NodeHttpHandlerOptions> {
  return {
    metadata: handler.metadata,
    handle: async (request, options) => {
      const answer = await handler.handle(request, options);
      const body: unknown = answer.response.body;
      if (body instanceof Readable) guard(body, options?.requestTimeout ?? limitMs);
      return answer;
    },
    updateHttpClientConfig: (key, value) => handler.updateHttpClientConfig(key, value),
    httpHandlerConfigs: () => handler.httpHandlerConfigs(),
    destroy: () => handler.destroy(),
  };
}

function guard(body: Readable, limitMs: number): void {
  if (body.readableEnded || body.destroyed) return;
  const timer = setTimeout(() => {
    body.destroy(Object.assign(new Error(`the body stalled for ${limitMs} ms`), { name: 'TimeoutError' }));
  }, limitMs);
  const stop = (): void => clearTimeout(timer);
  body.once('end', stop);
  body.once('close', stop);
}
