// The requests that a job makes: what it costs, and what a retry of the stage costs.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import {
  countOperations,
  createStage,
  expectRightCopies,
  MIB,
  runOnce,
  type Stage,
} from '../copy/resume/resume-stage.ts';

/** Requests of the first run, and of the job that a retry of the stage makes, each in a new container. */
async function requestsOf(stage: Stage): Promise<Record<string, number>[]> {
  const { world } = stage.aws;
  const counts: Record<string, number>[] = [];
  const data = { ...stage.job.data, artifactCredentials: null };
  const again = world.codePipeline.createJob({ accountId: stage.job.accountId, data });
  for (const { event } of [stage.job, again]) {
    const before = world.requests.length;
    await runOnce(stage, {}, event);
    counts.push(countOperations(world.requests.slice(before).filter(isWaitedFor)));
  }
  expectRightCopies(stage);
  return counts;
}

/** GetJobDetails names the pipeline in the log; it may arrive when the job is over. */
const isWaitedFor = ({ operation }: { operation: string }): boolean => operation !== 'GetJobDetails';

const total = (counts: Record<string, number> = {}): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('the requests of a job', () => {
  it('are seven for a small artifact in one destination, and six when it is there already', async () => {
    await using aws = await startEmbeddedAws();
    const stage = createStage(aws, {
      artifacts: [{ name: 'App', content: generated(38_000, 1) }],
      destinationCount: 1,
    });
    const [first, again] = await requestsOf(stage);
    expect(first).toEqual({
      HeadObject: 2,
      GetObjectTagging: 1,
      HeadBucket: 1,
      GetBucketEncryption: 1,
      CopyObject: 1,
      PutJobSuccessResult: 1,
    });
    const { CopyObject: _, ...rest } = first ?? {};
    expect(again).toEqual(rest);
    expect([total(first), total(again)]).toEqual([7, 6]);
  });

  it('are one HEAD more for each artifact in each destination, and one copy, of five artifacts in three', async () => {
    await using aws = await startEmbeddedAws();
    const stage = createStage(aws, {
      artifacts: ['A', 'B', 'C', 'D', 'E'].map((name, seed) => ({ name, content: generated(38_000, seed) })),
      destinationCount: 3,
    });
    const [first, again] = await requestsOf(stage);
    expect(first).toEqual({
      HeadObject: 5 + 5 * 3,
      GetObjectTagging: 5,
      HeadBucket: 3,
      GetBucketEncryption: 3,
      CopyObject: 5 * 3,
      PutJobSuccessResult: 1,
    });
    const { CopyObject: _, ...rest } = first ?? {};
    expect(again).toEqual(rest);
    expect([total(first), total(again)]).toEqual([47, 32]);
  });

  it('begin with the copies to the destination that took longest to answer', async () => {
    let farthest = '';
    await using aws = await startEmbeddedAws({
      faults: ({ operation, phase, bucket }) =>
        operation === 'HeadObject' && phase === 'before' && bucket === farthest
          ? { kind: 'stall', delayMs: 300 }
          : undefined,
    });
    const stage = createStage(aws, {
      artifacts: ['A', 'B', 'C'].map((name, seed) => ({ name, content: generated(38_000, seed) })),
      destinationCount: 3,
    });
    farthest = stage.destinations[1]?.name ?? '';
    await runOnce(stage);
    const copies = aws.world.requests.filter(({ operation }) => operation === 'CopyObject');
    expect(copies.map(({ bucket }) => bucket).slice(0, 3)).toEqual([farthest, farthest, farthest]);
    expect(copies).toHaveLength(9);
  });

  it('are create, parts and complete beside a listing for a large artifact', async () => {
    await using aws = await startEmbeddedAws();
    const stage = createStage(aws, {
      artifacts: [{ name: 'App', content: generated(48 * MIB, 1) }],
      destinationCount: 1,
    });
    const [first = {}, again] = await requestsOf(stage);
    const { UploadPartCopy: parts = 0, ...others } = first;
    expect(parts).toBeGreaterThan(5);
    expect(others).toEqual({
      HeadObject: 2,
      GetObjectTagging: 1,
      HeadBucket: 1,
      GetBucketEncryption: 1,
      ListMultipartUploads: 1,
      CreateMultipartUpload: 1,
      CompleteMultipartUpload: 1,
      PutJobSuccessResult: 1,
    });
    expect(total(again)).toBe(6);
  });

  it.each([
    ['bytes', { content: generated(38_000, 9) }],
    ['headers', { put: { contentType: 'text/plain' } }],
    ['metadata', { put: { metadata: { other: 'x' } } }],
    ['tags', { put: { tags: { one: '1' } } }],
    ['KMS key', { kmsKeyArn: true }],
  ] as const)('copy again what is there with other %s', async (_, difference) => {
    await using aws = await startEmbeddedAws();
    const artifact = { name: 'App', content: generated(38_000, 1) };
    const stage = createStage(aws, { artifacts: [artifact], destinationCount: 1 });
    await runOnce(stage);
    const [bucket] = stage.destinations;
    if (bucket === undefined) throw new Error('no destination');
    const { headers, metadata, tags } = stage.sourceOf(artifact);
    const { 'content-type': contentType = '', ...otherHeaders } = headers;
    const described = { contentType, headers: otherHeaders, metadata, tags };
    aws.world.putObject(
      bucket,
      stage.keyOf(artifact),
      'content' in difference ? difference.content : artifact.content,
      {
        ...described,
        ...('put' in difference ? difference.put : {}),
        ...('kmsKeyArn' in difference
          ? { kmsKeyArn: aws.world.createKey({ region: bucket.region }).arn }
          : {}),
      },
    );
    const data = { ...stage.job.data, artifactCredentials: null };
    const again = aws.world.codePipeline.createJob({ accountId: stage.job.accountId, data });
    const before = aws.world.requests.length;
    await runOnce(stage, {}, again.event);
    // What is encrypted with a key that the role may not use shows itself only by refusing a copy to nowhere.
    const copies = aws.world.requests.slice(before).filter(({ operation }) => operation === 'CopyObject');
    const expected = 'kmsKeyArn' in difference ? [412, 200] : [200];
    expect(copies.map(({ status }) => status)).toEqual(expected);
    expectRightCopies(stage);
  });

  it('copy nothing again when what somebody else put there is the same', async () => {
    await using aws = await startEmbeddedAws();
    const artifact = { name: 'App', content: generated(38_000, 1) };
    const stage = createStage(aws, { artifacts: [artifact], destinationCount: 1 });
    const [bucket] = stage.destinations;
    if (bucket === undefined) throw new Error('no destination');
    const { headers, metadata, tags } = stage.sourceOf(artifact);
    const { 'content-type': contentType = '', ...otherHeaders } = headers;
    aws.world.putObject(bucket, stage.keyOf(artifact), artifact.content, {
      contentType,
      headers: otherHeaders,
      metadata,
      tags,
    });
    const [first] = await requestsOf(stage);
    expect(first?.CopyObject).toBeUndefined();
  });
});
