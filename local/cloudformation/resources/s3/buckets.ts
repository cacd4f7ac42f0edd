// Buckets.
import * as v from 'valibot';
import { AwsError } from '../../../aws/aws-error.ts';
import { checkBucketName } from '../../../aws/s3/bucket-names.ts';
import type { Bucket, BucketEncryption } from '../../../aws/state/buckets.ts';
import { physicalName } from '../../resource-kind/physical-name.ts';
import { bool, tags, text } from '../../resource-kind/properties.ts';
import { type ResourceContext, resourceKind } from '../../resource-kind/resource-kind.ts';
import { lifecycleRules, toLifecycle } from './lifecycle.ts';

const encryptionRule = v.strictObject({
  BucketKeyEnabled: v.optional(bool, false),
  ServerSideEncryptionByDefault: v.pipe(
    v.strictObject({
      SSEAlgorithm: v.picklist(['AES256', 'aws:kms', 'aws:kms:dsse']),
      KMSMasterKeyID: v.optional(text(2048)),
    }),
    v.check(
      ({ SSEAlgorithm, KMSMasterKeyID }) => SSEAlgorithm !== 'AES256' || KMSMasterKeyID === undefined,
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms',
    ),
  ),
});

const one = <Schema extends v.GenericSchema>(schema: Schema) => v.tuple([schema]);

/** What of public access a bucket blocks. */
export const publicAccessBlock = v.strictObject({
  BlockPublicAcls: v.optional(bool),
  BlockPublicPolicy: v.optional(bool),
  IgnorePublicAcls: v.optional(bool),
  RestrictPublicBuckets: v.optional(bool),
});

/** AWS::S3::Bucket */
export const bucket = resourceKind({
  properties: v.strictObject({
    BucketName: v.optional(v.string()),
    AccessControl: v.optional(v.literal('Private')),
    BucketNamespace: v.optional(v.picklist(['global', 'account-regional']), 'global'),
    BucketEncryption: v.optional(v.strictObject({ ServerSideEncryptionConfiguration: one(encryptionRule) })),
    LifecycleConfiguration: v.optional(v.strictObject({ Rules: lifecycleRules })),
    LoggingConfiguration: v.optional(
      v.strictObject({
        DestinationBucketName: v.optional(v.string()),
        LogFilePrefix: v.optional(v.string()),
      }),
    ),
    NotificationConfiguration: v.optional(
      v.strictObject({
        EventBridgeConfiguration: v.strictObject({ EventBridgeEnabled: v.optional(bool, true) }),
      }),
    ),
    OwnershipControls: v.optional(
      v.strictObject({
        Rules: one(
          v.strictObject({
            ObjectOwnership: v.picklist(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']),
          }),
        ),
      }),
    ),
    PublicAccessBlockConfiguration: v.optional(publicAccessBlock),
    VersioningConfiguration: v.optional(v.strictObject({ Status: v.picklist(['Enabled', 'Suspended']) })),
    Tags: tags,
  }),
  identify({ BucketName }, context) {
    const name = BucketName ?? physicalName(undefined, context, 63).toLowerCase();
    return {
      ref: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${context.region}.amazonaws.com`,
      },
    };
  },
  create(properties, { ref: name }, context) {
    const { world, account, region } = context;
    checkBucketName(name, { namespace: properties.BucketNamespace, accountId: account, region });
    if (world.buckets.has(name)) {
      throw new AwsError(409, 'BucketAlreadyExists', `${name} already exists`);
    }
    const logBucket = properties.LoggingConfiguration?.DestinationBucketName;
    if (logBucket !== undefined) requireLogBucket(logBucket, context);
    const made = world.createBucket({
      name,
      region,
      ownerAccountId: account,
      versioning: properties.VersioningConfiguration?.Status ?? 'Unversioned',
      encryption: encryptionOf(properties.BucketEncryption?.ServerSideEncryptionConfiguration[0]),
      acls:
        (properties.OwnershipControls?.Rules[0].ObjectOwnership ?? 'BucketOwnerEnforced') !==
        'BucketOwnerEnforced',
    });
    made.lifecycleRules = toLifecycle(properties.LifecycleConfiguration?.Rules ?? []);
  },
  delete(_properties, { ref: name }, context) {
    if (ownBucket(name, context).objects.size > 0) {
      throw new AwsError(409, 'BucketNotEmpty', `The bucket you tried to delete is not empty: ${name}`);
    }
    context.world.deleteBucket(name);
  },
});

function encryptionOf(rule: v.InferOutput<typeof encryptionRule> | undefined): BucketEncryption {
  if (rule === undefined) return { algorithm: 'AES256' };
  const { SSEAlgorithm, KMSMasterKeyID } = rule.ServerSideEncryptionByDefault;
  return {
    algorithm: SSEAlgorithm,
    bucketKey: rule.BucketKeyEnabled,
    ...(KMSMasterKeyID !== undefined && { keyId: KMSMasterKeyID }),
  };
}

/** S3 user guide, server access logging: source and target are of one account and region. */
function requireLogBucket(name: string, context: ResourceContext): void {
  const target = context.world.buckets.get(name);
  if (target?.ownerAccountId !== context.account || target.region !== context.region) {
    throw new AwsError(
      400,
      'InvalidTargetBucketForLogging',
      `The target bucket ${name} for logging does not exist, or is not owned by account ${context.account} in ${context.region}`,
    );
  }
}

/** The bucket of the account that a resource is about. @throws NoSuchBucket, AccessDenied */
export function ownBucket(name: string, { world, account }: ResourceContext): Bucket {
  const found = world.buckets.get(name);
  if (found === undefined)
    throw new AwsError(404, 'NoSuchBucket', `The specified bucket does not exist: ${name}`);
  if (found.ownerAccountId !== account) {
    throw new AwsError(403, 'AccessDenied', `Bucket ${name} belongs to account ${found.ownerAccountId}`);
  }
  return found;
}
