// Which state of an object is meant: short digests of a version id or ETag, for tokens that have no room for the whole.
import { createHash } from 'node:crypto';
import type { ObjectFacts, SourcePin } from '../types.ts';

/** 36 bits: another state of an object passes for this one once in 69 thousand million times. */
const IDENTITY_CHARACTERS = 6;
const ETAG_DIGEST_CHARACTERS = 12;

type Identified = Pick<ObjectFacts, 'versionId'> & { readonly etag?: string | undefined };

/**
 * The very version of an object, or without versions the very ETag, which under SSE-KMS is another one after each write.
 * `undefined` when the server named neither.
 */
export function identityOf({ versionId, etag = '' }: Identified): string | undefined {
  const name = versionId ?? unquoted(etag);
  return name === '' ? undefined : digest(name).slice(0, IDENTITY_CHARACTERS);
}

/** What a later invocation needs to find the same source again. */
export function pinOf({ etag, versionId }: Pick<ObjectFacts, 'etag' | 'versionId'>): SourcePin {
  return { etagDigest: etagDigest(etag), ...(versionId === undefined ? {} : { versionId }) };
}

/** Does an object have the ETag that was pinned? */
export function hasPinnedEtag({ etag }: Pick<ObjectFacts, 'etag'>, pin: SourcePin): boolean {
  return etagDigest(etag) === pin.etagDigest;
}

function etagDigest(etag: string): string {
  return digest(etag).slice(0, ETAG_DIGEST_CHARACTERS);
}

/** Some servers quote an ETag in headers but not in XML. */
function unquoted(etag: string): string {
  return etag.replaceAll('"', '');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
