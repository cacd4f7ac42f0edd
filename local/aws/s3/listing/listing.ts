// What all listings share: common prefixes, pages, and the encoding of keys.
import { encodeRfc3986 } from '../../http/uri.ts';

/** What a page is cut from. */
export interface Listing<Item> {
  /** In the order of the listing, after the marker. */
  readonly items: readonly Item[];
  readonly maxEntries: number;
  /** The common prefix that stands for the item, if it is not listed itself. */
  readonly prefixOf: (item: Item) => string | undefined;
  /** A common prefix that has been listed already is not listed again. */
  readonly after: string;
}

/** One page, and where the next one begins. */
export interface ListingPage<Item> {
  readonly entries: Item[];
  readonly prefixes: string[];
  readonly isTruncated: boolean;
  /** What the next page starts after. */
  readonly last: { readonly item: Item; readonly prefix: string | undefined } | undefined;
}

/** Takes entries and common prefixes, which count alike, until the page is full. */
export function listingPage<Item>({ items, maxEntries, prefixOf, after }: Listing<Item>): ListingPage<Item> {
  const entries: Item[] = [];
  const prefixes: string[] = [];
  let last: ListingPage<Item>['last'];
  for (const item of items) {
    const prefix = prefixOf(item);
    if (prefix !== undefined && (prefix === prefixes.at(-1) || prefix === after)) {
      continue;
    }
    if (entries.length + prefixes.length === maxEntries) {
      return { entries, prefixes, isTruncated: maxEntries > 0, last };
    }
    last = { item, prefix };
    if (prefix === undefined) {
      entries.push(item);
    } else {
      prefixes.push(prefix);
    }
  }
  return { entries, prefixes, isTruncated: false, last };
}

/** The part of the key up to the first delimiter after the prefix. */
export function commonPrefix(key: string, prefix: string, delimiter: string): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Encodes keys as the request asks: XML cannot carry every character that a key can. */
export function keyEncoder(query: ReadonlyMap<string, string>): (key: string) => string {
  return query.get('encoding-type') === 'url'
    ? (key) => encodeRfc3986(key).replaceAll('%2F', '/')
    : (key) => key;
}
