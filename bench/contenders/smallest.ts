// The smallest function that has clients of S3 and CodePipeline: what the import of the real one is compared with.
import { CodePipelineClient, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';
import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3';

const s3 = new S3Client({});
const codePipeline = new CodePipelineClient({});

/** Sends one request to each service. */
export async function handler(event: {
  bucket: string;
  key: string;
  source: string;
  jobId: string;
}): Promise<void> {
  await s3.send(new CopyObjectCommand({ Bucket: event.bucket, Key: event.key, CopySource: event.source }));
  await codePipeline.send(new PutJobSuccessResultCommand({ jobId: event.jobId }));
}
