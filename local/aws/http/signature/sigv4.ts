// Checks Signature Version 4 as AWS does: header or query, clock skew, session token, scope, signature.
import { createHmac, createSecretKey, hash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Sha256 } from '@smithy/core/checksum';
import { createScope, getSigningKey } from '@smithy/signature-v4';
import { AwsError } from '../../aws-error.ts';
import { s3Error } from '../../s3-errors.ts';
import type { Credentials, Identity } from '../../state/identities.ts';
import { header } from '../headers.ts';
import { canonicalRequest, type SignedRequest } from './canonical-request.ts';

/** Who signed, for which region; and what chunk signatures continue from. */
export interface Signature {
  readonly identity: Identity;
  readonly region: string;
  readonly service: string;
  /** `20261121T003000Z`. */
  readonly timestamp: string;
  readonly scope: string;
  readonly signature: string;
  readonly signingKey: KeyObject;
}

/** Requests may be this far from the server's clock (S3 API, RequestTimeTooSkewed). */
const MAX_SKEW_MS = 15 * 60 * 1000;

/** Presigned URLs live at most a week (S3 API, query string authentication). */
const MAX_EXPIRES_SECONDS = 7 * 24 * 60 * 60;

/** @throws the AwsError that S3 answers; JSON services have other names for the same. */
export async function verifySignature(
  request: SignedRequest,
  findIdentity: (accessKeyId: string) => Identity | undefined,
  now: number = Date.now(),
): Promise<Signature> {
  const claim = readClaim(request);
  const [accessKeyId = '', date = '', region = '', service = '', terminator = ''] =
    claim.credential.split('/');
  if (terminator !== 'aws4_request') {
    throw new AwsError(400, 'AuthorizationHeaderMalformed', 'The Credential is malformed');
  }
  const identity = findIdentity(accessKeyId);
  if (identity === undefined) throw s3Error('InvalidAccessKeyId', { AWSAccessKeyId: accessKeyId });
  checkClock(claim, now);
  const scope = createScope(date, region, service);
  const key = await signingKeyOf(identity.credentials, date, region, service);
  const canonical = canonicalRequest(request, claim);
  const canonicalHash = hash('sha256', Buffer.from(canonical, 'latin1'));
  const stringToSign = `AWS4-HMAC-SHA256\n${claim.timestamp}\n${scope}\n${canonicalHash}`;
  const expected = createHmac('sha256', key).update(stringToSign).digest('hex');
  if (!equal(expected, claim.signature) || !claim.timestamp.startsWith(date)) {
    throw new AwsError(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      { AWSAccessKeyId: accessKeyId, StringToSign: stringToSign, CanonicalRequest: canonical },
    );
  }
  requireAllSigned(request, claim);
  checkToken(identity, claim.token, now);
  return {
    identity,
    region,
    service,
    timestamp: claim.timestamp,
    scope,
    signature: claim.signature,
    signingKey: key,
  };
}

const signingKeys = new WeakMap<Credentials, Map<string, KeyObject>>();

/** Derived once per day, region and service, and kept as a key: each HMAC with plain bytes makes a new one of them. */
async function signingKeyOf(
  credentials: Credentials,
  ...scope: readonly [date: string, region: string, service: string]
): Promise<KeyObject> {
  const known = signingKeys.get(credentials) ?? new Map<string, KeyObject>();
  signingKeys.set(credentials, known);
  const name = scope.join('/');
  const key = known.get(name) ?? createSecretKey(await getSigningKey(Sha256, credentials, ...scope));
  known.set(name, key);
  return key;
}

interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly timestamp: string;
  readonly token: string | undefined;
  readonly payloadHash: string;
  /** Set for presigned URLs, which are valid from their timestamp on. */
  readonly expiresSeconds?: number;
}

function readClaim(request: SignedRequest): Claim {
  const { headers } = request;
  const { authorization } = headers;
  if (authorization === undefined) return readPresignedClaim(request);
  const match =
    /^AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=(\S+)$/.exec(
      authorization,
    );
  if (match === null) {
    throw new AwsError(
      400,
      'AuthorizationHeaderMalformed',
      'The authorization header that you provided is not valid.',
    );
  }
  const [, credential = '', signedHeaders = '', signature = ''] = match;
  const payloadHash = request.bodySha256 ?? header(headers, 'x-amz-content-sha256');
  if (payloadHash === undefined) {
    throw new AwsError(
      400,
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  return {
    credential,
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp: header(headers, 'x-amz-date') ?? basicTime(header(headers, 'date') ?? ''),
    token: header(headers, 'x-amz-security-token'),
    payloadHash,
  };
}

/** The time of a Date header in the form that is signed; empty if there is none in it. */
function basicTime(date: string): string {
  const time = Date.parse(date);
  return Number.isNaN(time) ? '' : new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}

function readPresignedClaim(request: SignedRequest): Claim {
  const query = new URLSearchParams(request.rawQuery);
  const credential = query.get('X-Amz-Credential');
  if (credential === null) throw new AwsError(403, 'AccessDenied', 'Access Denied');
  return {
    credential,
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp: query.get('X-Amz-Date') ?? '',
    token: query.get('X-Amz-Security-Token') ?? undefined,
    payloadHash: header(request.headers, 'x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
    expiresSeconds: Number(query.get('X-Amz-Expires') ?? Number.NaN),
  };
}

/** What is not signed may have been added on the way. */
function requireAllSigned({ headers }: SignedRequest, { signedHeaders }: Claim): void {
  const unsigned = Object.keys(headers).filter(
    (name) => name.startsWith('x-amz-') && !signedHeaders.includes(name),
  );
  if (unsigned.length > 0) {
    throw new AwsError(
      403,
      'AccessDenied',
      'There were headers present in the request which were not signed',
      { HeadersNotSigned: unsigned.join(', ') },
    );
  }
}

function checkClock({ timestamp, expiresSeconds }: Claim, now: number): void {
  const signedAt = Date.parse(
    timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (Number.isNaN(signedAt)) {
    throw new AwsError(403, 'AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
  }
  if (expiresSeconds !== undefined) {
    if (!(expiresSeconds >= 0 && expiresSeconds <= MAX_EXPIRES_SECONDS)) {
      throw s3Error('AuthorizationQueryParametersError');
    }
    if (now > signedAt + expiresSeconds * 1000) {
      throw new AwsError(403, 'AccessDenied', 'Request has expired');
    }
  }
  if (signedAt > now + MAX_SKEW_MS || (expiresSeconds === undefined && signedAt < now - MAX_SKEW_MS)) {
    throw s3Error('RequestTimeTooSkewed', {
      RequestTime: timestamp,
      ServerTime: new Date(now).toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    });
  }
}

function checkToken({ credentials, expiresAt }: Identity, token: string | undefined, now: number): void {
  if (credentials.sessionToken !== token) throw s3Error('InvalidToken');
  if (expiresAt !== undefined && expiresAt.getTime() <= now) throw s3Error('ExpiredToken');
}

function equal(expected: string, given: string): boolean {
  return expected.length === given.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given));
}
