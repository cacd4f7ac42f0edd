// What every S3 operation gets and gives back, and the checks that most of them begin with.
import type { IncomingHttpHeaders } from 'node:http';
import { AwsError } from '../aws-error.ts';
import type { Content } from '../content/content.ts';
import { toBuffer } from '../content/content.ts';
import { header } from '../http/headers.ts';
import type { ChecksumSubject, Upload } from '../http/upload.ts';
import { parseXml } from '../http/xml.ts';
import { denialMessage, kmsDenialMessage } from '../iam/denial.ts';
import type { AccessRequest } from '../iam/evaluate.ts';
import type { Facts } from '../iam/policy.ts';
import { MAX_PARTS } from '../limits.ts';
import { invalidArgument, s3Error } from '../s3-errors.ts';
import type { Authorizer } from '../state/access.ts';
import type { Bucket, ObjectEncryption } from '../state/buckets.ts';
import type { Identity } from '../state/identities.ts';
import { requireUsable } from '../state/object-encryption.ts';
import type { World } from '../state/world.ts';

/** A request to S3, authenticated but not yet authorised. */
export interface S3Request {
  readonly world: World;
  readonly caller: Identity;
  /** Asks IAM, and keeps what it was asked. */
  readonly authorizer: Authorizer;
  /** The region that the client signed for, as if it had asked that region's endpoint. */
  readonly region: string;
  /** Empty where the operation is on no bucket, or no key. */
  readonly bucketName: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** Takes in the body; to be called once. Checksum headers are checked against it unless they mean something else. */
  receive(checksums?: ChecksumSubject): Promise<Upload>;
  /** Notes how many bytes of content the operation moved inside S3, for the log. */
  noteBytes(sizeBytes: number): void;
}

/** An answer without an error. Content is streamed; xml comes with its content type. */
export interface S3Answer {
  /** 200 if absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly xml?: string;
  readonly content?: Content;
  /** The length that a HEAD answer names without sending it. */
  readonly contentLength?: number;
}

/** Does what is asked. @throws AwsError */
export type S3Operation = (request: S3Request) => S3Answer | Promise<S3Answer>;

/** The value of a request header. */
export function requestHeader(request: S3Request, name: string): string | undefined {
  return header(request.headers, name);
}

/**
 * The bucket of the request.
 * @throws NoSuchBucket; PermanentRedirect if the client asked another region than the bucket's; AccessDenied if the
 * bucket does not belong to the account that the client expects.
 */
