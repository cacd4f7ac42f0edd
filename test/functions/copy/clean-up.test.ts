// What a failing job leaves behind: nothing in flight, no unfinished upload, and the cause rather than a symptom.
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect } from 'vitest';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import { DENIED, faultAt, RESET, SLOW_DOWN } from '../harness/faults.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import {
  expectFailure,
  failureOf,
  MIB,
  MULTIPART_BYTES,
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

/** No unfinished upload, as any S3 client sees them. */
async function expectNothingLeft({ server }: TestPipeline): Promise<void> {
  const { endpoint, admin: credentials } = server;
  for (const [Bucket, region] of Object.entries(BUCKETS)) {
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    client.destroy();
    expect(Uploads, Bucket).toEqual([]);
  }
}

/** Refuses one part of the copies to a bucket for good. */
function refusingPart(bucket: string, partNumber: number, operation = 'UploadPartCopy'): FaultHook {
  return faultAt(operation, DENIED, { bucket, partNumber });
}

describe('a job of which one copy fails for good', () => {
  it.for([
    ['server-side', 'UploadPartCopy', {}],
    ['relayed', 'UploadPart', { Mode: 'relay', InputArtifacts: ['Templates'] }],
  ] as const)('aborts the uploads of all its copies (%s)', async ([_how, operation, mode], { pipeline }) => {
    pipeline.faults = refusingPart(AP, 2, operation);
    const outcome = await pipeline.invoke({ ...everywhere, ...mode });
    expectFailure(outcome, 'PermissionError', `${operation} on s3://${AP}/`);
    expect(outcome.writes.some(({ operation: name }) => name === 'AbortMultipartUpload')).toBe(true);
    await expectNothingLeft(pipeline);
  });

  it('names the cause, however many symptoms it has', async ({ pipeline }) => {
    pipeline.faults = refusingPart(AP, 1);
    const outcome = await pipeline.invoke(everywhere);
    expectFailure(outcome, 'PermissionError', `s3://${AP}/`, 'AccessDenied');
    expect(failureOf(outcome).message).not.toContain('AbortError');
    expect(outcome.log.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('begins no further copy request once it has failed', async ({ pipeline }) => {
    pipeline.faults = refusingPart(EU, 1);
    const outcome = await pipeline.invoke(everywhere, { settings: { maxConcurrency: 2 } });
    failureOf(outcome);
    const parts = outcome.requests.filter(({ operation }) => operation === 'UploadPartCopy');
    expect(parts.length).toBeLessThan(12);
    await expectNothingLeft(pipeline);
  });

  it('leaves nothing in flight when it answers', async ({ pipeline }) => {
    pipeline.faults = refusingPart(EU, 1);
    const outcome = await pipeline.invoke(everywhere);
    expect(outcome.requests.at(-1)?.operation).toBe('PutJobFailureResult');
    const after = await pipeline.run({});
    expect(after.requests).toEqual([]);
  });

  it('keeps the copies that were finished before, and a retry of the stage skips them', async ({
    pipeline,
  }) => {
    pipeline.addArtifact('Small', 1000);
    pipeline.faults = refusingPart(AP, 1);
    failureOf(await pipeline.invoke(everywhere, { settings: { maxConcurrency: 1 } }));
    pipeline.faults = undefined;
    const retried = await pipeline.invoke(everywhere);
    successOf(retried);
    await expectNothingLeft(pipeline);
  });

  it('warns of an upload that it may not abort, and still names the cause', async ({ pipeline }) => {
    pipeline.deny(['s3:AbortMultipartUpload'], `arn:aws:s3:::${AP}/*`);
    pipeline.faults = refusingPart(AP, 1);
    const outcome = await pipeline.invoke(everywhere);
    expectFailure(outcome, 'PermissionError', 'UploadPartCopy');
    expect(outcome.log).toContainEqual({
      level: 'warn',
      message: expect.stringContaining('a lifecycle rule must remove it'),
      fields: expect.objectContaining({ bucket: AP, errorCode: 'AccessDenied' }),
    });
  });

  it('never touches uploads of others', async ({ pipeline }) => {
    addForeignUpload(pipeline, EU);
    pipeline.faults = refusingPart(EU, 3);
    failureOf(await pipeline.invoke(everywhere));
    expect([...pipeline.bucket(EU).uploads.keys()]).toEqual([FOREIGN_UPLOAD]);
  });
});

describe('an upload whose beginning was not answered', () => {
  it('is aborted once the copy is made with another one; those of others stay', async ({ pipeline }) => {
    const lost = faultAt(
      'CreateMultipartUpload',
      () => {
        addForeignUpload(pipeline, EU);
        return RESET;
      },
      { phase: 'after', bucket: EU, times: 1 },
    );
    pipeline.faults = lost;
    successOf(await pipeline.invoke({ DestinationBucket: EU, InputArtifacts: ['App'] }));
    expect(lost.hits).toBeGreaterThan(1);
    expect([...pipeline.bucket(EU).uploads.keys()]).toEqual([FOREIGN_UPLOAD]);
  });
});

describe('throttling', () => {
  it('slows a job down and does not fail it', async ({ pipeline }) => {
    let refused = 0;
    pipeline.faults = faultAt('UploadPartCopy', () =>
      ++refused % 3 === 1 && refused < 10 ? SLOW_DOWN : undefined,
    );
    const outcome = await pipeline.invoke(everywhere, { settings: { retryBudgetMs: 30_000 } });
    successOf(outcome);
    const throttled = outcome.metrics.filter(({ metric }) => metric === 'ThrottledRequests');
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
    headers: {},
    metadata: {},
    tags: {},
    encryption: { algorithm: 'AES256', bucketKey: false },
    storageClass: 'STANDARD',
    parts: new Map(),
  });
}
