// ListBuckets, ListObjects, ListObjectsV2 and ListObjectVersions.
import { AwsError } from '../../aws-error.ts';
import { xmlDocument } from '../../http/xml.ts';
import { compareKeys, currentObjects, type ObjectVersion } from '../../state/buckets.ts';
import { quoted } from '../objects/object-headers.ts';
import { authorize, bucketOf, queryNumber, type S3Answer, type S3Request } from '../request.ts';
import { commonPrefix, keyEncoder, listingPage } from './listing.ts';

/** Keys on a page (S3 API). */
const MAX_KEYS = 1000;

/** S3 API, ListBuckets: those of the caller's account. */
export function listBuckets(request: S3Request): S3Answer {
  authorize(request, 's3:ListAllMyBuckets', '*');
  const buckets = [...request.world.buckets.values()]
    .filter((bucket) => bucket.ownerAccountId === request.caller.accountId)
    .sort((a, b) => compareKeys(a.name, b.name));
  return {
    xml: xmlDocument('ListAllMyBucketsResult', {
      Owner: { ID: request.caller.accountId, DisplayName: request.caller.accountId },
      Buckets: {
        Bucket: buckets.map((bucket) => ({
          Name: bucket.name,
          CreationDate: bucket.createdAt.toISOString(),
          BucketRegion: bucket.region,
        })),
      },
    }),
  };
}

/** S3 API, ListObjectsV2. */
export function listObjectsV2(request: S3Request): S3Answer {
  const { query } = request;
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after') ?? '';
  const listing = listObjectsAfter(request, token === undefined ? startAfter : readToken(token));
  const { encode, common, entries, prefixes, isTruncated, next } = listing;
  return {
    xml: xmlDocument('ListBucketResult', {
      ...common,
      ContinuationToken: token,
      StartAfter: startAfter === '' ? undefined : encode(startAfter),
      KeyCount: entries.length + prefixes.length,
      NextContinuationToken: isTruncated ? Buffer.from(next).toString('base64') : undefined,
      ...listing.elements(query.get('fetch-owner') === 'true'),
    }),
  };
}

/** The old listing, which rclone still uses. */
export function listObjects(request: S3Request): S3Answer {
  const marker = request.query.get('marker') ?? '';
  const listing = listObjectsAfter(request, marker);
  const { encode, common, isTruncated, next } = listing;
  return {
    xml: xmlDocument('ListBucketResult', {
      ...common,
      Marker: encode(marker),
      NextMarker: isTruncated && common.Delimiter !== undefined ? encode(next) : undefined,
      ...listing.elements(true),
    }),
  };
}

/** S3 API, ListObjectVersions: delete markers included. */
export function listObjectVersions(request: S3Request): S3Answer {
  const bucket = bucketOf(request);
  authorize(request, 's3:ListBucketVersions', bucket.arn);
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const versionIdMarker = query.get('version-id-marker') ?? '';
  const maxKeys = queryNumber(request, 'max-keys', MAX_KEYS, MAX_KEYS);
  const encode = keyEncoder(query);
  const all = [...bucket.objects.entries()]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => compareKeys(a, b))
    .flatMap(([, versions]) =>
      versions.map((version) => ({ version, isLatest: version === versions.at(-1) })).reverse(),
    );
  const marked = all.findIndex(
    ({ version }) => version.key === keyMarker && version.versionId === versionIdMarker,
  );
  const items =
    marked >= 0
      ? all.slice(marked + 1)
      : all.filter(({ version }) => compareKeys(version.key, keyMarker) > 0);
  const page = listingPage({
    items,
    maxEntries: maxKeys,
    prefixOf: ({ version }) => commonPrefix(version.key, prefix, delimiter),
    after: keyMarker,
  });
  const { entries, prefixes, isTruncated, last } = page;
  const describe = ({ version, isLatest }: { version: ObjectVersion; isLatest: boolean }) => ({
    Key: encode(version.key),
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: version.lastModified.toISOString(),
    Owner: { ID: bucket.ownerAccountId },
  });
  return {
    xml: xmlDocument('ListVersionsResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      KeyMarker: encode(keyMarker),
      VersionIdMarker: versionIdMarker,
      MaxKeys: maxKeys,
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      EncodingType: query.get('encoding-type'),
      IsTruncated: isTruncated,
      NextKeyMarker: isTruncated && last ? encode(last.prefix ?? last.item.version.key) : undefined,
      NextVersionIdMarker:
        isTruncated && last && last.prefix === undefined ? last.item.version.versionId : undefined,
      Version: entries
        .filter(({ version }) => !version.deleteMarker)
        .map((entry) => ({ ...describe(entry), ...contents(entry.version) })),
      DeleteMarker: entries.filter(({ version }) => version.deleteMarker).map(describe),
      CommonPrefixes: prefixes.map((common) => ({ Prefix: encode(common) })),
    }),
  };
}

function listObjectsAfter(request: S3Request, after: string) {
  const bucket = bucketOf(request);
  authorize(request, 's3:ListBucket', bucket.arn);
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = queryNumber(request, 'max-keys', MAX_KEYS, MAX_KEYS);
  const encode = keyEncoder(query);
  const items = currentObjects(bucket).filter(
    ({ key }) => key.startsWith(prefix) && compareKeys(key, after) > 0,
  );
  const { entries, prefixes, isTruncated, last } = listingPage({
    items,
    maxEntries: maxKeys,
    prefixOf: ({ key }) => commonPrefix(key, prefix, delimiter),
    after,
  });
  return {
    encode,
    entries,
    prefixes,
    isTruncated,
    next: last?.prefix ?? last?.item.key ?? '',
    common: {
      Name: bucket.name,
      Prefix: encode(prefix),
      MaxKeys: maxKeys,
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      EncodingType: query.get('encoding-type'),
      IsTruncated: isTruncated,
    },
    elements: (withOwner: boolean) => ({
      Contents: entries.map((version) => ({
        Key: encode(version.key),
        LastModified: version.lastModified.toISOString(),
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

/** Tokens are opaque to clients; a foreign one is refused. */
function readToken(token: string): string {
  const key = Buffer.from(token, 'base64').toString('utf8');
  if (Buffer.from(key).toString('base64') !== token) {
    throw new AwsError(400, 'InvalidArgument', 'The continuation token provided is incorrect', {
      details: { ArgumentName: 'continuation-token' },
    });
  }
  return key;
}
