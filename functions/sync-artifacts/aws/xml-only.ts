// Refuses objects as answers to other questions: servers that do not know the `?tagging` of a request answer with the object itself.
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { HttpRequest, HttpResponse } from '@smithy/types';

/** Far more than 1000 parts or unfinished uploads take, the longest answers that are asked for. */
const MAX_LISTING_BYTES = 8 * 1024 ** 2;
const XML = /^(?:\uFEFF)?\s*</;

/** Makes a question fail as not implemented when the answer is no XML document, of which no more than a little is read. */
export function requireXml({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args);
        const { method } = args.request as HttpRequest;
        const response = result.response as HttpResponse;
        if (method === 'GET' && commandName !== 'GetObjectCommand' && response.statusCode < 300) {
          response.body = await readXml(response.body as Readable);
        }
        return result;
      },
    // Innermost, so that the SDK's deserializer gets what this leaves.
    { step: 'deserialize', priority: 'low', name: 'requireXml' },
  );
}

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
