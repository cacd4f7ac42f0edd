// The S3 source action: reads one version of an object, and keeps it as an artifact.
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import type { ActionContext, ActionResult } from '../action.ts';
import { look, readVersion, storeArtifact } from '../artifacts.ts';
import { StepError } from '../steps.ts';

/** CodePipeline user guide, Amazon S3 source action: what the service role needs on the bucket. */
const LOOKS = ['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:GetBucketVersioning', 's3:ListBucket'];

/** Runs it. */
export async function s3Source(context: ActionContext): Promise<ActionResult> {
  const { action, cloud, pipeline, session } = context;
  const { S3Bucket: Bucket = '', S3ObjectKey: Key = '' } = action.configuration;
  look(session, LOOKS, Bucket, action.region);
  if (cloud.aws.world.buckets.get(Bucket)?.versioning !== 'Enabled') {
    throw new StepError(
      'ConfigurationError',
      `The bucket ${Bucket} of a source action must have versioning enabled.`,
    );
  }
  const read = await readVersion(session, action.region, Bucket, Key, context.sourceRevision);
  const { body, etag: ETag, version: VersionId = '' } = read;
  await session.s3(action.region).send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }));
  const [name = ''] = action.outputs;
  const source = { name, revision: VersionId };
  return {
    summary: `${Key}, version ${VersionId.slice(0, 8)}`,
    outputs: [await storeArtifact(session, pipeline, action.region, source, body)],
    // CodePipeline user guide, variables reference: those of an Amazon S3 source action.
    variables: { BucketName: Bucket, ObjectKey: Key, VersionId, ETag },
  };
}
