// What a failing job leaves behind: nothing in flight, no unfinished upload, and the cause rather than a symptom.
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import {
  failureOf,
  MIB,
  MULTIPART_BYTES,
  type Outcome,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const BUCKETS = { 'clean-up-eu': 'eu-west-1', 'clean-up-ap': 'ap-southeast-2', 'clean-up-sa': 'sa-east-1' };
const [EU, AP] = Object.keys(BUCKETS) as [string, string];

async function threeRegions(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', 256 * MIB);
  pipeline.addArtifact('Templates', MULTIPART_BYTES);
  for (const [bucket, region] of Object.entries(BUCKETS)) pipeline.addDestination(bucket, { region });
  return pipeline;
}

const it = pipelineTest(threeRegions);

const everywhere = { DestinationBuckets: Object.keys(BUCKETS) };

/** Unfinished uploads as any S3 client sees them. */
async function unfinishedUploads(
  { server: aws }: TestPipeline,
  bucket: string,
  region: string,
): Promise<number> {
  const client = new S3Client({
    endpoint: aws.endpoint,
    region,
    credentials: aws.admin,
    forcePathStyle: true,
  });
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.length;
  } finally {
    client.destroy();
  }
}

async function expectNothingLeft(pipeline: TestPipeline): Promise<void> {
  for (const [bucket, region] of Object.entries(BUCKETS)) {
    expect(await unfinishedUploads(pipeline, bucket, region), bucket).toBe(0);
  }
}

/** Refuses one part of a copy to a bucket for good. */
function refusingPart(
  bucket: string,
  partNumber: number,
  code: string,
  operation = 'UploadPartCopy',
): FaultHook {
  return (point) =>
    point.phase === 'before' &&
    point.operation === operation &&
    point.bucket === bucket &&
    point.partNumber === partNumber
      ? { kind: 'error', status: 403, code, message: 'Refused on purpose' }
      : undefined;
}

