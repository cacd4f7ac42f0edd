// S3's protocol: REST with XML; the bucket is named by the path or by the host.
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../aws-error.ts';
import { EMPTY } from '../content/content.ts';
import { globalFacts, type TlsVersion } from '../http/global-facts.ts';
import { header } from '../http/headers.ts';
import type { Call, Protocol, Reply } from '../http/protocol.ts';
import { type Signature, verifySignature } from '../http/signature/sigv4.ts';
import type { Spool } from '../http/spool.ts';
import { receive } from '../http/upload.ts';
import { decode } from '../http/uri.ts';
import { errorDocument } from '../http/xml.ts';
import { isRegion } from '../regions.ts';
import { Authorizer } from '../state/access.ts';
import type { World } from '../state/world.ts';
import { operationOf } from './operations.ts';
import type { S3Answer } from './request.ts';
import { s3Facts } from './request-facts.ts';
import { requireSupported } from './unsupported-headers.ts';
import { requireVersionId } from './version-id.ts';

/** S3 for all regions on one endpoint; the region that a client signs for is the one it is taken to have asked. */
export function s3Protocol(world: World, spool: Spool, tlsVersion: TlsVersion): Protocol {
  return {
    parse: (request) => parse(world, spool, tlsVersion, request),
    error,
    idHeaders: (requestId) => ({
      'x-amz-request-id': requestId,
      'x-amz-id-2': hostId(requestId),
      server: 'AmazonS3',
    }),
  };
}

function parse(world: World, spool: Spool, tlsVersion: TlsVersion, request: IncomingMessage): Call {
  const { method = 'GET', headers } = request;
  const [path = '/', ...queryParts] = (request.url ?? '/').split('?');
  const rawQuery = queryParts.join('?');
  const { bucketName, key } = addressOf(header(headers, 'host') ?? '', path);
  const query = parseQuery(rawQuery);
  const operation = operationOf(method, bucketName, key, query, headers);
  const partNumber = Number(query.get('partNumber'));
  return {
    service: 's3',
    operation: operation?.name ?? method,
    method,
    ...(bucketName && { bucket: bucketName }),
    ...(key && { key }),
    ...(partNumber > 0 && { partNumber }),
    authenticate: async () => {
      const signature = await verifySignature({ method, path, rawQuery, headers }, (id) =>
        world.identity(id),
      );
      requireScope(signature, world.buckets.get(bucketName)?.region);
      const { identity, region } = signature;
      const authorizer = new Authorizer(world, identity, {
        ...globalFacts(region, tlsVersion),
        ...s3Facts(operation?.name ?? '', headers, query, tlsVersion),
      });
      let bytes = 0;
      return {
        region,
        accessKeyId: identity.credentials.accessKeyId,
        bytes: () => bytes,
        accesses: authorizer.accesses,
        run: async () => {
          if (operation === undefined) {
            throw new AwsError(501, 'NotImplemented', 'The embedded AWS does not implement this operation.');
          }
          const versionId = query.get('versionId');
          if (versionId !== undefined) requireVersionId(versionId);
          requireSupported(operation.name, headers, world.buckets.get(bucketName));
          const answer = await operation.run({
            world,
            caller: identity,
            authorizer,
            region,
            bucketName,
            key,
            query,
            headers,
            receive: (checksums = 'of the body') => receive(request, { spool, signature, checksums }),
            noteBytes: (sizeBytes) => {
              bytes += sizeBytes;
            },
          });
          return reply(answer);
        },
      };
    },
  };
}

/** @throws AuthorizationHeaderMalformed for a signature that is meant for another service, or for no region */
function requireScope({ service, region }: Signature, expected = 'us-east-1'): void {
  if (service !== 's3') {
    throw malformed(`incorrect service "${service}". This endpoint belongs to "s3".`);
  }
  if (!isRegion(region)) {
    throw malformed(`the region '${region}' is wrong; expecting '${expected}'`, { Region: expected });
  }
}

function malformed(what: string, details: Record<string, string> = {}): AwsError {
  const message = `The authorization header is malformed; ${what}`;
  return new AwsError(400, 'AuthorizationHeaderMalformed', message, details);
}

/** Hosts that name a bucket: `bucket.localhost`, and S3's own names, which proxies leave in the header. */
const VIRTUAL_HOST = /^(.+)\.(?:localhost|s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?)$/;

function addressOf(host: string, path: string): { bucketName: string; key: string } {
  const bucketName = VIRTUAL_HOST.exec(host.replace(/:\d+$/, '').toLowerCase())?.[1];
  if (bucketName !== undefined) return { bucketName, key: decode(path.slice(1)) };
  const slash = path.indexOf('/', 1);
  return slash < 0
    ? { bucketName: decode(path.slice(1)), key: '' }
    : { bucketName: decode(path.slice(1, slash)), key: decode(path.slice(slash + 1)) };
}

function parseQuery(rawQuery: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of rawQuery === '' ? [] : rawQuery.split('&')) {
    const [name = '', ...value] = pair.replaceAll('+', ' ').split('=');
    query.set(decode(name), decode(value.join('=')));
  }
  return query;
}

function reply({ status = 200, headers = {}, xml, content, contentLength }: S3Answer): Reply {
  return {
    status,
    headers: xml === undefined ? headers : { ...headers, 'content-type': 'application/xml' },
    body: xml ?? content ?? EMPTY,
    ...(contentLength !== undefined && { contentLength }),
  };
}

function error(awsError: AwsError, request: IncomingMessage, requestId: string): Reply {
  const { status, code, message, headers, details } = awsError;
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: errorDocument({
      Code: code,
      Message: message,
      ...details,
      Resource: (request.url ?? '').split('?')[0],
      RequestId: requestId,
      HostId: hostId(requestId),
    }),
  };
}

function hostId(requestId: string): string {
  return Buffer.from(`embedded-aws/${requestId}/${requestId}`).toString('base64');
}
