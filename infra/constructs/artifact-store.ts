// The encrypted buckets of one region: a KMS key, the artifact bucket, its access logs, and by choice the build bucket.
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnAlias, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type CfnBucket,
  type IBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { s3ViaService } from '../names.ts';
import type { Statement } from '../policy.ts';

/** Props of an ArtifactStore. */
export interface ArtifactStoreProps {
  /** Name of the artifact bucket. */
  readonly artifactBucketName: string;
  /** Name of the bucket that takes the access logs of the others. */
  readonly accessLogBucketName: string;
  /** Alias of the key, `alias/` included. */
  readonly keyAlias: string;
  /**
   * ARNs of roles in other accounts that read artifacts. They need not exist yet.
   * @default none
   */
  readonly readerRoleArns?: readonly string[];
  /**
   * Regions whose S3 may use the key for callers of this account: a cross-region copy may decrypt in either region.
   * @default the region of the stack
   */
  readonly copyRegions?: readonly string[];
  /**
   * Name of a second bucket, versioned and with events to EventBridge, that builds are published to.
   * @default no build bucket
   */
  readonly buildBucketName?: string;
  /**
   * How long artifacts are kept.
   * @default Duration.days(30)
   */
  readonly artifactExpiry?: Duration;
}

/** AWS KMS developer guide, "Key policies": what an administrator needs, action by action; none of it uses the key. */
export const KEY_ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:DisableKeyRotation',
  'kms:EnableKey',
  'kms:EnableKeyRotation',
  'kms:GetKeyPolicy',
  'kms:GetKeyRotationStatus',
  'kms:ListGrants',
  'kms:ListKeyPolicies',
  'kms:ListKeyRotations',
  'kms:ListResourceTags',
  'kms:PutKeyPolicy',
  'kms:RevokeGrant',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:UpdateAlias',
  'kms:UpdateKeyDescription',
];

const ACCESS_LOG_EXPIRY = Duration.days(90);
const NONCURRENT_EXPIRY = Duration.days(7);

/**
 * Where pipelines of one region keep their artifacts: private, owner-enforced, TLS only, always under this key.
 * Buckets and key outlive the stack, since nothing else holds what is in them.
 */
export class ArtifactStore extends Construct {
  /** The key of all buckets here. */
  readonly key: Key;
  /** The artifact bucket. */
  readonly artifactBucket: Bucket;
  /** The build bucket, if one was asked for. */
  readonly buildBucket: Bucket | undefined;

