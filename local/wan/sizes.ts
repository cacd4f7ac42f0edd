// Learns the sizes of objects that pass through the proxy, for copy requests that do not name a range.
import type { IncomingMessage } from 'node:http';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** Sizes of the objects behind a proxy, by path-style location (`/bucket/key`, encoded as on the request line). */
export class ObjectSizes {
  readonly #sizeBytes = new Map<string, number>();
  readonly #upstream: S3Client;

  /** @param upstream - the server to ask about objects that were not seen yet, with credentials from the environment. */
  constructor(upstream: URL, region: string) {
    this.#upstream = new S3Client({
      endpoint: upstream.origin,
      forcePathStyle: true,
      followRegionRedirects: true,
      region,
    });
  }

  /** Takes note of an answered HEAD, or of an upload in one request. */
  learn({ method = 'GET', url = '/' }: IncomingMessage, requestBytes: number, answer: IncomingMessage): void {
    const [path = '', query = ''] = url.split('?', 2);
    const length = answer.headers['content-length'];
    if (answer.statusCode !== 200 || /(?:uploadId|versionId)=/.test(query)) return;
    if (method === 'HEAD' && length !== undefined) this.#sizeBytes.set(path, Number(length));
    else if (method === 'PUT' && requestBytes > 0) this.#sizeBytes.set(path, requestBytes);
    else if (['PUT', 'POST', 'DELETE'].includes(method)) this.#sizeBytes.delete(path);
  }

  /** Size of the object that an `x-amz-copy-source` header names; 0, with a warning, when nobody knows. */
  async of(copySource: string): Promise<number> {
    const [location = '', query = ''] = copySource.split('?', 2);
    const path = location.startsWith('/') ? location : `/${location}`;
    const known = this.#sizeBytes.get(path);
    if (known !== undefined) return known;
    const [, bucket = '', ...key] = decodeURIComponent(path).split('/');
    const versionId = query.startsWith('versionId=') ? query.slice('versionId='.length) : undefined;
    try {
      const answer = await this.#upstream.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key.join('/'), VersionId: versionId }),
      );
      const sizeBytes = answer.ContentLength ?? 0;
      this.#sizeBytes.set(path, sizeBytes);
      return sizeBytes;
    } catch (error) {
      process.emitWarning(`size of ${path} unknown, its copy is modelled as empty: ${String(error)}`);
      return 0;
    }
  }

  close(): void {
    this.#upstream.destroy();
  }
}
