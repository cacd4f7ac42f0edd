// Reads what S3 knows of one object, in the one shape that the rest of the function uses.
import {
  HeadObjectCommand,
  type HeadObjectCommandInput,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import type { RequestTarget } from '../aws/errors.ts';
import { type RequestContext, send } from '../aws/s3-request.ts';
import { CHECKSUM_ALGORITHMS, CHECKSUMS, type ChecksumAlgorithmName } from '../checksums.ts';
import type { ContentHeaders, ObjectChecksum, ObjectFacts } from '../types.ts';
import { omitUndefined } from '../util.ts';

/** Content headers that a copy must carry over (S3 API, CreateMultipartUpload request headers of the same names). */
const CONTENT_HEADERS = [
  'CacheControl',
  'ContentDisposition',
  'ContentEncoding',
  'ContentLanguage',
  'ContentType',
  'Expires',
] as const satisfies readonly (keyof ContentHeaders)[];

/** Asks for an object's facts with its checksum. */
export async function headObject(
  context: RequestContext,
  target: RequestTarget,
  fields: HeadObjectCommandInput,
): Promise<ObjectFacts> {
  return toFacts(await send(context, target, new HeadObjectCommand({ ...fields, ChecksumMode: 'ENABLED' })));
}

/** The checksum members that many S3 answers share. */
export type ChecksumFields = {
  readonly [Name in `Checksum${ChecksumAlgorithmName}`]?: string | undefined;
} & { readonly ChecksumType?: string | undefined; readonly ETag?: string | undefined };

/**
 * The checksum in an answer; a value that ends in `-N` is composite whatever the answer says. None when S3 servers other than AWS
 * leave open what it is a checksum of, or give one that cannot be of its algorithm.
 */
export function checksumOf(fields: ChecksumFields): ObjectChecksum | undefined {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = fields[`Checksum${algorithm}`];
    if (value === undefined || value === '') continue;
    const [digest = '', parts] = value.split('-');
    if (Buffer.from(digest, 'base64').length !== CHECKSUMS[algorithm].bytes) continue;
    if (fields.ChecksumType === 'COMPOSITE' || parts !== undefined)
      return { algorithm, type: 'COMPOSITE', value };
    const ofParts = /-\d+"?$/.test(fields.ETag ?? '');
    if (fields.ChecksumType === undefined && ofParts) continue;
    return { algorithm, type: 'FULL_OBJECT', value };
  }
  return undefined;
}

/** The facts that an answer to HeadObject holds. */
export function toFacts(output: HeadObjectCommandOutput): ObjectFacts {
  const isSet = (name: keyof ContentHeaders): boolean => output[name] !== undefined && output[name] !== '';
  const isNullVersion = output.VersionId === 'null';
  return {
    sizeBytes: output.ContentLength ?? 0,
    etag: output.ETag ?? '',
    headers: Object.fromEntries(CONTENT_HEADERS.filter(isSet).map((name) => [name, output[name]])),
    metadata: output.Metadata ?? {},
    // "null" is S3's name for the version in a bucket without versioning; the ETag pins that one.
    ...(isNullVersion ? { isNullVersion } : {}),
    ...omitUndefined({
      versionId: isNullVersion ? undefined : output.VersionId,
      lastModified: output.LastModified,
      checksum: checksumOf(output),
      tagCount: output.TagCount,
      encryption: output.ServerSideEncryption,
      kmsKeyArn: output.SSEKMSKeyId,
    }),
  };
}
