// The requests that a job makes: what it costs, and what a retry of the stage costs.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import {
  countOperations,
  createStage,
  expectRightCopies,
  MIB,
  runOnce,
  type Stage,
} from '../copy/resume/resume-stage.ts';
import { faultAt } from '../harness/faults.ts';
import { putCopy, requestsOf, retryOf, type SharedAws, shareAws } from '../harness/stages.ts';

/** Requests of the first run, and of the job that a retry of the stage makes, each in a new container. */
async function countTwice(stage: Stage): Promise<Record<string, number>[]> {
  const counts: Record<string, number>[] = [];
  for (const event of [stage.job.event, retryOf(stage)]) {
    const { requests } = await requestsOf(stage, event);
    counts.push(countOperations(requests.filter(isWaitedFor)));
  }
  expectRightCopies(stage);
  return counts;
}

/** GetJobDetails names the pipeline in the log; it may arrive when the job is over. */
const isWaitedFor = ({ operation }: { operation: string }): boolean => operation !== 'GetJobDetails';

const total = (counts: Record<string, number> = {}): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('the requests of a job', () => {
  const aws = shareAws();

  it('are seven for a small artifact in one destination, and six when it is there already', async () => {
    const stage = createStage(aws, {
      artifacts: [{ name: 'App', content: generated(38_000, 1) }],
      destinationCount: 1,
    });
    const [first, again] = await countTwice(stage);
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
    const stage = createStage(aws, {
      artifacts: ['A', 'B', 'C', 'D', 'E'].map((name, seed) => ({ name, content: generated(38_000, seed) })),
      destinationCount: 3,
    });
    const [first, again] = await countTwice(stage);
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
    const stage = createStage(aws, {
      artifacts: ['A', 'B', 'C'].map((name, seed) => ({ name, content: generated(38_000, seed) })),
      destinationCount: 3,
    });
    const farthest = stage.destinations[1]?.name ?? '';
    aws.faults = faultAt('HeadObject', { kind: 'stall', delayMs: 300 }, { bucket: farthest });
    const { requests } = await requestsOf(stage);
    const copies = requests.filter(({ operation }) => operation === 'CopyObject');
    expect(copies.map(({ bucket }) => bucket).slice(0, 3)).toEqual([farthest, farthest, farthest]);
    expect(copies).toHaveLength(9);
  });

  it('are create, parts and complete beside a listing for a large artifact', async () => {
    const stage = createStage(aws, {
      artifacts: [{ name: 'App', content: generated(48 * MIB, 1) }],
      destinationCount: 1,
    });
    const [first = {}, again] = await countTwice(stage);
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

  it.each<[string, (from: SharedAws) => Parameters<typeof putCopy>[1], number[]]>([
    ['bytes', () => ({ content: generated(38_000, 9) }), [200]],
    ['headers', () => ({ contentType: 'text/plain' }), [200]],
    ['metadata', () => ({ metadata: { other: 'x' } }), [200]],
    ['tags', () => ({ tags: { one: '1' } }), [200]],
    ['KMS key', ({ world }) => ({ kmsKeyArn: world.createKey({ region: 'us-east-1' }).arn }), [412, 200]],
  ])('copy again what is there with other %s', async (_, difference, statuses) => {
    const artifact = { name: 'App', content: generated(38_000, 1) };
    const stage = createStage(aws, { artifacts: [artifact], destinationCount: 1 });
    await runOnce(stage);
    putCopy(stage, difference(aws));
    const { requests } = await requestsOf(stage, retryOf(stage));
    // What is encrypted with a key that the role may not use shows itself only by refusing a copy to nowhere.
    const copies = requests.filter(({ operation }) => operation === 'CopyObject');
    expect(copies.map(({ status }) => status)).toEqual(statuses);
    expectRightCopies(stage);
  });

  it('copy nothing again when what somebody else put there is the same', async () => {
    const artifact = { name: 'App', content: generated(38_000, 1) };
    const stage = createStage(aws, { artifacts: [artifact], destinationCount: 1 });
    putCopy(stage);
    const [first] = await countTwice(stage);
    expect(first?.CopyObject).toBeUndefined();
  });
});
