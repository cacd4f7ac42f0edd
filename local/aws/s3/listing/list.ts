// ListObjects, ListObjectsV2 and ListObjectVersions.
import { timestamp, xmlDocument } from '../../http/xml.ts';
import { invalidArgument } from '../../s3-errors.ts';
import { compareKeys, currentObjects, isOlder, type ObjectVersion } from '../../state/buckets.ts';
import { quoted } from '../objects/object-headers.ts';
import { permittedBucket, type S3Answer, type S3Request } from '../request.ts';
import { requireVersionId } from '../version-id.ts';
import { listingMarker, listingPage, listingQuery } from './listing.ts';

/** S3 API, ListObjectsV2. */
export function listObjectsV2(request: S3Request): S3Answer {
  const { query } = request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const listing = listObjectsAfter(request, token === undefined ? startAfter : readToken(token));
  const { encode, common, entries, prefixes, next } = listing;
  return {
    headers: listing.headers,
    xml: xmlDocument('ListBucketResult', {
      ...common,
      ContinuationToken: token,
      StartAfter: startAfter === '' ? undefined : encode(startAfter),
      KeyCount: entries.length + prefixes.length,
      NextContinuationToken: next && writeToken(next.key),
      ...listing.elements(query.get('fetch-owner') === 'true'),
    }),
  };
}

/** The old listing, which rclone still uses. */
export function listObjects(request: S3Request): S3Answer {
  const marker = request.query.get('marker') ?? '';
  const listing = listObjectsAfter(request, marker);
  const { encode, common, next } = listing;
  return {
    headers: listing.headers,
    xml: xmlDocument('ListBucketResult', {
      ...common,
      Marker: encode(marker),
      NextMarker: next && common.Delimiter !== undefined ? encode(next.key) : undefined,
      ...listing.elements(true),
    }),
  };
}

/** S3 API, ListObjectVersions: delete markers included, of each key the latest first. */
export function listObjectVersions(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:ListBucketVersions');
  const listing = listingQuery(request, 'max-keys');
  const { keyMarker, idMarker } = listingMarker(request, 'version-id-marker');
  if (idMarker !== '') requireVersionId(idMarker, 'version-id-marker');
  const { encode } = listing;
  const versions = [...bucket.objects.entries()]
    .sort(([a], [b]) => compareKeys(a, b))
    .flatMap(([, ofKey]) => ofKey.toReversed());
  const { entries, prefixes, next } = listingPage(versions, listing, keyMarker, (version) =>
    isOlder(bucket, version, idMarker),
  );
  const describe = (version: ObjectVersion) => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: version === bucket.objects.get(version.key)?.at(-1),
    LastModified: timestamp(version.lastModified),
    Owner: { ID: bucket.ownerAccountId },
  });
  return {
    headers: { 'x-amz-bucket-region': bucket.region },
    xml: xmlDocument('ListVersionsResult', {
      Name: bucket.name,
      ...listing.common,
      KeyMarker: encode(keyMarker),
      VersionIdMarker: idMarker,
      MaxKeys: listing.maxEntries,
      IsTruncated: next !== undefined,
      NextKeyMarker: next && encode(next.key),
      NextVersionIdMarker: next?.item?.versionId,
      Version: entries
        .filter(({ deleteMarker }) => !deleteMarker)
        .map((entry) => ({ ...describe(entry), ...contents(entry) })),
      DeleteMarker: entries.filter(({ deleteMarker }) => deleteMarker).map(describe),
      CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
    }),
  };
}

function listObjectsAfter(request: S3Request, after: string) {
  const bucket = permittedBucket(request, 's3:ListBucket');
  const listing = listingQuery(request, 'max-keys');
  const { encode } = listing;
  const page = listingPage(currentObjects(bucket), listing, after);
  const { entries, prefixes, next } = page;
  return {
    ...page,
    encode,
    headers: { 'x-amz-bucket-region': bucket.region },
    common: {
      Name: bucket.name,
      ...listing.common,
      MaxKeys: listing.maxEntries,
      IsTruncated: next !== undefined,
    },
    elements: (withOwner: boolean) => ({
      Contents: entries.map((version) => ({
        Key: encode(version.key),
        LastModified: timestamp(version.lastModified),
        ...contents(version),
        ...(withOwner && { Owner: { ID: bucket.ownerAccountId, DisplayName: bucket.ownerAccountId } }),
      })),
      CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
    }),
  };
}

function contents(version: ObjectVersion) {
  return {
    ETag: quoted(version.etag),
    ChecksumAlgorithm: version.checksum?.algorithm,
    ChecksumType: version.checksum?.type,
    Size: version.sizeBytes,
    StorageClass: version.storageClass,
  };
}

/** A continuation token: opaque to clients, here where the next page begins. */
export function writeToken(after: string): string {
  return Buffer.from(after).toString('base64');
}

/** @throws InvalidArgument for a token that is not one of these */
export function readToken(token: string): string {
  const after = Buffer.from(token, 'base64').toString('utf8');
  if (token === '' || writeToken(after) !== token) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  }
  return after;
}
