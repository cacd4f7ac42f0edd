// What conditions of policies can know of a request to S3 (service authorization reference, condition keys of Amazon S3).
import type { IncomingHttpHeaders } from 'node:http';
import type { TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import { decode } from '../http/uri.ts';
import type { Facts } from '../iam/policy.ts';

/** Headers that are condition keys by the same name. */
const HEADERS = [
  'x-amz-acl',
  'x-amz-metadata-directive',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-storage-class',
] as const;

/** Whether a write creates an object, or only begins or feeds an upload (S3 user guide, conditional-writes-enforce). */
const CREATES_OBJECT: Readonly<Record<string, 'true' | 'false'>> = {
  PutObject: 'true',
  CopyObject: 'true',
  CompleteMultipartUpload: 'true',
  CreateMultipartUpload: 'false',
  UploadPart: 'false',
  UploadPartCopy: 'false',
};

/** The condition keys of S3 of one request, of which each action has only some. */
export function s3Facts(
  operation: string,
  headers: IncomingHttpHeaders,
  query: ReadonlyMap<string, string>,
  tlsVersion: TlsVersion,
): Facts {
  const copySource = header(headers, 'x-amz-copy-source');
  return {
    's3:authType': header(headers, 'authorization') === undefined ? 'REST-QUERY-STRING' : 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    's3:TlsVersion': tlsVersion === 'none' ? undefined : tlsVersion,
    's3:prefix': query.get('prefix'),
    's3:delimiter': query.get('delimiter'),
    's3:max-keys': query.get('max-keys'),
    's3:ObjectCreationOperation': Object.hasOwn(CREATES_OBJECT, operation)
      ? CREATES_OBJECT[operation]
      : undefined,
    's3:if-match': header(headers, 'if-match'),
    's3:if-none-match': header(headers, 'if-none-match'),
    's3:x-amz-copy-source': copySource && decode(copySource.split('?')[0] ?? '').replace(/^\//, ''),
    ...Object.fromEntries(HEADERS.map((name) => [`s3:${name}`, header(headers, name)])),
  };
}
