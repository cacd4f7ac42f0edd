// CompleteMultipartUpload: the checks on the list of parts, and the object that becomes of them.
import { createHash } from 'node:crypto';
import { AwsError } from '../../aws-error.ts';
import {
  ALGORITHMS,
  type Checksum,
  checksumOf,
  compositeOf,
  DEFAULT_ALGORITHM,
} from '../../content/checksum.ts';
import { type Content, concat } from '../../content/content.ts';
import { checksumHeader } from '../../http/upload.ts';
import { encodeRfc3986 } from '../../http/uri.ts';
import { children, text, xmlDocument } from '../../http/xml.ts';
import { MAX_OBJECT_BYTES, MAX_PARTS, MIN_PART_BYTES } from '../../limits.ts';
import { invalidRequest, s3Error } from '../../s3-errors.ts';
import {
  type Bucket,
  endUpload,
  type MultipartUpload,
  type NewVersion,
  type ObjectVersion,
  store,
  type UploadedPart,
} from '../../state/buckets.ts';
import { checkWriteConditions } from '../objects/conditions.ts';
import { checksumElements, encryptionHeaders, newVersionHeaders, quoted } from '../objects/object-headers.ts';
import {
  authorize,
  bucketOf,
  objectArn,
  requestHeader,
  type S3Answer,
  type S3Request,
  useKey,
  xmlBody,
} from '../request.ts';
import { endedUploadOf, uploadOf } from './multipart.ts';

/** S3 API, CompleteMultipartUpload: the object of the parts that the document names, if they are those that S3 has. */
export async function completeMultipartUpload(request: S3Request): Promise<S3Answer> {
  authorize(request, 's3:PutObject', objectArn(bucketOf(request), request.key));
  const ended = endedUploadOf(request, bucketOf(request));
  if (ended?.completed === undefined) uploadOf(request, bucketOf(request));
  const document = await xmlBody(request, 'CompleteMultipartUpload', 'of the object');
  // Looked up again: while the body came in, somebody else may have completed or aborted it.
  const bucket = bucketOf(request);
  const elements = children(document, 'Part');
  const completed = endedUploadOf(request, bucket)?.completed;
  if (completed !== undefined && completed.partEtags === partEtags(elements)) {
    return answer(bucket, completed.version);
  }
  const upload = uploadOf(request, bucket);
  useKey(request, { bucket, ...upload }, 'kms:GenerateDataKey', 'kms:Decrypt');
  const parts = namedParts(upload, elements);
  checkConditions(request, bucket, upload);
  const content = concat(parts.map((part) => part.content));
  checkSize(request, content);
  const checksum = objectChecksum(upload, parts, content);
  checkGivenChecksum(request, checksum);
  const { key, headers, metadata, tags, encryption, storageClass } = upload;
  const version: NewVersion = {
    ...{ key, headers, metadata, tags, encryption, storageClass },
    content,
    etag: multipartEtag(parts),
    checksum,
    parts: parts.map((part) => ({
      partNumber: part.partNumber,
      sizeBytes: part.content.sizeBytes,
      ...(part.checksum && { checksum: part.checksum }),
    })),
  };
  const stored = store(bucket, version);
  endUpload(bucket, upload, { partEtags: partEtags(elements), version: stored });
  request.noteBytes(stored.sizeBytes);
  return answer(bucket, stored);
}

function answer(bucket: Bucket, version: ObjectVersion): S3Answer {
  return {
    headers: { ...encryptionHeaders(version.encryption), ...newVersionHeaders(version) },
    xml: xmlDocument('CompleteMultipartUploadResult', {
      Location: `https://${bucket.name}.s3.${bucket.region}.amazonaws.com/${encodeRfc3986(version.key)}`,
      Bucket: bucket.name,
      Key: version.key,
      ETag: quoted(version.etag),
      ...checksumElements(version.checksum),
    }),
  };
}

/** After a conflict the upload is lost; a condition that does not hold leaves it (S3 user guide, conditional writes). */
function checkConditions(request: S3Request, bucket: Bucket, upload: MultipartUpload): void {
  try {
    checkWriteConditions(request, bucket, upload.changesAtBeginning);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ConditionalRequestConflict') {
      endUpload(bucket, upload);
    }
    throw error;
  }
}

/** What two requests to complete an upload have in common if they name the same parts. */
function partEtags(elements: readonly unknown[]): string {
  return JSON.stringify(elements.map((element) => [text(element, 'PartNumber'), etagIn(element)]));
}

