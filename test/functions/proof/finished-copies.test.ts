// What an earlier invocation finished is believed only as the very object that it wrote.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import { type Continued, continueAfterParts, forged, GIB, SLOW } from '../copy/resume/continued-job.ts';
import {
  countOperations,
  DESCRIBED,
  expectRightCopies,
  runOnce,
  type StageOptions,
} from '../copy/resume/resume-stage.ts';
import { placeOf, shareAws } from '../harness/stages.ts';

const aws = shareAws();

/** Templates have no checksum that could be compared, and are relayed; the image keeps the job busy. */
const RELAYED: StageOptions = {
  artifacts: [
    {
      name: 'Templates',
      content: generated(38_000, 2),
      put: { checksum: 'none', tags: {} },
      roleMayNotRead: true,
    },
    { name: 'Image', content: generated(40 * GIB, 1) },
  ],
  destinationCount: 1,
};

function plantOtherBytes(job: Continued): void {
  const { bucket, key } = placeOf(job.stage);
  aws.world.putObject(bucket, key, generated(38_000, 99), { ...DESCRIBED, tags: {}, checksum: 'none' });
}

describe.each([
  ['with', 'Enabled'],
  ['without', 'Unversioned'],
] as const)('a relayed copy in a bucket %s versions that an earlier invocation finished', (_, versioning) => {
  const start = (parameters = {}) =>
    continueAfterParts(aws, { ...RELAYED, destinationVersioning: versioning, parameters }, 'PutObject');

  it('is not made again while it is there', async () => {
    const job = await start({ MinimumProof: 'checksum' });
    const before = aws.world.requests.length;

    const { lambda } = await runOnce(job.stage, { environment: SLOW }, job.next.event);

    expect(countOperations(aws.world.requests.slice(before)).PutObject).toBeUndefined();
    const copies = lambda.lines.filter(({ message }) => message === 'Copy finished');
    expect(copies.map(({ fields }) => fields.proof)).toEqual(['relayed', 'checksum']);
    expectRightCopies(job.stage);
  });

  it.each([{}, { MinimumProof: 'checksum' }])(
    'is made again when other bytes of the same size replaced it (%o)',
    async (parameters) => {
      const job = await start(parameters);
      plantOtherBytes(job);

      await runOnce(job.stage, { environment: SLOW }, job.next.event);

      expectRightCopies(job.stage);
    },
  );

  it('is made again when a forged token calls any object of its size relayed', async () => {
    const job = await start();
    plantOtherBytes(job);
    const event = forged(job, (checkpoint) => ({
      ...checkpoint,
      finished: checkpoint.finished.map(
        () => ({ strategy: 'relay', proof: 'relayed', identity: 'abcdef' }) as const,
      ),
    }));

    await runOnce(job.stage, { environment: SLOW }, event);

    const { bucket, key } = placeOf(job.stage);
    expect(latest(bucket, key)?.content).not.toEqual(generated(38_000, 99));
    expectRightCopies(job.stage);
  });
});
