// The comparison finds every way in which a copy can be wrong.
import { afterAll, describe, expect, it } from 'vitest';
import { concat, fromBuffer, generated, slice } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import { interpretEvent, type ReplayEvent } from '../../../local/pipeline/event/event.ts';
import { type Stage, setUp } from '../../../local/pipeline/set-up.ts';
import { Comparer, changedSources } from '../../../local/replay/compare/compare.ts';

const comparer = new Comparer();
afterAll(() => comparer[Symbol.asyncDispose]());

const KEY = 'p/App/1 + é.zip';
const EVENT = {
  'CodePipeline.job': {
    id: '252c2b8f-8562-4549-aae7-06fa0cfc2146',
    accountId: '111122223333',
    data: {
      actionConfiguration: {
        configuration: { UserParameters: JSON.stringify({ DestinationBucket: 'copies-us-east-1' }) },
      },
      inputArtifacts: [
        {
          name: 'App',
          location: { type: 'S3', s3Location: { bucketName: 'artifacts-eu-west-1', objectKey: KEY } },
        },
      ],
      outputArtifacts: [],
    },
  },
};
const SIZE = 3 * 2 ** 20 + 17;
/** What the set-up gives the artifact, so that a copy has to have it. */
const SAME: PutOptions = {
  contentType: 'application/zip',
  metadata: { 'pipeline-artifact': 'App' },
  tags: { artifact: 'App' },
};

async function stageOf(sizeBytes = SIZE): Promise<{ aws: EmbeddedAws; stage: Stage; event: ReplayEvent }> {
  const aws = await startEmbeddedAws();
  const event = interpretEvent(EVENT, 'event');
  const stage = setUp(aws.world, event, { shows: '' }, new Map([['App', { sizeBytes }]]));
  return { aws, stage, event };
}

/** The problems that are found after something has put the copy in place. */
async function problemsAfter(copy: (aws: EmbeddedAws) => void, sizeBytes = SIZE): Promise<readonly string[]> {
  const { aws, stage, event } = await stageOf(sizeBytes);
  await using _closed = aws;
  copy(aws);
  const [comparison] = await comparer.compare(aws, stage, event.copies);
  return comparison?.problems ?? ['nothing compared'];
}

const put =
  (content: ReturnType<typeof generated>, options: PutOptions = {}) =>
  ({ world }: EmbeddedAws): void => {
    world.putObject('copies-us-east-1', KEY, content, { ...SAME, ...options });
  };
const right = generated(SIZE, 1);

describe('a comparison', () => {
  it('finds nothing wrong with a right copy', async () => {
    expect(await problemsAfter(put(right))).toEqual([]);
    expect(await problemsAfter(put(generated(0, 1)), 0)).toEqual([]);
  });

  it('finds a missing copy', async () => {
    expect(await problemsAfter(() => undefined)).toEqual(['is not there']);
  });

  it.each([
    [
      'its last byte differs',
      concat([slice(right, 0, SIZE - 1), fromBuffer('!')]),
      /^differs from its source/,
    ],
    ['one byte is missing', slice(right, 0, SIZE - 1), /^ends at byte 3145744, before its source does$/],
    ['one byte is too many', concat([right, fromBuffer('!')]), /^is longer than its source/],
    ['it is empty', generated(0, 1), /^ends at byte 0/],
  ])('finds a copy of which %s', async (_what, content, problem) => {
    expect(await problemsAfter(put(content))).toEqual([expect.stringMatching(problem)]);
  });

  it('finds a copy under another key', async () => {
    const problems = await problemsAfter((aws) => {
      const { arn } = aws.world.createKey({ region: 'us-east-1' });
      put(right, { kmsKeyArn: arn })(aws);
    });
    expect(problems).toEqual([
      expect.stringMatching(/^is encrypted with arn:aws:kms:us-east-1:.*, not with arn:/),
    ]);
  });

  it.each([
    ['headers', { contentType: 'text/plain' }],
    ['metadata', { metadata: {} }],
    ['tags', { tags: { artifact: 'Web' } }],
  ])('finds a copy with other %s', async (property, options) => {
    expect(await problemsAfter(put(right, options))).toEqual([`has other ${property} than its source`]);
  });

  it('compares with the version that the job is about, and says that the source has changed since', async () => {
    const { aws, stage, event } = await stageOf();
    await using _closed = aws;
    put(right)(aws);
    expect(changedSources(aws, stage, event.copies)).toEqual([]);
    aws.world.putObject('artifacts-eu-west-1', KEY, generated(5, 2));
    const [comparison] = await comparer.compare(aws, stage, event.copies);
    expect(comparison?.problems).toEqual([]);
    expect(changedSources(aws, stage, event.copies)).toEqual(['App']);
  });

  it('finds one wrong byte in ten gigabytes', async () => {
    const size = 10 * 2 ** 30;
    const large = generated(size, 1);
    const middle = 6 * 2 ** 30;
    const wrong = concat([slice(large, 0, middle), fromBuffer('!'), slice(large, middle + 1)]);
    expect(await problemsAfter(put(wrong), size)).toContain(`differs from its source from byte ${middle}`);
  });
});
