// The canonical form of a request, over which Signature Version 4 is computed.
import type { IncomingHttpHeaders } from 'node:http';
import { getCanonicalQuery } from '@smithy/signature-v4';
import { header } from '../headers.ts';
import { decode, encodeRfc3986 } from '../uri.ts';

/** What the signature covers of a request. */
export interface SignedRequest {
  readonly method: string;
  /** As it came, percent-encoded. */
  readonly path: string;
  readonly rawQuery: string;
  readonly headers: IncomingHttpHeaders;
  /** For services that do not announce the hash of the body in a header. */
  readonly bodySha256?: string;
}

/** Assembled here because the library's signer decides itself which headers to sign; here the client has decided. */
export function canonicalRequest(
  request: SignedRequest,
  claim: { readonly signedHeaders: readonly string[]; readonly payloadHash: string },
): string {
  const { method, path, rawQuery, headers } = request;
  const names = claim.signedHeaders;
  const parts = { method, path, protocol: 'http:', hostname: '', headers: {}, query: queryBag(rawQuery) };
  return [
    method,
    encodeAgain(path),
    getCanonicalQuery(parts),
    ...names.map((name) => `${name}:${foldBlanks(header(headers, name) ?? '')}`),
    '',
    names.join(';'),
    claim.payloadHash,
  ].join('\n');
}

/** Only blanks, tabs and line ends: a no-break space belongs to the value (SigV4, create a canonical request). */
function foldBlanks(value: string): string {
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '');
}

function queryBag(rawQuery: string): Record<string, string[]> {
  // Without the properties that every object has: a parameter may be called `constructor`.
  const bag = Object.create(null) as Record<string, string[]>;
  for (const pair of rawQuery.split('&')) {
    if (pair !== '') {
      const [name = '', ...value] = pair.split('=');
      bag[decode(name)] = [...(bag[decode(name)] ?? []), decode(value.join('='))];
    }
  }
  return bag;
}

const UNRESERVED_OR_SLASH = /^[A-Za-z0-9\-._~/]*$/;

/** Percent-encodes everything in a path but unreserved characters, whatever the client left as it was. */
function encodeAgain(path: string): string {
  return UNRESERVED_OR_SLASH.test(path) ? path : encodeRfc3986(decode(path)).replaceAll('%2F', '/');
}
