// ListParts and ListMultipartUploads.

import { xmlDocument } from '../../http/xml.ts';
import { MAX_PARTS } from '../../limits.ts';
import { type Bucket, compareKeys, type MultipartUpload } from '../../state/buckets.ts';
import { commonPrefix, keyEncoder, listingPage } from '../listing/listing.ts';
import { quoted } from '../objects/object-headers.ts';
import { authorize, bucketOf, objectArn, queryNumber, type S3Answer, type S3Request } from '../request.ts';
import { uploadOf } from './multipart.ts';

/** Entries on a page of either list (S3 API). */
const MAX_ENTRIES = 1000;

/** S3 API, ListParts. */
export function listParts(request: S3Request): S3Answer {
  const bucket = bucketOf(request);
  authorize(request, 's3:ListMultipartUploadParts', objectArn(bucket, request.key));
  const upload = uploadOf(request, bucket);
  const marker = queryNumber(request, 'part-number-marker', 0, MAX_PARTS);
  const maxParts = queryNumber(request, 'max-parts', MAX_ENTRIES, MAX_ENTRIES);
  const after = [...upload.parts.values()]
    .filter((part) => part.partNumber > marker)
    .sort((a, b) => a.partNumber - b.partNumber);
  const page = after.slice(0, maxParts);
  const algorithm = upload.checksum?.algorithm;
  return {
    xml: xmlDocument('ListPartsResult', {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      ...people(bucket, upload),
      StorageClass: upload.storageClass,
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
      MaxParts: maxParts,
      IsTruncated: page.length < after.length,
      ChecksumAlgorithm: algorithm,
      ChecksumType: upload.checksum?.type,
      Part: page.map((part) => ({
        PartNumber: part.partNumber,
        LastModified: part.lastModified.toISOString(),
        ETag: quoted(part.etag),
        Size: part.content.sizeBytes,
        ...(algorithm && part.checksum && { [`Checksum${algorithm}`]: part.checksum }),
      })),
    }),
  };
}

/** S3 API, ListMultipartUploads. */
export function listMultipartUploads(request: S3Request): S3Answer {
  const bucket = bucketOf(request);
  authorize(request, 's3:ListBucketMultipartUploads', bucket.arn);
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const uploadIdMarker = query.get('upload-id-marker') ?? '';
  const maxUploads = queryNumber(request, 'max-uploads', MAX_ENTRIES, MAX_ENTRIES, 1);
  const encode = keyEncoder(query);
  const uploads = [...bucket.uploads.values()]
    .filter((upload) => upload.key.startsWith(prefix))
    .sort(byKeyThenDate);
  const { entries, prefixes, isTruncated, last } = listingPage({
    items: uploads.slice(firstAfter(uploads, keyMarker, uploadIdMarker)),
    maxEntries: maxUploads,
    prefixOf: (upload) => commonPrefix(upload.key, prefix, delimiter),
    after: keyMarker,
  });
  return {
    xml: xmlDocument('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: uploadIdMarker,
      NextKeyMarker: isTruncated && last ? encode(last.prefix ?? last.item.key) : '',
      NextUploadIdMarker: isTruncated && last && last.prefix === undefined ? last.item.uploadId : '',
      Prefix: encode(prefix),
      ...(delimiter && { Delimiter: encode(delimiter) }),
      EncodingType: query.get('encoding-type'),
      MaxUploads: maxUploads,
      IsTruncated: isTruncated,
      Upload: entries.map((upload) => ({
        Key: encode(upload.key),
        UploadId: upload.uploadId,
        ...people(bucket, upload),
        StorageClass: upload.storageClass,
        Initiated: upload.initiatedAt.toISOString(),
        ChecksumAlgorithm: upload.checksum?.algorithm,
        ChecksumType: upload.checksum?.type,
      })),
      CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
    }),
  };
}

/** Uploads of one key are listed in the order of their initiation (S3 API, ListMultipartUploads). */
function byKeyThenDate(a: MultipartUpload, b: MultipartUpload): number {
  return compareKeys(a.key, b.key) || a.initiatedAt.getTime() - b.initiatedAt.getTime();
}

/** Without an upload id the marker excludes its key; with one it means a place among the uploads of that key. */
function firstAfter(uploads: readonly MultipartUpload[], keyMarker: string, uploadIdMarker: string): number {
  if (keyMarker === '') {
    return 0;
  }
  const marked = uploads.findIndex(
    (upload) => upload.key === keyMarker && upload.uploadId === uploadIdMarker,
  );
  if (marked >= 0) {
    return marked + 1;
  }
  const next = uploads.findIndex((upload) => compareKeys(upload.key, keyMarker) > 0);
  return next < 0 ? uploads.length : next;
}

function people(bucket: Bucket, upload: MultipartUpload) {
  return {
    Initiator: { ID: upload.initiatorArn, DisplayName: upload.initiatorArn.split('/').slice(1).join('/') },
    Owner: { ID: bucket.ownerAccountId, DisplayName: bucket.ownerAccountId },
  };
}
