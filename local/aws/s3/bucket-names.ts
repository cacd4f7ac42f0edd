// Which names and which regions a new bucket can have.
import { AwsError } from '../aws-error.ts';
import { isRegion } from '../regions.ts';
import { s3Error } from '../s3-errors.ts';
import { requestHeader, type S3Request } from './request.ts';

/** S3 user guide, general purpose bucket naming rules. */
const BUCKET_NAME =
  /^(?!xn--|sthree-|amzn-s3-demo-)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!.*(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

const NAMESPACE_HEADER = 'x-amz-bucket-namespace';

/** @throws InvalidBucketName, MissingNamespaceHeader, InvalidNamespaceHeader */
export function requireBucketName(request: S3Request, region: string): void {
  const { bucketName, caller } = request;
  const namespace = requestHeader(request, NAMESPACE_HEADER) ?? 'global';
  checkBucketName(bucketName, { namespace, accountId: caller.accountId, region });
}

/**
 * A name that ends in `-ACCOUNT-REGION-an` belongs to that account in that region, and is asked for by a header.
 * @throws InvalidBucketName, MissingNamespaceHeader, InvalidNamespaceHeader
 */
export function checkBucketName(
  name: string,
  { namespace, accountId, region }: { namespace: string; accountId: string; region: string },
): void {
  if (!BUCKET_NAME.test(name)) throw s3Error('InvalidBucketName', { BucketName: name });
  const details = { Header: NAMESPACE_HEADER };
  if (namespace === 'global' && /-\d{12}-[a-z0-9-]+-an$/.test(name)) {
    throw new AwsError(
      400,
      'MissingNamespaceHeader',
      `The requested bucket is an account-regional namespace bucket, but your request is missing the required ${NAMESPACE_HEADER} header.`,
      details,
    );
  }
  const suffix = `-${accountId}-${region}-an`;
  if (namespace !== 'global' && (namespace !== 'account-regional' || !name.endsWith(suffix))) {
    throw new AwsError(
      400,
      'InvalidNamespaceHeader',
      `The ${NAMESPACE_HEADER} header must be global, or account-regional for a bucket whose name ends in ${suffix}.`,
      details,
    );
  }
}

/** The first region's endpoint makes buckets anywhere, every other one in its own region only. @throws InvalidLocationConstraint */
export function bucketRegion(constraint: string | undefined, region: string): string {
  // The first of all other regions has a second name (S3 API, CreateBucket).
  const wanted = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (wanted === 'us-east-1' || (wanted !== undefined && !isRegion(wanted))) {
    throw s3Error('InvalidLocationConstraint', {
      LocationConstraint: wanted,
    });
  }
  if (region === 'us-east-1' || wanted === region) return wanted ?? region;
  throw new AwsError(
    400,
    'IllegalLocationConstraintException',
    `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}
