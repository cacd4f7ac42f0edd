// The obvious relay: the body of one GetObject piped into lib-storage's Upload at its defaults.
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { type PipelineEvent, regionOf } from './pipeline-event.ts';

const codePipeline = new CodePipelineClient({});
const source = new S3Client({ region: 'us-east-1' });
const clients = new Map<string, S3Client>();

/** Streams every input artifact to every destination bucket, all at once. */
export async function handler(event: PipelineEvent): Promise<void> {
  const job = event['CodePipeline.job'];
  const { DestinationBuckets: buckets } = JSON.parse(
    job.data.actionConfiguration.configuration.UserParameters,
  ) as { DestinationBuckets: string[] };
  await Promise.all(
    buckets.flatMap((bucket) =>
      job.data.inputArtifacts.map(async ({ location: { s3Location } }) => {
        const { Body } = await source.send(
          new GetObjectCommand({ Bucket: s3Location.bucketName, Key: s3Location.objectKey }),
        );
        if (Body !== undefined) {
          const params = { Bucket: bucket, Key: s3Location.objectKey, Body };
          await new Upload({ client: clientFor(regionOf(bucket)), params }).done();
        }
      }),
    ),
  );
  await codePipeline.send(new PutJobSuccessResultCommand({ jobId: job.id }));
}

function clientFor(region: string): S3Client {
  const client = clients.get(region) ?? new S3Client({ region });
  clients.set(region, client);
  return client;
}