export function bucketOf(request: S3Request): Bucket {
  const bucket = existingBucket(request);
  if (bucket.region !== request.region) {
    throw s3Error(
      'PermanentRedirect',
      { Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`, Bucket: bucket.name },
      { 'x-amz-bucket-region': bucket.region },
    );
  }
  requireOwner(bucket, requestHeader(request, 'x-amz-expected-bucket-owner'));
  return bucket;
}

/** As `bucketOf`, in whichever region the bucket is. @throws NoSuchBucket, AccessDenied */
export function bucketAnywhere(request: S3Request): Bucket {
  const bucket = existingBucket(request);
  requireOwner(bucket, requestHeader(request, 'x-amz-expected-bucket-owner'));
  return bucket;
}

function existingBucket({ world, bucketName }: S3Request): Bucket {
  const bucket = world.buckets.get(bucketName);
  if (bucket === undefined) throw s3Error('NoSuchBucket', { BucketName: bucketName });
  return bucket;
}

/** @throws AccessDenied unless the bucket's owner is the expected account, if one is expected. */
export function requireOwner(bucket: Bucket, expectedAccountId: string | undefined): void {
  if (expectedAccountId !== undefined && expectedAccountId !== bucket.ownerAccountId) {
    throw new AwsError(403, 'AccessDenied', 'Access Denied');
  }
}

/** The bucket of the request, for a caller who may do this to it. @throws AccessDenied, and the errors of `bucketOf` */
export function permittedBucket(request: S3Request, action: string): Bucket {
  const bucket = bucketOf(request);
  authorize(request, action, bucket.arn);
  return bucket;
}

/** The ARN of an object, which its bucket need not have. */
export function objectArn(bucket: Bucket, key: string): string {
  return `${bucket.arn}/${key}`;
}

/** Whether the caller may do this, without failing if not. */
export function isAllowed(request: S3Request, action: string, resource: string): boolean {
  return request.authorizer.decide(action, resource).decision.effect === 'Allow';
}

/** @throws AccessDenied with the message that IAM gives. */
export function authorize(request: S3Request, action: string, resource: string, facts: Facts = {}): void {
  const { request: asked, decision } = request.authorizer.decide(action, resource, facts);
  if (decision.effect !== 'Allow') {
    throw accessDenied(request, asked, denialMessage(asked, decision, '"'));
  }
}

/** S3 gives reasons only to callers of the owner's account or organisation (S3 user guide, troubleshoot-403-errors). */
function accessDenied(
  { world, caller }: S3Request,
  { resourceAccountId }: AccessRequest,
  message: string,
): AwsError {
  const accounts = [caller.accountId, resourceAccountId ?? caller.accountId];
  const related =
    accounts[0] === accounts[1] || accounts.every((accountId) => world.organizationAccountIds.has(accountId));
  return new AwsError(403, 'AccessDenied', related ? message : 'Access Denied');
}

/** What S3 asks KMS for in the name of its caller. */
type KeyUse = 'kms:Decrypt' | 'kms:GenerateDataKey';

/** An object, or an upload, that is under a key. */
interface EncryptedObject {
  readonly bucket: Bucket;
  readonly key: string;
  readonly encryption: ObjectEncryption;
}

/**
 * Has KMS check what S3 asks of it in the caller's name. In a copy across regions, S3 of which region asks is not
 * documented; so the caller has to be allowed through both.
 * @throws AccessDenied, KMS.NotFoundException, KMS.DisabledException, KMS.KMSInvalidStateException
 */
export function useKey(request: S3Request, object: EncryptedObject, ...uses: readonly KeyUse[]): void {
  const { bucket, encryption } = object;
  if (encryption.keyArn === undefined) return;
  const key = request.world.keys.get(encryption.keyArn);
  for (const use of uses) {
    for (const region of new Set([bucket.region, request.region])) {
      const { request: asked, decision } = request.authorizer.decide(use, encryption.keyArn, {
        'aws:ViaAWSService': 'true',
        'kms:CallerAccount': request.caller.accountId,
        'kms:ViaService': `s3.${region}.amazonaws.com`,
        'kms:ResourceAliases': [...(key?.aliases ?? [])],
        'kms:EncryptionContextKeys': ['aws:s3:arn'],
        // With a bucket key, KMS is asked for the bucket, not for each object (S3 user guide, bucket keys).
        'kms:EncryptionContext:aws:s3:arn': encryption.bucketKey ? bucket.arn : objectArn(bucket, object.key),
      });
      if (decision.effect !== 'Allow') {
        throw accessDenied(request, asked, kmsDenialMessage(asked, decision));
      }
    }
  }
  if (key === undefined) {
    throw new AwsError(400, 'KMS.NotFoundException', `Key '${encryption.keyArn}' does not exist`);
  }
  requireUsable(key);
}

/** The request's body as a parsed document. @throws MalformedXML */
export async function xmlBody(
  request: S3Request,
  root: string,
  checksums?: ChecksumSubject,
): Promise<unknown> {
  const { content } = await request.receive(checksums);
  return parseXml(toBuffer(content).toString('utf8'), root);
}

/** A whole number from the query within bounds. @throws InvalidArgument */
export function queryNumber(
  request: S3Request,
  name: string,
  ifAbsent: number,
  max: number,
  min = 0,
): number {
  const value = request.query.get(name);
  if (value === undefined || value === '') return ifAbsent;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min) {
    throw invalidArgument(`Provided ${name} not an integer or within integer range`, name, value);
  }
  return Math.min(number, max);
}

/** A part number from the query. @throws InvalidArgument outside 1 to 10 000. */
export function partNumberOf(request: S3Request): number {
  const value = request.query.get('partNumber') ?? '';
  const partNumber = Number(value);
  if (!/^\d+$/.test(value) || partNumber < 1 || partNumber > MAX_PARTS) {
    throw invalidArgument(
      `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`,
      'partNumber',
      value,
    );
  }
  return partNumber;
}
