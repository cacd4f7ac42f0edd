// Buckets themselves: create, delete, head, location, default encryption, versioning.
import { AwsError } from '../aws-error.ts';
import { toBuffer } from '../content/content.ts';
import { child, children, parseXml, text, xmlDocument } from '../http/xml.ts';
import { invalidArgument, s3Error } from '../s3-errors.ts';
import { type BucketEncryption, UNCHOSEN_ENCRYPTION } from '../state/buckets.ts';
import { bucketRegion, requireBucketName } from './bucket-names.ts';
import { encryptionElements, isEncryptionAlgorithm } from './objects/object-headers.ts';
import {
  authorize,
  bucketAnywhere,
  bucketOf,
  permittedBucket,
  requestHeader,
  type S3Answer,
  type S3Request,
  xmlBody,
} from './request.ts';

/** S3 API, CreateBucket: made again by its owner outside us-east-1, it is a conflict. */
export async function createBucket(request: S3Request): Promise<S3Answer> {
  const { world, bucketName, caller, region } = request;
  authorize(request, 's3:CreateBucket', `arn:aws:s3:::${bucketName}`);
  const body = toBuffer((await request.receive()).content).toString('utf8');
  const constraint =
    body === '' ? undefined : text(parseXml(body, 'CreateBucketConfiguration'), 'LocationConstraint');
  const newRegion = bucketRegion(constraint, region);
  requireBucketName(request, newRegion);
  const existing = world.buckets.get(bucketName);
  if (
    existing?.ownerAccountId === caller.accountId &&
    existing.region === 'us-east-1' &&
    region === 'us-east-1'
  ) {
    // The first region answers its owner as if the bucket were new (S3 API, CreateBucket).
    return { headers: { location: `/${bucketName}` } };
  }
  if (existing !== undefined) {
    throw existing.ownerAccountId === caller.accountId
      ? s3Error('BucketAlreadyOwnedByYou')
      : s3Error('BucketAlreadyExists');
  }
  world.createBucket({
    name: bucketName,
    region: newRegion,
    ownerAccountId: caller.accountId,
    // Named together with an ACL, a bucket has ACLs (real S3: rclone relies on it).
    acls: requestHeader(request, 'x-amz-acl') !== undefined,
    objectLock: requestHeader(request, 'x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true',
  });
  return { headers: { location: `/${bucketName}` } };
}

/** S3 API, DeleteBucket: of an empty one. */
export function deleteBucket(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:DeleteBucket');
  if (bucket.objects.size > 0) {
    throw s3Error('BucketNotEmpty', {
      BucketName: bucket.name,
    });
  }
  request.world.deleteBucket(bucket.name);
  return { status: 204 };
}

/** Tells the bucket's region even to those whom it tells nothing else. */
export function headBucket(request: S3Request): S3Answer {
  const region = request.world.buckets.get(request.bucketName)?.region;
  try {
    authorize(request, 's3:ListBucket', bucketOf(request).arn);
  } catch (error) {
    if (error instanceof AwsError && region !== undefined) {
      throw new AwsError(error.status, error.code, error.message, error.details, {
        ...error.headers,
        'x-amz-bucket-region': region,
      });
    }
    throw error;
  }
  return { headers: { 'x-amz-bucket-region': region, 'x-amz-access-point-alias': 'false' } };
}

/** S3 API, GetBucketLocation. */
export function getBucketLocation(request: S3Request): S3Answer {
  // The first region's endpoint tells the location of any bucket, so that clients can find out where to go.
  const bucket = request.region === 'us-east-1' ? bucketAnywhere(request) : bucketOf(request);
  authorize(request, 's3:GetBucketLocation', bucket.arn);
  // The first region has no name here, for historical reasons (S3 API, GetBucketLocation).
  return {
    xml: xmlDocument('LocationConstraint', bucket.region === 'us-east-1' ? {} : { '#text': bucket.region }),
  };
}

/** S3 API, GetBucketEncryption. */
export function getBucketEncryption(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:GetEncryptionConfiguration');
  if (bucket.encryption === undefined) {
    throw s3Error('ServerSideEncryptionConfigurationNotFoundError', { BucketName: bucket.name });
  }
  return { xml: xmlDocument('ServerSideEncryptionConfiguration', encryptionElements(bucket.encryption)) };
}

/** Takes any key id, as S3 does: whether there is such a key shows only when an object is written. */
export async function putBucketEncryption(request: S3Request): Promise<S3Answer> {
  permittedBucket(request, 's3:PutEncryptionConfiguration');
  const [rule, ...others] = children(await xmlBody(request, 'ServerSideEncryptionConfiguration'), 'Rule');
  const byDefault = child(rule, 'ApplyServerSideEncryptionByDefault');
  const algorithm = text(byDefault, 'SSEAlgorithm');
  const keyId = text(byDefault, 'KMSMasterKeyID');
  if (
    rule === undefined ||
    others.length > 0 ||
    algorithm === undefined ||
    !isEncryptionAlgorithm(algorithm)
  ) {
    throw s3Error('MalformedXML');
  }
  if (algorithm === 'AES256' && keyId !== undefined) {
    throw invalidArgument('a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms');
  }
  const encryption: BucketEncryption = {
    algorithm,
    ...(keyId !== undefined && { keyId }),
    bucketKey: text(rule, 'BucketKeyEnabled') === 'true',
  };
  bucketOf(request).encryption = encryption;
  return {};
}

/** A bucket without a default encryption of its own has SSE-S3. */
export function deleteBucketEncryption(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:PutEncryptionConfiguration');
  bucket.encryption = UNCHOSEN_ENCRYPTION;
  return { status: 204 };
}

/** S3 API, GetBucketVersioning: says nothing of a bucket that never had versions. */
export function getBucketVersioning(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:GetBucketVersioning');
  return {
    xml: xmlDocument('VersioningConfiguration', {
      Status: bucket.versioning === 'Unversioned' ? undefined : bucket.versioning,
    }),
  };
}

/** S3 API, PutBucketVersioning. */
export async function putBucketVersioning(request: S3Request): Promise<S3Answer> {
  permittedBucket(request, 's3:PutBucketVersioning');
  const status = text(await xmlBody(request, 'VersioningConfiguration'), 'Status');
  if (status !== 'Enabled' && status !== 'Suspended') throw s3Error('MalformedXML');
  bucketOf(request).versioning = status;
  return {};
}