describe('a job of which one copy fails for good', () => {
  it.for([
    ['server-side', 'UploadPartCopy', {}],
    ['relayed', 'UploadPart', { Mode: 'relay' }],
  ] as const)('aborts the uploads of all its copies (%s)', async ([_how, operation, mode], { pipeline }) => {
    pipeline.faults = refusingPart(AP, 2, 'AccessDenied', operation);
    const outcome = await pipeline.invoke({ ...everywhere, ...mode });
    const { type, message } = failureOf(outcome);
    expect(type).toBe('PermissionError');
    expect(message).toContain(`${operation} on s3://${AP}/`);
    expect(outcome.writes.some(({ operation: name }) => name === 'AbortMultipartUpload')).toBe(true);
    await expectNothingLeft(pipeline);
  });

  it('names the cause, however many symptoms it has', async ({ pipeline }) => {
    pipeline.faults = refusingPart(AP, 1, 'AccessDenied');
    const outcome = await pipeline.invoke(everywhere);
    const { message } = failureOf(outcome);
    expect(message).toContain(`s3://${AP}/`);
    expect(message).toContain('AccessDenied');
    expect(message).not.toContain('AbortError');
    expect(outcome.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('begins no further copy request once it has failed', async ({ pipeline }) => {
    pipeline.faults = refusingPart(EU, 1, 'AccessDenied');
    const outcome = await pipeline.invoke(everywhere, { settings: { maxConcurrency: 2 } });
    failureOf(outcome);
    const parts = outcome.requests.filter(({ operation }) => operation === 'UploadPartCopy');
    expect(parts.length).toBeLessThan(12);
    await expectNothingLeft(pipeline);
  });

  it('leaves nothing in flight when it answers', async ({ pipeline }) => {
    pipeline.faults = refusingPart(EU, 1, 'AccessDenied');
    const outcome = await pipeline.invoke(everywhere);
    expect(outcome.requests.at(-1)?.operation).toBe('PutJobFailureResult');
    const after = await pipeline.run({});
    expect(after.requests).toEqual([]);
  });

  it('keeps the copies that were finished before, and a retry of the stage skips them', async ({
    pipeline,
  }) => {
    pipeline.addArtifact('Small', 1000);
    pipeline.faults = refusingPart(AP, 1, 'AccessDenied');
    failureOf(await pipeline.invoke(everywhere, { settings: { maxConcurrency: 1 } }));
    pipeline.faults = undefined;
    const retried = await pipeline.invoke(everywhere);
    successOf(retried);
    await expectNothingLeft(pipeline);
  });

  it('warns of an upload that it may not abort, and still names the cause', async ({ pipeline }) => {
    pipeline.deny(['s3:AbortMultipartUpload'], `arn:aws:s3:::${AP}/*`);
    pipeline.faults = refusingPart(AP, 1, 'AccessDenied');
    const outcome = await pipeline.invoke(everywhere);
    expect(failureOf(outcome).message).toContain('UploadPartCopy');
    expect(outcome.log).toContainEqual({
      level: 'warn',
      message: expect.stringContaining('a lifecycle rule must remove it'),
      fields: expect.objectContaining({ bucket: AP, errorCode: 'AccessDenied' }),
    });
  });

  it('never touches uploads of others', async ({ pipeline }) => {
    addForeignUpload(pipeline, EU);
    pipeline.faults = refusingPart(EU, 3, 'AccessDenied');
    failureOf(await pipeline.invoke(everywhere));
    expect([...pipeline.bucket(EU).uploads.keys()]).toEqual([FOREIGN_UPLOAD]);
  });
});

describe('an upload whose beginning was not answered', () => {
  it('is aborted once the copy is made with another one; those of others stay', async ({ pipeline }) => {
    let lost = false;
    pipeline.faults = ({ phase, operation, bucket }) => {
      if (phase === 'before' || operation !== 'CreateMultipartUpload' || bucket !== EU || lost)
        return undefined;
      lost = true;
      addForeignUpload(pipeline, EU);
      return { kind: 'reset' };
    };
    successOf(await pipeline.invoke({ DestinationBucket: EU, InputArtifacts: ['App'] }));
    expect(lost).toBe(true);
    expect([...pipeline.bucket(EU).uploads.keys()]).toEqual([FOREIGN_UPLOAD]);
  });
});

describe('throttling', () => {
  it('slows a job down and does not fail it', async ({ pipeline }) => {
    let refused = 0;
    pipeline.faults = ({ phase, operation }) =>
      phase === 'before' && operation === 'UploadPartCopy' && ++refused % 3 === 1 && refused < 10
        ? { kind: 'error', status: 503, code: 'SlowDown' }
        : undefined;
    const outcome = await pipeline.invoke(everywhere, { settings: { retryBudgetMs: 30_000 } });
    successOf(outcome);
    const throttled = outcome.metrics.filter(
      ({ metric }: Outcome['metrics'][number]) => metric === 'ThrottledRequests',
    );
    expect(throttled.length).toBeGreaterThanOrEqual(1);
    await expectNothingLeft(pipeline);
  });
});

const FOREIGN_UPLOAD = 'somebody-elses';

/** An unfinished upload of somebody else at the very key of a copy. */
function addForeignUpload(pipeline: TestPipeline, bucket: string): void {
  pipeline.bucket(bucket).uploads.set(FOREIGN_UPLOAD, {
    uploadId: FOREIGN_UPLOAD,
    key: 'pipeline/App/abc.zip',
    initiatedAt: new Date(),
    initiatorArn: 'arn:aws:iam::111122223333:user/somebody',
    ownerAccountId: '111122223333',
    headers: {},
    metadata: {},
    tags: {},
    encryption: { algorithm: 'AES256', bucketKey: false },
    storageClass: 'STANDARD',
    parts: new Map(),
  });
}
