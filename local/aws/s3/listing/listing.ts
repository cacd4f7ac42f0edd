// What all listings share: what the query asks for, the page that answers it, and the encoding of keys.
import { encodeRfc3986 } from '../../http/uri.ts';
import { invalidArgument } from '../../s3-errors.ts';
import { compareKeys } from '../../state/buckets.ts';
import { queryNumber, type S3Request } from '../request.ts';

/** Entries on a page (S3 API, all listings of what is in a bucket). */
const MAX_ENTRIES = 1000;

/** What the query of a listing asks for. */
interface ListingQuery {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxEntries: number;
  /** Encodes keys as the request asks: XML cannot carry every character that a key can. */
  readonly encode: (key: string) => string;
  /** The elements that every listing repeats. */
  readonly common: {
    readonly Prefix: string;
    readonly Delimiter: string | undefined;
    readonly EncodingType: string | undefined;
  };
}

/** @throws InvalidArgument */
export function listingQuery(request: S3Request, maxName: string, min = 0): ListingQuery {
  const { query } = request;
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', encoding);
  }
  const encode = (key: string): string =>
    encoding === undefined ? key : encodeRfc3986(key).replaceAll('%2F', '/');
  return {
    prefix,
    delimiter,
    maxEntries: queryNumber(request, maxName, MAX_ENTRIES, MAX_ENTRIES, min),
    encode,
    common: {
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      EncodingType: encoding,
    },
  };
}

/**
 * The marker of listings in which a key can have several entries: a key, and an id among its entries.
 * @throws InvalidArgument for an id without a key
 */
export function listingMarker(
  { query }: S3Request,
  idName: 'version-id-marker' | 'upload-id-marker',
): { keyMarker: string; idMarker: string } {
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get(idName);
  if (idName === 'version-id-marker' && idMarker !== undefined && keyMarker === '') {
    throw invalidArgument('A version-id marker cannot be specified without a key marker.', idName, idMarker);
  }
  if (idName === 'version-id-marker' && idMarker === '') {
    throw invalidArgument('A version-id marker cannot be empty.', idName, idMarker);
  }
  return { keyMarker, idMarker: idMarker ?? '' };
}

/** One page, and what the next one begins after. */
interface ListingPage<Item> {
  readonly entries: Item[];
  readonly prefixes: string[];
  /** Set if there is more: a key or a common prefix, and the item if it is not a prefix. */
  readonly next: { readonly key: string; readonly item: Item | undefined } | undefined;
}

/**
 * Takes entries and common prefixes, which count alike, until the page is full. The items are in the order of the listing.
 * The page begins after the marker, whether or not what it names is still there; of the entries of the marker's own
 * key, `isAfter` tells which ones come after it.
 */
export function listingPage<Item extends { readonly key: string }>(
  items: readonly Item[],
  { prefix, delimiter, maxEntries }: Pick<ListingQuery, 'prefix' | 'delimiter' | 'maxEntries'>,
  marker: string,
  isAfter: (item: Item) => boolean = () => false,
): ListingPage<Item> {
  const entries: Item[] = [];
  const prefixes: string[] = [];
  let next: ListingPage<Item>['next'];
  for (const item of items) {
    const { key } = item;
    const order = compareKeys(key, marker);
    const common = commonPrefix(key, prefix, delimiter);
    const isListed =
      key.startsWith(prefix) &&
      (order > 0 || (order === 0 && isAfter(item))) &&
      // S3 leaves out common prefixes that do not come after the marker (S3 API, ListObjectsV2, Delimiter).
      (common === undefined || (common !== prefixes.at(-1) && compareKeys(common, marker) > 0));
    if (!isListed) continue;
    if (entries.length + prefixes.length === maxEntries) {
      return { entries, prefixes, next: maxEntries > 0 ? next : undefined };
    }
    next = { key: common ?? key, item: common === undefined ? item : undefined };
    if (common === undefined) {
      entries.push(item);
    } else {
      prefixes.push(common);
    }
  }
  return { entries, prefixes, next: undefined };
}

/** The part of the key up to the first delimiter after the prefix. */
function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' || !key.startsWith(prefix) ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
