// What the functions to compare with share: what they read of CodePipeline's event, a client for each region, and the result.
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** The event of an Invoke action. */
export interface PipelineEvent {
  readonly 'CodePipeline.job': {
    readonly id: string;
    readonly data: {
      readonly actionConfiguration: { readonly configuration: { readonly UserParameters: string } };
      readonly inputArtifacts: readonly {
        readonly location: {
          readonly s3Location: { readonly bucketName: string; readonly objectKey: string };
        };
      }[];
    };
  };
}

/** What to copy, and to which buckets. */
export function readJob({ 'CodePipeline.job': { id, data } }: PipelineEvent) {
  const { UserParameters } = data.actionConfiguration.configuration;
  const { DestinationBuckets: buckets } = JSON.parse(UserParameters) as { DestinationBuckets: string[] };
  return { id, buckets, artifacts: data.inputArtifacts.map(({ location }) => location.s3Location) };
}

const codePipeline = new CodePipelineClient({});

/** Tells CodePipeline that the job is done. */
export async function succeed(jobId: string): Promise<void> {
  await codePipeline.send(new PutJobSuccessResultCommand({ jobId }));
}

/** Gives the client of a bucket's region. The original function's region was hard-coded; here it ends the bucket's name. */
export function clientsByRegion(configuration: S3ClientConfig = {}): (bucket: string) => S3Client {
  const clients = new Map<string, S3Client>();
  return (bucket) => {
    const region = bucket.match(/[a-z]+-[a-z]+-\d$/)?.[0] ?? 'us-east-1';
    const client = clients.get(region) ?? new S3Client({ region, ...configuration });
    clients.set(region, client);
    return client;
  };
}
