// What S3 servers other than AWS may lack, how it shows, and what follows: copies stay correct, and nothing is claimed that was not proved.
//
// | lacks                                           | shows as                   | then                                                                         |
// |-------------------------------------------------|----------------------------|------------------------------------------------------------------------------|
// | an operation: tags, attributes, listing uploads | isUnsupported              | copied without tags, without the source's part sizes, without resuming       |
// | the default encryption of buckets               | isUnsupported              | the destination must name its KmsKeyId                                       |
// | a subresource, which it ignores                 | requireXml: NotImplemented | as for an operation                                                          |
// | copies of parts                                 | isPartCopyUnsupported      | copied in one request, where one can copy as much                            |
// | conditional writes                              | isConditionUnsupported     | a warning, and no condition; with Overwrite "never" the job fails            |
// | conditional writes, which it ignores            | nothing                    | unseen copies are made again where they are already (copy/early-looks.ts)    |
// | regions                                         | no region in any answer    | the region of the KMS key, else of the settings (facts/destination.ts)       |
// | checksums or headers in answers                 | headers that are missing   | a weaker proof, or the job fails (proof/)                                    |
// | initiators of uploads                           | no Initiator               | resumed when their parts fit; none is aborted (copy/upload/resume-upload.ts) |
// | conditions on the source of a part              | nothing                    | the source is looked at again (facts/source.ts, requireUnchanged)            |
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { HttpRequest, HttpResponse } from '@smithy/types';
import { errorCode, httpStatus, S3RequestError } from './errors.ts';

/** Far more than 1000 parts or unfinished uploads take, the longest answers that are asked for. */
const MAX_LISTING_BYTES = 8 * 1024 ** 2;
const XML = /^(?:\uFEFF)?\s*</;

/** Codes with status 400. Others say what is wrong with the request or its credentials. */
const UNSUPPORTED = new Set([
  'BadRequest',
  'InvalidRequest',
  'InvalidArgument',
  'MalformedXML',
  'NotImplemented',
  'UnsupportedOperation',
]);

/** All other reads are answered with a document. */
const ANSWERED_WITH_BYTES = new Set(['GetObjectCommand', 'GetObjectAnnotationCommand']);

/** Does the server lack what was asked for? */
export function isUnsupported(error: unknown): boolean {
  const status = httpStatus(error);
  const code = errorCode(error);
  if (code === 'NoSuchBucket') return false;
  return status === 404 || status === 405 || status === 501 || (status === 400 && UNSUPPORTED.has(code));
}

/** Does the server lack uploads in parts, or parts that are copied? */
export function isPartCopyUnsupported(error: unknown): boolean {
  if (!(error instanceof S3RequestError)) return false;
  const { operation } = error.target;
  if (operation === 'CreateMultipartUpload') return isUnsupported(error);
  return (
    operation === 'UploadPartCopy' && (errorCode(error) === 'NotImplemented' || httpStatus(error) === 405)
  );
}

/** Does the server lack conditional writes? Asked about a request with a condition: without one, something else is not implemented. */
export function isConditionUnsupported(error: unknown): boolean {
  return httpStatus(error) === 501;
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
