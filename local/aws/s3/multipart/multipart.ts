// CreateMultipartUpload, UploadPart, UploadPartCopy and AbortMultipartUpload.
import { type ChecksumAlgorithm, checksumOf, multipartTypes } from '../../content/checksum.ts';
import { type Content, slice } from '../../content/content.ts';
import { checksumHeader } from '../../http/upload.ts';
import { timestamp, xmlDocument } from '../../http/xml.ts';
import { MAX_SINGLE_REQUEST_BYTES } from '../../limits.ts';
import { invalidArgument, invalidRequest, s3Error } from '../../s3-errors.ts';
import {
  type Bucket,
  changesOf,
  type EndedUpload,
  endUpload,
  type MultipartUpload,
  newId,
  type UploadedPart,
} from '../../state/buckets.ts';
import { sourceTooLarge, sourceVersionHeader } from '../objects/copy.ts';
import { copySourceOf } from '../objects/copy-source.ts';
import { encryptionHeaders, quoted, readAlgorithm } from '../objects/object-headers.ts';
import { etagOf, prepareWrite, propertiesOf, requireIntegrityHeader } from '../objects/write.ts';
import {
  authorize,
  bucketOf,
  objectArn,
  partNumberOf,
  requestHeader,
  type S3Answer,
  type S3Request,
  useKey,
} from '../request.ts';

/** S3 API, CreateMultipartUpload: everything about the object but its bytes is settled here. */
export function createMultipartUpload(request: S3Request): S3Answer {
  const { bucket, ...settled } = prepareWrite(request);
  const object = propertiesOf(request, settled);
  const checksum = readUploadChecksum(request);
  const upload: MultipartUpload = {
    uploadId: newId(64),
    initiatedAt: new Date(),
    initiatorArn: request.caller.principalArn,
    ...object,
    ...(checksum && { checksum }),
    parts: new Map(),
    changesAtBeginning: changesOf(bucket, request.key),
  };
  bucket.uploads.set(upload.uploadId, upload);
  return {
    headers: {
      ...encryptionHeaders(object.encryption),
      'x-amz-checksum-algorithm': checksum?.algorithm,
      'x-amz-checksum-type': checksum?.type,
    },
    xml: xmlDocument('InitiateMultipartUploadResult', {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.uploadId,
    }),
  };
}

/** S3 API, UploadPart: a part that is there already is replaced. */
export async function uploadPart(request: S3Request): Promise<S3Answer> {
  const { bucket, upload, partNumber } = partTarget(request);
  requireIntegrityHeader(request, bucket, 'Upload Part');
  const body = await request.receive();
  request.noteBytes(body.content.sizeBytes);
  const [given] = body.checksums;
  requireUploadAlgorithm(upload, given?.[0]);
  const part = partOf(upload, partNumber, body.content);
  // The upload may have been completed or aborted while the body came in.
  uploadOf(request, bucket).parts.set(partNumber, part);
  const algorithm = upload.checksum?.algorithm;
  const shown = part.checksum ? ([algorithm, part.checksum] as const) : given;
  return {
    headers: {
      etag: quoted(part.etag),
      ...encryptionHeaders(upload.encryption),
      ...(shown?.[0] && { [checksumHeader(shown[0])]: shown[1] }),
    },
  };
}

/** S3 API, UploadPartCopy: a range of another object as a part. */
export function uploadPartCopy(request: S3Request): S3Answer {
  const { upload, partNumber } = partTarget(request);
  const source = copySourceOf(request);
  const range = requestHeader(request, 'x-amz-copy-source-range');
  const [start, end] =
    range === undefined ? [0, source.version.sizeBytes] : copyRange(range, source.version.sizeBytes);
  if (end - start > MAX_SINGLE_REQUEST_BYTES) throw sourceTooLarge();
  const content = slice(source.version.content, start, end);
  const algorithm = upload.checksum?.algorithm;
  const part = partOf(upload, partNumber, content);
  upload.parts.set(partNumber, part);
  request.noteBytes(content.sizeBytes);
  return {
    headers: { ...encryptionHeaders(upload.encryption), ...sourceVersionHeader(source) },
    xml: xmlDocument('CopyPartResult', {
      LastModified: timestamp(part.lastModified),
      ETag: quoted(part.etag),
      ...(algorithm && part.checksum && { [`Checksum${algorithm}`]: part.checksum }),
    }),
  };
}

