// Headers of features that the embedded AWS does not have: a request that asks for one is refused, never half obeyed.
import type { IncomingHttpHeaders } from 'node:http';
import type { AwsError } from '../aws-error.ts';
import { header } from '../http/headers.ts';
import { invalidArgument, notImplemented, s3Error } from '../s3-errors.ts';
import type { Bucket } from '../state/buckets.ts';

interface Unsupported {
  readonly name: RegExp;
  readonly refusal: (name: string) => AwsError;
  /** The values that ask for nothing. */
  readonly harmless?: RegExp;
  /** The one operation that the entry is about; the first entry that fits counts. */
  readonly operation?: string;
  /** Does not hold for a bucket that has ACLs. */
  readonly unlessAcls?: boolean;
}

/** Buckets are made without ACLs since April 2023 (S3 user guide, object ownership). */
const aclsAreOff = (): AwsError => s3Error('AccessControlListNotSupported');

const newBucketHasNoAcls = (): AwsError => s3Error('InvalidBucketAclWithObjectOwnership');

const notWhenReading = (name: string): AwsError =>
  invalidArgument(`${name} header is not supported for this operation.`, name);

/** A test compares them with the SDK's model: a header is read, harmless, or refused here. */
export const UNSUPPORTED: readonly Unsupported[] = [
  { name: /^x-amz-acl$/, refusal: newBucketHasNoAcls, harmless: /^private$/, operation: 'CreateBucket' },
  { name: /^x-amz-acl$/, refusal: aclsAreOff, harmless: /^bucket-owner-full-control$/, unlessAcls: true },
  { name: /^x-amz-acl$/, refusal: notImplemented, harmless: /^(private|bucket-owner-full-control)$/ },
  { name: /^x-amz-grant-/, refusal: newBucketHasNoAcls, operation: 'CreateBucket' },
  { name: /^x-amz-grant-/, refusal: aclsAreOff, unlessAcls: true },
  { name: /^x-amz-grant-/, refusal: notImplemented },
  { name: /^x-amz-object-ownership$/, refusal: notImplemented, harmless: /^BucketOwnerEnforced$/ },
  { name: /^x-amz-(object-lock-|bypass-governance-retention$)/, refusal: notImplemented },
  { name: /^x-amz-(copy-source-)?server-side-encryption-customer-/, refusal: notImplemented },
  { name: /^x-amz-server-side-encryption-context$/, refusal: notImplemented },
  { name: /^x-amz-server-side-encryption/, refusal: notWhenReading, operation: 'GetObject' },
  { name: /^x-amz-server-side-encryption/, refusal: notWhenReading, operation: 'HeadObject' },
  { name: /^x-amz-write-offset-bytes$/, refusal: notImplemented },
  { name: /^x-amz-mfa$/, refusal: notImplemented },
  // Only directory buckets have these (S3 API, DeleteObject and AbortMultipartUpload).
  { name: /^x-amz-if-match-(size|last-modified-time|initiated-time)$/, refusal: notImplemented },
];

/** @throws NotImplemented, AccessControlListNotSupported, InvalidBucketAclWithObjectOwnership */
export function requireSupported(
  operation: string,
  headers: IncomingHttpHeaders,
  bucket: Bucket | undefined,
): void {
  for (const name of Object.keys(headers).filter((each) => each.startsWith('x-amz-'))) {
    const unsupported = UNSUPPORTED.find(
      (entry) =>
        entry.name.test(name) &&
        (entry.operation ?? operation) === operation &&
        !(entry.unlessAcls === true && bucket?.acls === true),
    );
    if (unsupported !== undefined && unsupported.harmless?.test(header(headers, name) ?? '') !== true) {
      throw unsupported.refusal(name);
    }
  }
}
