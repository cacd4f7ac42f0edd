// Requests of the services whose input is in the body: it is read whole, and signed with the rest.
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { isRegion } from '../regions.ts';
import { Authorizer } from '../state/access.ts';
import type { Identity } from '../state/identities.ts';
import type { World } from '../state/world.ts';
import { globalFacts, type TlsVersion } from './global-facts.ts';
import type { AuthenticatedCall } from './protocol.ts';
import { type Signature, verifySignature } from './signature/sigv4.ts';

/** More than any of the operations can take. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What services with JSON answers call what S3 says about signatures. */
export const JSON_SIGNATURE_ERRORS: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: 'UnrecognizedClientException',
  InvalidToken: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  RequestTimeTooSkewed: 'InvalidSignatureException',
  ExpiredToken: 'ExpiredTokenException',
  AccessDenied: 'MissingAuthenticationTokenException',
};

/** The body of a request. @throws RequestEntityTooLargeException */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request) {
    pieces.push(piece);
    sizeBytes += piece.length;
    if (sizeBytes > MAX_BODY_BYTES) {
      throw new AwsError(413, 'RequestEntityTooLargeException', 'Request body is too large');
    }
  }
  return Buffer.concat(pieces);
}

/** Who sent a request, and what the log needs of it. */
interface AuthenticatedBody {
  readonly identity: Identity;
  readonly authorizer: Authorizer;
  readonly logged: Omit<AuthenticatedCall, 'run'>;
}

/** Checks the signature of a request with its body. @throws the AwsError of S3 under the service's own name for it */
export async function authenticateBody(
  world: World,
  tlsVersion: TlsVersion,
  request: IncomingMessage,
  body: Buffer,
  service: SignedService,
): Promise<AuthenticatedBody> {
  const { identity, region } = await verifyBody(world, request, body, service);
  const authorizer = new Authorizer(world, identity, globalFacts(region, tlsVersion));
  const { accessKeyId } = identity.credentials;
  return {
    identity,
    authorizer,
    logged: { region, accessKeyId, accesses: authorizer.accesses, bytes: () => 0 },
  };
}

/** What a service wants to be signed for, and how it answers a wrong signature: with which status, and under which names. */
interface SignedService {
  readonly name: string;
  readonly status: number;
  readonly errorNames: Readonly<Record<string, string>>;
}

async function verifyBody(
  world: Pick<World, 'identity'>,
  request: IncomingMessage,
  body: Buffer,
  service: SignedService,
): Promise<Signature> {
  const { method = 'POST', url = '/', headers } = request;
  const bodySha256 = hash('sha256', body);
  const [path = '/', rawQuery = ''] = url.split('?');
  try {
    const signed = { method, path, rawQuery, headers, bodySha256 };
    const signature = await verifySignature(signed, (id) => world.identity(id));
    requireScope(signature, service.name);
    return signature;
  } catch (error) {
    if (error instanceof AwsError) {
      throw new AwsError(service.status, service.errorNames[error.code] ?? error.code, error.message);
    }
    throw error;
  }
}

/** General reference, Signature Version 4 troubleshooting: the scope must name the service and a region of it. */
function requireScope({ service, region }: Signature, expected: string): void {
  if (service !== expected) {
    throw new AwsError(
      403,
      'SignatureDoesNotMatch',
      `Credential should be scoped to correct service: '${expected}'.`,
    );
  }
  if (!isRegion(region)) {
    throw new AwsError(403, 'SignatureDoesNotMatch', 'Credential should be scoped to a valid region.');
  }
}
