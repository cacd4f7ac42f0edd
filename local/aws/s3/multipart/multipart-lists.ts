// ListParts and ListMultipartUploads.
import { timestamp, xmlDocument } from '../../http/xml.ts';
import { MAX_PARTS } from '../../limits.ts';
import { type Bucket, compareKeys, type MultipartUpload } from '../../state/buckets.ts';
import { listingMarker, listingPage, listingQuery } from '../listing/listing.ts';
import { quoted } from '../objects/object-headers.ts';
import {
  authorize,
  bucketOf,
  objectArn,
  permittedBucket,
  queryNumber,
  type S3Answer,
  type S3Request,
} from '../request.ts';
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
        LastModified: timestamp(part.lastModified),
        ETag: quoted(part.etag),
        Size: part.content.sizeBytes,
        ...(algorithm && part.checksum && { [`Checksum${algorithm}`]: part.checksum }),
      })),
    }),
  };
}

/** S3 API, ListMultipartUploads. */
export function listMultipartUploads(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:ListBucketMultipartUploads');
  const listing = listingQuery(request, 'max-uploads', 1);
  const { keyMarker, idMarker } = listingMarker(request, 'upload-id-marker');
  const { encode } = listing;
  const uploads = [...bucket.uploads.values()].sort(byKeyThenAge);
  const { entries, prefixes, next } = listingPage(
    uploads,
    listing,
    keyMarker,
    ({ uploadId }) => idMarker !== '' && uploadId > idMarker,
  );
  return {
    headers: { 'x-amz-bucket-region': bucket.region },
    xml: xmlDocument('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: next && encode(next.key),
      NextUploadIdMarker: next?.item?.uploadId,
      ...listing.common,
      MaxUploads: listing.maxEntries,
      IsTruncated: next !== undefined,
      Upload: entries.map((upload) => ({
        Key: encode(upload.key),
        UploadId: upload.uploadId,
        ...people(bucket, upload),
        StorageClass: upload.storageClass,
        Initiated: timestamp(upload.initiatedAt),
        ChecksumAlgorithm: upload.checksum?.algorithm,
        ChecksumType: upload.checksum?.type,
      })),
      CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
    }),
  };
}

/** Uploads of one key are listed in the order of their initiation (S3 API, ListMultipartUploads). */
function byKeyThenAge(a: MultipartUpload, b: MultipartUpload): number {
  return compareKeys(a.key, b.key) || (a.uploadId < b.uploadId ? -1 : 1);
}

function people(bucket: Bucket, upload: MultipartUpload) {
  return {
    Initiator: { ID: upload.initiatorArn, DisplayName: upload.initiatorArn.split('/').slice(1).join('/') },
    Owner: { ID: bucket.ownerAccountId, DisplayName: bucket.ownerAccountId },
  };
}
