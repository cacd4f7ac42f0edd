// Reads the code of a function from S3 as Lambda does: in the name of whoever makes the function.
import { createHash } from 'node:crypto';
import { AwsError } from '../../../aws/aws-error.ts';
import { toBuffer } from '../../../aws/content/content.ts';
import type { Facts } from '../../../aws/iam/policy.ts';
import { latest, versionOf } from '../../../aws/state/buckets.ts';
import { requireUsable } from '../../../aws/state/object-encryption.ts';
import type { ResourceContext } from '../../resource-kind/resource-kind.ts';

/** Where code is: in S3, or in the template itself. */
type Code =
  | { readonly S3Bucket: string; readonly S3Key: string; readonly S3ObjectVersion?: string | undefined }
  | { readonly ZipFile: string };

/** Lambda quotas: the unzipped code, which the zip is not larger than. */
const MAX_CODE_BYTES = 262_144_000;

/** The size and digest of the code. @throws AwsError as Lambda passes on what S3 answers */
export function readCode(code: Code, context: ResourceContext): ReturnType<typeof measured> {
  if ('ZipFile' in code) return measured(Buffer.from(code.ZipFile));
  const { S3Bucket, S3Key, S3ObjectVersion } = code;
  const { world, region } = context;
  const bucket = world.buckets.get(S3Bucket);
  if (bucket === undefined) throw refused('NoSuchBucket', 'The specified bucket does not exist');
  if (bucket.region !== region) {
    throw refused(
      'PermanentRedirect',
      `The bucket is in this region: ${bucket.region}. Please use this region to retry the request`,
    );
  }
  const facts: Facts = { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3', 'aws:ViaAWSService': 'true' };
  ask(() =>
    context.authorize(
      S3ObjectVersion === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
      `${bucket.arn}/${S3Key}`,
      facts,
    ),
  );
  const object =
    S3ObjectVersion === undefined ? latest(bucket, S3Key) : versionOf(bucket, S3Key, S3ObjectVersion);
  if (object === undefined || object.deleteMarker) {
    throw refused('NoSuchKey', `The specified key does not exist: ${S3Key} in ${S3Bucket}`);
  }
  if (object.encryption.keyArn !== undefined) decrypt(object.encryption.keyArn, bucket.arn, context);
  if (object.sizeBytes > MAX_CODE_BYTES) {
    throw new AwsError(
      400,
      'InvalidParameterValueException',
      `Unzipped size must be smaller than ${MAX_CODE_BYTES} bytes`,
    );
  }
  return measured(toBuffer(object.content));
}

function decrypt(keyArn: string, bucketArn: string, context: ResourceContext): void {
  const key = context.world.keys.get(keyArn);
  if (key === undefined) throw refused('KMS.NotFoundException', `Key '${keyArn}' does not exist`);
  const { caller, region } = context;
  ask(() => {
    requireUsable(key);
    context.authorize('kms:Decrypt', keyArn, {
      'aws:ViaAWSService': 'true',
      'kms:CallerAccount': 'accountId' in caller ? caller.accountId : undefined,
      'kms:EncryptionContext:aws:s3:arn': bucketArn,
      'kms:ResourceAliases': [...key.aliases],
      'kms:ViaService': `s3.${region}.amazonaws.com`,
    });
  });
}

/** Lambda passes on what S3 answers. */
function ask(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      403,
      'AccessDeniedException',
      `Your access has been denied by S3, please make sure your request credentials have permission to GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`,
    );
  }
}

function refused(code: string, message: string): AwsError {
  return new AwsError(
    400,
    'InvalidParameterValueException',
    `Error occurred while GetObject. S3 Error Code: ${code}. S3 Error Message: ${message}`,
  );
}

function measured(code: Uint8Array): { CodeSize: number; CodeSha256: string } {
  return { CodeSize: code.length, CodeSha256: createHash('sha256').update(code).digest('base64') };
}
