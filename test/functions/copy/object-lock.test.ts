// A bucket with Object Lock refuses whatever is written without a checksum: so the function writes nothing without.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import { createStage, expectRightCopies, MIB, runOnce, type StageOptions } from './resume/resume-stage.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

const NONE: PutOptions = { checksum: 'none' };
const SHA256: PutOptions = { checksum: { algorithm: 'SHA256' } };
const COMPOSITE: PutOptions = {
  partSizeBytes: 5 * MIB,
  checksum: { algorithm: 'CRC32C', type: 'COMPOSITE' },
};

function stageOf(sizeBytes: number, put: PutOptions, options: Partial<StageOptions> = {}) {
  const artifacts = [{ name: 'App', content: generated(sizeBytes, 3), put }];
  const stage = createStage(aws, { artifacts, parameters: { Mode: 'relay' }, ...options });
  for (const bucket of [...stage.sourceBuckets, ...stage.destinations])
    Object.assign(bucket, { objectLock: true });
  return stage;
}

describe('a destination with Object Lock', () => {
  it.each([
    ['one small artifact without a checksum', 38_000, NONE],
    ['parts of an artifact without a checksum', 11 * MIB, NONE],
    ['parts of an artifact whose checksum cannot be had from parts', 11 * MIB, SHA256],
    ['parts of an artifact with a COMPOSITE checksum', 11 * MIB, COMPOSITE],
  ] as const)('takes %s, relayed to one destination and to two', async (_, sizeBytes, put) => {
    for (const destinationCount of [1, 2]) {
      const stage = stageOf(sizeBytes, put, { destinationCount });

      const { result } = await runOnce(stage);

      expect(result.operation).toBe('PutJobSuccessResult');
      expectRightCopies(stage);
    }
  });

  it('takes copies and the manifest', async () => {
    const stage = stageOf(11 * MIB, NONE, { parameters: {}, outputArtifact: true });

    const { result } = await runOnce(stage);

    expect(result.operation).toBe('PutJobSuccessResult');
    expectRightCopies(stage);
  });
});

describe('a relay of a source without a checksum', () => {
  it('gives its copies the checksum that S3 gives by default, be there one destination or two', async () => {
    const written: unknown[] = [];
    for (const destinationCount of [1, 2]) {
      const stage = stageOf(11 * MIB, NONE, { destinationCount });
      const { lambda } = await runOnce(stage);
      const proofs = lambda.lines.filter(({ message }) => message === 'Copy finished');
      for (const [index, bucket] of stage.destinations.entries()) {
        const [copy] =
          bucket.objects.get(stage.keyOf(stage.artifacts[0] ?? { name: '', content: generated(0, 0) })) ?? [];
        written.push({ checksum: copy?.checksum, proof: proofs[index]?.fields.proof });
      }
    }
    expect(written).toHaveLength(3);
    expect(written[0]).toMatchObject({
      checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' },
      proof: 'relayed',
    });
    expect(written[1]).toEqual(written[0]);
    expect(written[2]).toEqual(written[0]);
  });
});
