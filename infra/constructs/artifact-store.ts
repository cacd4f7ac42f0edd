// The encrypted buckets of one region: a KMS key, the artifact bucket, its access logs, and optionally the build bucket.
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
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { allowReaders, denyOtherEncryption, keyPolicy } from '../permissions/artifact-store-policies.ts';
import { policyDocument } from '../permissions/policy.ts';
import type { Statement } from '../permissions/statement.ts';

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
   * How long artifacts are kept. A stack that was deployed from an artifact needs it to be rolled back.
   * @default for ever; after 30 days in the storage class for what is seldom read
   */
  readonly artifactExpiry?: Duration;
  /**
   * How long builds that were replaced by newer ones are kept, to be deployed again.
   * @default Duration.days(365)
   */
  readonly replacedBuildExpiry?: Duration;
  /**
   * Raised, the store gets a new key under the same alias; the old one stays, for what it encrypted.
   * @default 1
   */
  readonly keyGeneration?: number;
  /**
   * The namespace of the buckets; the names of account-regional ones end in `-ACCOUNT-REGION-an`.
   * @default 'global'
   * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/gpbucketnamespaces.html
   */
  readonly bucketNamespace?: 'global' | 'account-regional';
}

const ACCESS_LOG_EXPIRY = Duration.days(90);
/** How long what was deleted or overwritten by mistake can be restored. */
const RESTORE_PERIOD = Duration.days(30);
const SELDOM_READ = Duration.days(30);

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
    const generation = props.keyGeneration ?? 1;

    this.key = new Key(this, generation === 1 ? 'Key' : `Key${generation}`, {
      description: `Artifacts in ${props.artifactBucketName}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      policy: PolicyDocument.fromJson(
        policyDocument(keyPolicy(stack, readers, props.copyRegions ?? [stack.region])),
      ),
    });
    const { keyArn, keyId } = this.key;
    const key = { keyArn, keyId, alias: props.keyAlias };
    new CfnAlias(this, 'Alias', { aliasName: props.keyAlias, targetKeyId: this.key.keyArn });

    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...PRIVATE,
      bucketName: props.accessLogBucketName,
      // S3 delivers access logs only to buckets with S3 managed keys (S3 user guide, server access logging).
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'expire', expiration: ACCESS_LOG_EXPIRY }, ABORT_UPLOADS],
    });
    const encrypted = (bucketName: string, lifecycleRules: LifecycleRule[]): BucketProps => ({
      ...PRIVATE,
      bucketName,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      versioned: true,
      // Bucket is an IBucket; exactOptionalPropertyTypes does not see it (isWebsite).
      serverAccessLogsBucket: accessLogs as IBucket,
      serverAccessLogsPrefix: `${bucketName}/`,
      lifecycleRules: [...lifecycleRules, ABORT_UPLOADS],
    });
    const { artifactExpiry } = props;

    this.artifactBucket = new Bucket(
      this,
      'Artifacts',
      encrypted(props.artifactBucketName, [
        { id: 'noncurrent', noncurrentVersionExpiration: RESTORE_PERIOD },
        artifactExpiry
          ? { id: 'expire', expiration: artifactExpiry }
          : {
              id: 'seldom-read',
              transitions: [{ storageClass: StorageClass.INTELLIGENT_TIERING, transitionAfter: SELDOM_READ }],
              expiredObjectDeleteMarker: true,
            },
      ]),
    );
    grant(this.artifactBucket, [
      ...denyOtherEncryption(stack, this.artifactBucket, key),
      ...allowReaders(this.artifactBucket, readers),
    ]);

    if (props.buildBucketName !== undefined) {
      this.buildBucket = new Bucket(
        this,
        'Builds',
        encrypted(props.buildBucketName, [
          {
            id: 'replaced-builds',
            noncurrentVersionExpiration: props.replacedBuildExpiry ?? Duration.days(365),
            expiredObjectDeleteMarker: true,
          },
        ]),
      );
      // The property of the CfnBucket, since Bucket's `eventBridgeEnabled` brings a custom resource with a Lambda function.
      (this.buildBucket.node.defaultChild as CfnBucket).notificationConfiguration = {
        eventBridgeConfiguration: { eventBridgeEnabled: true },
      };
      grant(this.buildBucket, denyOtherEncryption(stack, this.buildBucket, key));
    }

    if (props.bucketNamespace === 'account-regional') {
      // Bucket itself would make up the name from a prefix.
      for (const bucket of [accessLogs, this.artifactBucket, this.buildBucket]) {
        if (bucket) (bucket.node.defaultChild as CfnBucket).bucketNamespace = 'account-regional';
      }
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