function partOf(
  { encryption, checksum }: MultipartUpload,
  partNumber: number,
  content: Content,
): UploadedPart {
  return {
    partNumber,
    content,
    etag: etagOf(content, encryption),
    lastModified: new Date(),
    ...(checksum && { checksum: checksumOf(content, checksum.algorithm) }),
  };
}

/** S3 API, AbortMultipartUpload: repeated, or after completion, it is answered as before for a while. */
export function abortMultipartUpload(request: S3Request): S3Answer {
  const bucket = bucketOf(request);
  authorize(request, 's3:AbortMultipartUpload', objectArn(bucket, request.key));
  if (endedUploadOf(request, bucket) === undefined) endUpload(bucket, uploadOf(request, bucket));
  return { status: 204 };
}

/** The upload that the query names. @throws NoSuchUpload, also once it has been completed or aborted. */
export function uploadOf(request: S3Request, bucket: Bucket): MultipartUpload {
  const uploadId = request.query.get('uploadId') ?? '';
  const upload = bucket.uploads.get(uploadId);
  if (upload === undefined || upload.key !== request.key) {
    throw s3Error('NoSuchUpload', { UploadId: uploadId });
  }
  return upload;
}

/** The upload that the query names, if it is over but not yet forgotten. */
export function endedUploadOf(request: S3Request, bucket: Bucket): EndedUpload | undefined {
  const ended = bucket.endedUploads.get(request.query.get('uploadId') ?? '');
  return ended?.key === request.key ? ended : undefined;
}

function partTarget(request: S3Request): { bucket: Bucket; upload: MultipartUpload; partNumber: number } {
  const bucket = bucketOf(request);
  const partNumber = partNumberOf(request);
  authorize(request, 's3:PutObject', objectArn(bucket, request.key));
  const upload = uploadOf(request, bucket);
  useKey(request, { bucket, ...upload }, 'kms:GenerateDataKey', 'kms:Decrypt');
  return { bucket, upload, partNumber };
}

function readUploadChecksum(request: S3Request): MultipartUpload['checksum'] {
  const algorithm = readAlgorithm(request);
  const type = requestHeader(request, 'x-amz-checksum-type');
  if (algorithm === undefined) {
    if (type !== undefined) {
      throw invalidRequest(
        'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
      );
    }
    return undefined;
  }
  const types = multipartTypes(algorithm);
  const chosen = type === undefined ? types[0] : types.find((known) => known === type);
  if (chosen === undefined) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  }
  return { algorithm, type: chosen };
}

/** An upload with an algorithm of its own takes no other, and a COMPOSITE one takes no part without. */
function requireUploadAlgorithm(upload: MultipartUpload, given: ChecksumAlgorithm | undefined): void {
  if (upload.checksum === undefined) return;
  const { algorithm, type } = upload.checksum;
  if (given === undefined ? type === 'COMPOSITE' : given !== algorithm) {
    const actual = given?.toLowerCase() ?? 'null';
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${actual}`,
    );
  }
}

/** Unlike the range of a read, this one must lie within the source. @throws InvalidArgument */
function copyRange(value: string, sourceSizeBytes: number): [number, number] {
  const match = /^bytes=(\d+)-(\d+)$/.exec(value);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? Number.NaN);
  if (!(first <= last)) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      value,
    );
  }
  if (last >= sourceSizeBytes) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${sourceSizeBytes}`,
      'x-amz-copy-source-range',
      value,
    );
  }
  return [first, last + 1];
}
