// ListBuckets.
import { timestamp, xmlDocument } from '../../http/xml.ts';
import { isRegion } from '../../regions.ts';
import { invalidArgument } from '../../s3-errors.ts';
import { compareKeys } from '../../state/buckets.ts';
import { authorize, type S3Answer, type S3Request } from '../request.ts';
import { readToken, writeToken } from './list.ts';
import { listingPage } from './listing.ts';

/** Buckets on a page (S3 API, ListBuckets). */
const MAX_BUCKETS = 10_000;

/** S3 API, ListBuckets: those of the caller's account, in pages only for those who ask for pages. */
export function listBuckets(request: S3Request): S3Answer {
  const { query, world, caller } = request;
  authorize(request, 's3:ListAllMyBuckets', '*');
  const token = query.get('continuation-token');
  const prefix = query.get('prefix') ?? '';
  const region = query.get('bucket-region');
  if (region !== undefined && !isRegion(region)) {
    throw invalidArgument('Argument value is not a region', 'bucket-region', region);
  }
  const buckets = [...world.buckets.values()]
    .filter((bucket) => bucket.ownerAccountId === caller.accountId)
    .filter((bucket) => region === undefined || bucket.region === region)
    .map((bucket) => ({ key: bucket.name, bucket }))
    .sort((a, b) => compareKeys(a.key, b.key));
  const { entries, next } = listingPage(
    buckets,
    { prefix, delimiter: '', maxEntries: maxBuckets(query.get('max-buckets')) },
    token === undefined ? '' : readToken(token),
  );
  return {
    xml: xmlDocument('ListAllMyBucketsResult', {
      Owner: { ID: caller.accountId, DisplayName: caller.accountId },
      Buckets: {
        Bucket: entries.map(({ bucket }) => ({
          Name: bucket.name,
          CreationDate: timestamp(bucket.createdAt),
          BucketRegion: bucket.region,
        })),
      },
      ContinuationToken: next && writeToken(next.key),
      Prefix: query.get('prefix'),
    }),
  };
}

function maxBuckets(value: string | undefined): number {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  const max = /^\d+$/.test(value) ? Number(value) : 0;
  if (max < 1 || max > MAX_BUCKETS) {
    throw invalidArgument(
      `Argument max-buckets must be an integer between 1 and ${MAX_BUCKETS}`,
      'max-buckets',
      value,
    );
  }
  return max;
}