  constructor(scope: Construct, id: string, props: ArtifactStoreProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const readers = props.readerRoleArns ?? [];

    this.key = new Key(this, 'Key', {
      description: `Artifacts in ${props.artifactBucketName}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
      policy: toPolicyDocument(keyPolicy(stack, readers, props.copyRegions ?? [stack.region])),
    });
    new CfnAlias(this, 'Alias', { aliasName: props.keyAlias, targetKeyId: this.key.keyArn });

    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...PRIVATE,
      bucketName: props.accessLogBucketName,
      // S3 delivers access logs only to buckets with S3 managed keys (S3 user guide, server access logging).
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'expire', expiration: ACCESS_LOG_EXPIRY }, ABORT_UPLOADS],
    });
    const encrypted = (bucketName: string, expiry: Duration | undefined): BucketProps => ({
      ...PRIVATE,
      bucketName,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      versioned: true,
      // Bucket is an IBucket; exactOptionalPropertyTypes does not see it (isWebsite).
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: `${bucketName}/`,
      lifecycleRules: [
        {
          id: 'noncurrent',
          noncurrentVersionExpiration: NONCURRENT_EXPIRY,
          expiredObjectDeleteMarker: expiry === undefined,
        },
        ...(expiry ? [{ id: 'expire', expiration: expiry }] : []),
        ABORT_UPLOADS,
      ],
    });

    this.artifactBucket = new Bucket(
      this,
      'Artifacts',
      encrypted(props.artifactBucketName, props.artifactExpiry ?? Duration.days(30)),
    );
    grant(this.artifactBucket, [
      ...denyOtherEncryption(this.artifactBucket, this.key),
      ...allowReaders(this.artifactBucket, readers),
    ]);

    if (props.buildBucketName !== undefined) {
      this.buildBucket = new Bucket(this, 'Builds', encrypted(props.buildBucketName, undefined));
      // The property of the CfnBucket, since Bucket's `eventBridgeEnabled` brings a custom resource with a Lambda function.
      (this.buildBucket.node.defaultChild as CfnBucket).notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      };
      grant(this.buildBucket, denyOtherEncryption(this.buildBucket, this.key));
    }
  }
}

const ABORT_UPLOADS = { id: 'abort-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) };

const PRIVATE: BucketProps = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
};

function keyPolicy(stack: Stack, readers: readonly string[], copyRegions: readonly string[]): Statement[] {
  const account = `arn:${stack.partition}:iam::${stack.account}:root`;
  return [
    {
      Sid: 'AdministerInThisAccount',
      Effect: 'Allow',
      Principal: { AWS: account },
      Action: KEY_ADMINISTRATION,
      Resource: '*',
    },
    {
      // IAM policies of this account decide who; the key only ever works through S3.
      Sid: 'UseThroughS3InThisAccount',
      Effect: 'Allow',
      Principal: { AWS: account },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': stack.account, 'kms:ViaService': copyRegions.map(s3ViaService) },
      },
    },
    ...(readers.length === 0
      ? []
      : ([
          {
            Sid: 'DecryptThroughS3InDeployAccounts',
            Effect: 'Allow',
            Principal: { AWS: accountRootsOf(readers) },
            Action: ['kms:Decrypt'],
            Resource: '*',
            Condition: {
              ArnEquals: { 'aws:PrincipalArn': readers },
              StringEquals: { 'kms:ViaService': s3ViaService(stack.region) },
            },
          },
          {
            // CodePipeline looks at the key before it reads an artifact with the role of a cross-account action.
            Sid: 'DescribeInDeployAccounts',
            Effect: 'Allow',
            Principal: { AWS: accountRootsOf(readers) },
            Action: ['kms:DescribeKey'],
            Resource: '*',
            Condition: { ArnEquals: { 'aws:PrincipalArn': readers } },
          },
        ] satisfies Statement[])),
  ];
}

/** Writes that name an encryption must name this key; writes that name none get it from the bucket's default. */
function denyOtherEncryption(bucket: Bucket, key: Key): Statement[] {
  const encryptionIsNamed = { Null: { 's3:x-amz-server-side-encryption': 'false' } };
  return [
    {
      Sid: 'DenyWritesWithoutKms',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: bucket.arnForObjects('*'),
      Condition: {
        ...encryptionIsNamed,
        StringNotEquals: { 's3:x-amz-server-side-encryption': ['aws:kms', 'aws:kms:dsse'] },
      },
    },
    {
      Sid: 'DenyWritesUnderOtherKeys',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: bucket.arnForObjects('*'),
      Condition: {
        ...encryptionIsNamed,
        StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': key.keyArn },
      },
    },
  ];
}

function allowReaders(bucket: Bucket, readers: readonly string[]): Statement[] {
  if (readers.length === 0) return [];
  const who = {
    Principal: { AWS: accountRootsOf(readers) },
    Condition: { ArnEquals: { 'aws:PrincipalArn': readers } },
  };
  return [
    {
      Sid: 'ReadArtifactsInDeployAccounts',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:GetObjectVersion'],
      Resource: bucket.arnForObjects('*'),
      ...who,
    },
    {
      Sid: 'FindArtifactsInDeployAccounts',
      Effect: 'Allow',
      Action: ['s3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'],
      Resource: bucket.bucketArn,
      ...who,
    },
  ];
}

function accountRootsOf(roleArns: readonly string[]): string[] {
  return [...new Set(roleArns.map((arn) => arn.replace(/:role\/.*$/, ':root')))];
}

function grant(bucket: Bucket, statements: readonly Statement[]): void {
  for (const statement of statements) bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
}

function toPolicyDocument(statements: readonly Statement[]): PolicyDocument {
  return PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements });
}
