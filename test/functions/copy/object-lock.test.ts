// A bucket with Object Lock refuses whatever is written without a checksum: so the function writes nothing without.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import { shareAws } from '../harness/stages.ts';
import { createStage, expectRightCopies, MIB, runOnce, type StageOptions } from './resume/resume-stage.ts';

const aws = shareAws();

const NONE: PutOptions = { checksum: 'none' };
const SHA256: PutOptions = { checksum: { algorithm: 'SHA256' } };
const COMPOSITE = {
  partSizeBytes: 5 * MIB,
  checksum: { algorithm: 'CRC32C', type: 'COMPOSITE' },
} as const;

function stageOf(sizeBytes: number, put: PutOptions, options: Partial<StageOptions> = {}) {
  const artifacts = [{ name: 'App', content: generated(sizeBytes, 3), put }];
  const stage = createStage(aws, { artifacts, parameters: { Mode: 'relay' }, ...options });
  for (const bucket of [...stage.sourceBuckets, ...stage.destinations])
    Object.assign(bucket, { objectLock: true });
  return stage;
}

/** The checksum that S3 gives by default. */
const GIVEN = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT' };

describe('a destination with Object Lock', () => {
  it.each([
    ['one small artifact without a checksum', 38_000, NONE, GIVEN, 'relayed'],
    ['parts of an artifact without a checksum', 11 * MIB, NONE, GIVEN, 'relayed'],
    ['parts of an artifact whose checksum cannot be had from parts', 11 * MIB, SHA256, GIVEN, 'relayed'],
    ['parts of an artifact with a COMPOSITE checksum', 11 * MIB, COMPOSITE, COMPOSITE.checksum, 'composite'],
  ] as const)(
    'takes %s, relayed to one destination and to two with the same checksum',
    async (_, sizeBytes, put, checksum, proof) => {
      for (const destinationCount of [1, 2]) {
        const stage = stageOf(sizeBytes, put, { destinationCount });

        const { lambda, result } = await runOnce(stage);

        expect(result.operation).toBe('PutJobSuccessResult');
        expectRightCopies(stage);
        const copies = stage.destinations.flatMap(({ objects }) => [...objects.values()].flat());
        expect(copies).toMatchObject(stage.destinations.map(() => ({ checksum })));
        const finished = lambda.lines.filter(({ message }) => message === 'Copy finished');
        expect(finished).toMatchObject(stage.destinations.map(() => ({ fields: { proof } })));
      }
    },
  );

  it('takes copies and the manifest', async () => {
    const stage = stageOf(11 * MIB, NONE, { parameters: {}, outputArtifact: true });

    const { result } = await runOnce(stage);

    expect(result.operation).toBe('PutJobSuccessResult');
    expectRightCopies(stage);
  });
});
