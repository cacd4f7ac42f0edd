// Builds the UserParameters of a Sync action and checks them with the function's own parser.
import { Token } from 'aws-cdk-lib';
import {
  MAX_USER_PARAMETERS_CHARACTERS,
  parseUserParameters,
  type UserParameters,
} from '../../functions/sync-artifacts/job/user-parameters.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { inPropNames } from './prop-names.ts';

/** Where one Sync action copies to. */
export interface SyncDestination {
  /** Name of the bucket. */
  readonly bucketName: string;
  /**
   * Region of the bucket.
   * @default looked up by the function
   */
  readonly region?: string;
  /**
   * Id, ARN or alias of the KMS key for the copies.
   * @default the bucket's default key
   */
  readonly kmsKeyId?: string;
  /**
   * Account that owns the bucket.
   * @default the account of the pipeline
   */
  readonly bucketOwner?: string;
  /**
   * Template of the copies' keys in this bucket.
   * @default the template of the action
   */
  readonly key?: string;
}

/** What a Sync action does with its input artifacts. */
export interface SyncOptions {
  /**
   * Buckets to copy to.
   * @default those of `destinationSet`, which must be given then
   */
  readonly destinations?: readonly SyncDestination[];
  /**
   * Name of a set of destinations of the function (`destinationSets` of SyncArtifactsFunction), instead of `destinations`.
   * @default none
   */
  readonly destinationSet?: string;
  /**
   * Copy only these of the input artifacts, by name.
   * @default all
   */
  readonly inputArtifacts?: readonly string[];
  /**
   * Force server-side copies, or relayed ones; or copy nothing, and fail unless every copy is there.
   * @default 'auto', relayed only where the function's role may not read the source
   */
  readonly mode?: 'auto' | 'copy' | 'relay' | 'audit';
  /**
   * Template of the copies' keys, such as `releases/{executionId}/{artifact}.zip`.
   * @default '{objectKey}', the key of the source
   */
  readonly key?: string;
  /**
   * Fail copies whose proof is weaker.
   * @default 'size-only'
   */
  readonly minimumProof?: 'size-only' | 'etag' | 'checksum';
  /**
   * What to do where another object is: replace it, or fail the action and leave it (write-once release buckets).
   * @default 'replace'
   */
  readonly overwrite?: 'replace' | 'never';
  /**
   * Whether S3 annotations of the sources are copied. The role needs permissions for them then.
   * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
   * @default 'exclude'
   */
  readonly annotations?: 'exclude' | 'copy';
}

/**
 * The UserParameters of a Sync action as JSON.
 *
 * @throws when they are more than CodePipeline takes, or not what the function takes
 */
export function userParameters(options: SyncOptions): string {
  const { destinations = [], destinationSet } = options;
  if (destinations.length > 0 === (destinationSet !== undefined)) {
    throw new Error(
      `a Sync action needs either destinations or a destinationSet, ${destinationSet === undefined ? 'and has neither' : 'not both'}`,
    );
  }
  const [only] = destinations;
  const classic = destinations.length === 1 && only !== undefined && isNameOnly(only);
  const parameters: UserParameters = {
    ...(destinationSet !== undefined
      ? { Destinations: destinationSet }
      : classic
        ? { DestinationBucket: only.bucketName }
        : { DestinationBuckets: destinations.map(destination) }),
    ...omitUndefined({
      InputArtifacts: options.inputArtifacts && [...options.inputArtifacts],
      Mode: options.mode,
      Key: options.key,
      MinimumProof: options.minimumProof,
      Overwrite: options.overwrite,
      Annotations: options.annotations,
    }),
    ExecutionId: '#{codepipeline.PipelineExecutionId}',
  };
  const text = JSON.stringify(parameters);
  if (text.length > MAX_USER_PARAMETERS_CHARACTERS) {
    throw new Error(
      `UserParameters for ${destinations.length} destinations have ${text.length} characters, CodePipeline takes ${MAX_USER_PARAMETERS_CHARACTERS}; name them once in destinationSets of the function and use destinationSet here`,
    );
  }
  // Names that CloudFormation fills in later are checked by the function when it runs.
  if (!Token.isUnresolved(text)) check(text);
  return text;
}

function check(text: string): void {
  try {
    parseUserParameters(text);
  } catch (error) {
    throw inPropNames(error);
  }
}

function isNameOnly({ region, kmsKeyId, bucketOwner, key }: SyncDestination): boolean {
  return [region, kmsKeyId, bucketOwner, key].every((value) => value === undefined);
}

type DestinationParameter = NonNullable<UserParameters['DestinationBuckets']>[number];

function destination(given: SyncDestination): DestinationParameter {
  if (isNameOnly(given)) return given.bucketName;
  return {
    Bucket: given.bucketName,
    ...omitUndefined({
      Region: given.region,
      KmsKeyId: given.kmsKeyId,
      BucketOwner: given.bucketOwner,
      Key: given.key,
    }),
  };
}
