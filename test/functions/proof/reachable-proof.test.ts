// A proof that a copy cannot have is known before a byte is copied: what was at the destination stays.
import { describe, expect, it } from 'vitest';
import type { Versioning } from '../../../local/aws/state/buckets.ts';
import { justBefore } from '../harness/faults.ts';
import { appPipeline, EU, KEY } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  expectFailure,
  MIB,
  MULTIPART_BYTES,
  type NewArtifact,
  SOURCE,
} from '../harness/test-pipeline.ts';

async function pipelineWithEarlier(put: NewArtifact, sizeBytes: number, versioning: Versioning) {
  const pipeline = await appPipeline(sizeBytes, put);
  const bucket = pipeline.bucket(EU);
  bucket.versioning = versioning === 'Suspended' ? 'Unversioned' : versioning;
  const { content } = pipeline.object(SOURCE, KEY);
  const earlier = pipeline.aws.putObject(EU, KEY, content, { checksum: 'none' });
  bucket.versioning = versioning;
  return { pipeline, earlier };
}

const NONE = { checksum: 'none' } as const;
const COMPOSITE = {
  checksum: { algorithm: 'SHA256', type: 'COMPOSITE' },
  partSizeBytes: 3 * MIB,
} as const;

describe('a copy that cannot be proved by checksum', () => {
  it.each([
    ['without a checksum', 'Unversioned', 1000, NONE],
    ['without a checksum', 'Suspended', 1000, NONE],
    ['without a checksum', 'Enabled', 1000, NONE],
    ['without a checksum, in parts', 'Unversioned', MULTIPART_BYTES, NONE],
    ['in parts that S3 would not take again', 'Unversioned', MULTIPART_BYTES, COMPOSITE],
  ] as const)('(%s, %s) is not started, and what was there stays', async (_, versioning, sizeBytes, put) => {
    const { pipeline, earlier } = await pipelineWithEarlier(put, sizeBytes, versioning);
    await using _pipeline = pipeline;

    const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'checksum' });

    expectFailure(
      outcome,
      'JobFailed',
      /^Artifact App has no checksum .* The copy was not started: .*Mode to "relay"/,
    );
    expect(outcome.writes).toEqual([]);
    expect(pipeline.object(EU, KEY)).toBe(earlier);
  });

  it('is proved when it is relayed, as the message says', async () => {
    const { pipeline } = await pipelineWithEarlier(NONE, 1000, 'Unversioned');
    await using _pipeline = pipeline;

    const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'checksum', Mode: 'relay' });

    expect(copiesOf(outcome)).toMatchObject([{ proof: 'relayed' }]);
  });
});

describe('a copy that only its ETag could prove', () => {
  it.each(['Unversioned', 'Suspended'] as const)(
    'does not replace what no version would keep (versioning: %s)',
    async (versioning) => {
      const { pipeline, earlier } = await pipelineWithEarlier(NONE, 1000, versioning);
      await using _pipeline = pipeline;

      const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'etag' });

      expectFailure(outcome, 'JobFailed', 'of which the bucket shows no version');
      expect(outcome.writes).toEqual([]);
      expect(pipeline.object(EU, KEY)).toBe(earlier);
    },
  );

  it('does not replace what somebody wrote after the look, nor what the role may not look at', async () => {
    for (const readable of [true, false]) {
      await using pipeline = await appPipeline(1000, NONE, { versioning: 'Unversioned' });
      if (!readable) pipeline.deny(['s3:GetObject'], `arn:aws:s3:::${EU}/*`);
      const { content } = pipeline.object(SOURCE, KEY);
      pipeline.faults = justBefore('CopyObject', () => pipeline.aws.putObject(EU, KEY, content, NONE));

      const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'etag' });

      expectFailure(outcome, 'JobFailed', 'of which the bucket shows no version');
      expect(outcome.writes.map(({ status }) => status)).toEqual([412]);
    }
  });

  it('gives back the version that it replaced', async () => {
    const { pipeline, earlier } = await pipelineWithEarlier(NONE, 1000, 'Enabled');
    await using _pipeline = pipeline;

    const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'etag' });

    expectFailure(outcome, 'JobFailed', /Its version \S+ was removed/);
    expect(pipeline.object(EU, KEY)).toBe(earlier);
  });
});