function etagIn(element: unknown): string | undefined {
  return text(element, 'ETag')?.trim().replace(/^"|"$/g, '');
}

/** The parts that the client lists, checked against those that were uploaded. */
function namedParts(upload: MultipartUpload, elements: readonly unknown[]): UploadedPart[] {
  if (elements.length === 0) throw invalidRequest('You must specify at least one part');
  if (elements.length > MAX_PARTS) throw s3Error('MalformedXML');
  let previous = 0;
  const parts = elements.map((element) => {
    const partNumber = Number(text(element, 'PartNumber'));
    const etag = etagIn(element);
    if (!Number.isInteger(partNumber) || etag === undefined) throw s3Error('MalformedXML');
    if (partNumber <= previous) throw s3Error('InvalidPartOrder');
    previous = partNumber;
    const part = upload.parts.get(partNumber);
    if (part === undefined || part.etag !== etag) throw invalidPart(partNumber, etag);
    checkPartChecksum(upload, part, element);
    return part;
  });
  for (const part of parts.slice(0, -1)) {
    if (part.content.sizeBytes < MIN_PART_BYTES) {
      throw s3Error('EntityTooSmall', {
        ProposedSize: String(part.content.sizeBytes),
        MinSizeAllowed: String(MIN_PART_BYTES),
        PartNumber: String(part.partNumber),
        ETag: part.etag,
      });
    }
  }
  return parts;
}

function checkPartChecksum({ checksum }: MultipartUpload, part: UploadedPart, element: unknown): void {
  const others = ALGORITHMS.filter((algorithm) => algorithm !== checksum?.algorithm);
  if (others.some((algorithm) => text(element, `Checksum${algorithm}`) !== undefined)) {
    throw invalidPart(part.partNumber, part.etag);
  }
  if (checksum === undefined) {
    return;
  }
  const given = text(element, `Checksum${checksum.algorithm}`)?.trim();
  if (given === undefined && checksum.type === 'COMPOSITE') {
    throw invalidRequest(
      `The upload was created using a ${checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part.partNumber} in the request.`,
    );
  }
  if (given !== undefined && given !== part.checksum) throw invalidPart(part.partNumber, part.etag);
}

function invalidPart(partNumber: number, etag: string): AwsError {
  return s3Error('InvalidPart', { PartNumber: String(partNumber), ETag: etag });
}

function checkSize(request: S3Request, { sizeBytes }: Content): void {
  if (sizeBytes > MAX_OBJECT_BYTES) {
    throw new AwsError(
      400,
      'EntityTooLarge',
      'Your proposed upload exceeds the maximum allowed object size.',
    );
  }
  const expected = requestHeader(request, 'x-amz-mp-object-size');
  if (expected !== undefined && Number(expected) !== sizeBytes) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sizeBytes}`,
    );
  }
}

function objectChecksum(upload: MultipartUpload, parts: readonly UploadedPart[], content: Content): Checksum {
  const { algorithm, type } = upload.checksum ?? { algorithm: DEFAULT_ALGORITHM, type: 'FULL_OBJECT' };
  return type === 'FULL_OBJECT'
    ? { algorithm, type, value: checksumOf(content, algorithm) }
    : {
        algorithm,
        type,
        value: compositeOf(
          parts.map((part) => part.checksum ?? ''),
          algorithm,
        ),
      };
}

/** The object's checksum as the client computed it. @throws InvalidRequest, BadDigest */
function checkGivenChecksum(request: S3Request, checksum: Checksum): void {
  const type = requestHeader(request, 'x-amz-checksum-type');
  if (type !== undefined && type !== checksum.type) {
    throw invalidRequest(
      `The upload was created using the ${checksum.type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  for (const algorithm of ALGORITHMS) {
    const given = requestHeader(request, checksumHeader(algorithm));
    if (given !== undefined && (algorithm !== checksum.algorithm || given !== checksum.value)) {
      throw new AwsError(
        400,
        'BadDigest',
        `The ${algorithm.toLowerCase()} you specified did not match the calculated checksum.`,
      );
    }
  }
}

/** The MD5 of the parts' MD5s and their number; under a KMS key it has the form but not the meaning. */
function multipartEtag(parts: readonly UploadedPart[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part.etag, 'hex');
  return `${hash.digest('hex')}-${parts.length}`;
}
