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
import { allowReaders, denyOtherEncryption, keyPolicy } from '../permissions/artifact-store-policies.ts';
import type { Statement } from '../permissions/policy.ts';

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

const ACCESS_LOG_EXPIRY = Duration.days(90);
const NONCURRENT_EXPIRY = Duration.days(7);

/**
 * Where pipelines of one region keep their artifacts: private, owner-enforced, TLS only, always under this key.
 * Buckets and key outlive the stack, since nothing else holds what is in them; those of a first create that failed go with
 * it, so that the next one finds their names free.
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
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
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
      ...denyOtherEncryption(this.artifactBucket, this.key, props.keyAlias),
      ...allowReaders(this.artifactBucket, readers),
    ]);

    if (props.buildBucketName !== undefined) {
      this.buildBucket = new Bucket(this, 'Builds', encrypted(props.buildBucketName, undefined));
      // The property of the CfnBucket, since Bucket's `eventBridgeEnabled` brings a custom resource with a Lambda function.
      (this.buildBucket.node.defaultChild as CfnBucket).notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      };
      grant(this.buildBucket, denyOtherEncryption(this.buildBucket, this.key, props.keyAlias));
    }
  }
}

const ABORT_UPLOADS = { id: 'abort-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) };

const PRIVATE: BucketProps = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
};

function grant(bucket: Bucket, statements: readonly Statement[]): void {
  for (const statement of statements) bucket.addToResourcePolicy(PolicyStatement.fromJson(statement));
}

function toPolicyDocument(statements: readonly Statement[]): PolicyDocument {
  return PolicyDocument.fromJson({ Version: '2012-10-17', Statement: statements });
}
