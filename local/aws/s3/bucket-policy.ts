// PutBucketPolicy, GetBucketPolicy and DeleteBucketPolicy.
import { AwsError } from '../aws-error.ts';
import { fromBuffer, toBuffer } from '../content/content.ts';
import { refusing } from '../iam/policy-error.ts';
import { s3Error } from '../s3-errors.ts';
import { bucketOf, permittedBucket, type S3Answer, type S3Request } from './request.ts';

/** S3 user guide, bucket policies: 20 KB. */
const MAX_POLICY_BYTES = 20 * 1024;

/** S3 API, PutBucketPolicy: what is not valid, names nobody, or is about another bucket, is refused. */
export async function putBucketPolicy(request: S3Request): Promise<S3Answer> {
  permittedBucket(request, 's3:PutBucketPolicy');
  const { content } = await request.receive();
  if (content.sizeBytes > MAX_POLICY_BYTES) {
    const message = `Policy has ${content.sizeBytes} bytes, more than ${MAX_POLICY_BYTES}`;
    throw new AwsError(400, 'MalformedPolicy', message);
  }
  refusing('MalformedPolicy', () =>
    request.world.setBucketPolicy(bucketOf(request), toBuffer(content).toString('utf8')),
  );
  return { status: 204 };
}

/** S3 API, GetBucketPolicy: the document as it was put. */
export function getBucketPolicy(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:GetBucketPolicy');
  if (bucket.policy === undefined) {
    throw s3Error('NoSuchBucketPolicy', {
      BucketName: bucket.name,
    });
  }
  return {
    headers: { 'content-type': 'application/json' },
    content: fromBuffer(Buffer.from(bucket.policy.document)),
  };
}

/** S3 API, DeleteBucketPolicy: also of a bucket that has none. */
export function deleteBucketPolicy(request: S3Request): S3Answer {
  const bucket = permittedBucket(request, 's3:DeleteBucketPolicy');
  bucket.policy = undefined;
  return { status: 204 };
}
