// The function that made this pattern known, with many regions: one CopyObject for each artifact and destination.
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type PipelineEvent, regionOf } from './pipeline-event.ts';

const codePipeline = new CodePipelineClient({});
const clients = new Map<string, S3Client>();

/** Copies all input artifacts to all destination buckets, one request each, all at once. */
export async function handler(event: PipelineEvent): Promise<void> {
  const job = event['CodePipeline.job'];
  const { DestinationBuckets: buckets } = JSON.parse(
    job.data.actionConfiguration.configuration.UserParameters,
  ) as { DestinationBuckets: string[] };
  await Promise.all(
    buckets.map(async (bucket) => {
      const client = clientFor(regionOf(bucket));
      await Promise.all(
        job.data.inputArtifacts.map(({ location: { s3Location } }) =>
          client.send(
            new CopyObjectCommand({
              Bucket: bucket,
              Key: s3Location.objectKey,
              CopySource: `${s3Location.bucketName}/${s3Location.objectKey}`,
            }),
          ),
        ),
      );
    }),
  );
  await codePipeline.send(new PutJobSuccessResultCommand({ jobId: job.id }));
}

function clientFor(region: string): S3Client {
  const client = clients.get(region) ?? new S3Client({ region });
  clients.set(region, client);
  return client;
}
