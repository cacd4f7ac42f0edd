// What one copy wrote is proved, or removed, although another copy fails the job meanwhile.
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../local/aws/content/checksum.ts';
import { generated } from '../../../local/aws/content/content.ts';
import { failureOf, TestPipeline } from '../harness/test-pipeline.ts';

const REFUSING = 'after-failure-refusing';
const WRITTEN = 'after-failure-written';
const KEY = 'pipeline/App/abc.zip';

/** A job to two buckets: one refuses its copy while the copy in the other is being made, or verified. */
async function failWhile(step: 'copying' | 'verifying', spoil: (pipeline: TestPipeline) => void) {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', 1000, { checksum: 'none' });
  pipeline.addDestination(REFUSING, { region: 'us-west-2' });
  pipeline.addDestination(WRITTEN);
  pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${REFUSING}/*`);
  const verifying = Promise.withResolvers<undefined>();
  let written = false;
  pipeline.faults = ({ operation, phase, bucket }) => {
    if (phase === 'after' && operation === 'CopyObject' && bucket === WRITTEN) {
      written = true;
      spoil(pipeline);
      return step === 'copying' ? { kind: 'stall', delayMs: 300 } : undefined;
    }
    if (phase !== 'before' || step === 'copying') return undefined;
    if (operation === 'CopyObject' && bucket === REFUSING) return { kind: 'wait', until: verifying.promise };
    if (operation !== 'HeadObject' || bucket !== WRITTEN || !written) return undefined;
    verifying.resolve(undefined);
    return { kind: 'stall', delayMs: 300 };
  };
  const outcome = await pipeline.invoke({ DestinationBuckets: [REFUSING, WRITTEN] });
  return { pipeline, outcome };
}

describe.each(['copying', 'verifying'] as const)(
  'a copy that is written when another one fails, while %s',
  (step) => {
    it('is removed when it proves wrong', async () => {
      const { pipeline, outcome } = await failWhile(step, (spoiled) => {
        const content = generated(999, 77);
        Object.assign(spoiled.object(WRITTEN, KEY), {
          content,
          sizeBytes: 999,
          checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: checksumOf(content, 'CRC64NVME') },
        });
      });
      await using _pipeline = pipeline;

      expect(failureOf(outcome).message).toContain(REFUSING);
      expect(pipeline.bucket(WRITTEN).objects.get(KEY) ?? []).toEqual([]);
      expect(outcome.log).toContainEqual({
        level: 'warn',
        message: expect.stringContaining('Another copy failed'),
        fields: expect.objectContaining({ reason: expect.stringContaining(`s3://${WRITTEN}/${KEY}`) }),
      });
    });

    it('is reported as finished when it proves right', async () => {
      const { pipeline, outcome } = await failWhile(step, () => undefined);
      await using _pipeline = pipeline;

      expect(failureOf(outcome).message).toContain(REFUSING);
      expect(outcome.log).toContainEqual(
        expect.objectContaining({
          message: 'Copy finished',
          fields: expect.objectContaining({ bucket: WRITTEN }),
        }),
      );
    });
  },
);
