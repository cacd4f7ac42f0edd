// Uploads in the parts of their source carry no fingerprint: they are resumed only by the job that began them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generated } from '../../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import type { PutOptions } from '../../../../local/aws/state/place-object.ts';
import { continueAfterParts, GIB, SLOW } from './continued-job.ts';
import { countOperations, DESCRIBED, expectRightCopies, MIB, runOnce } from './resume-stage.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

const COMPOSITE: PutOptions = {
  ...DESCRIBED,
  checksum: { algorithm: 'CRC32', type: 'COMPOSITE' },
  partSizeBytes: 128 * MIB,
};

async function startJob() {
  const job = await continueAfterParts(aws, {
    artifacts: [{ name: 'Image', content: generated(3 * GIB, 1), put: COMPOSITE }],
    destinationCount: 1,
    destinationVersioning: 'Unversioned',
  });
  const [bucket] = job.stage.destinations;
  const [artifact] = job.stage.artifacts;
  const [source] = job.stage.sourceBuckets;
  if (bucket === undefined || artifact === undefined || source === undefined) throw new Error('no bucket');
  return { ...job, bucket, source, key: job.stage.keyOf(artifact) };
}

describe('the upload of a copy in the parts of its source', () => {
  it('is resumed by the next invocation of its job', async () => {
    const { stage, next } = await startJob();
    const before = aws.world.requests.length;

    await runOnce(stage, { environment: SLOW }, next.event);

    expectRightCopies(stage);
    expect(countOperations(aws.world.requests.slice(before)).UploadPartCopy).toBeLessThan(24);
  });

  it('is not resumed by a job with another source of the same size and parts: no wrong bytes are ever visible', async () => {
    const { stage, bucket, source, key } = await startJob();
    const earlier = aws.world.putObject(bucket, key, generated(10, 5));
    aws.world.putObject(source, key, generated(3 * GIB, 2), COMPOSITE);
    const seen = new Set([earlier]);
    const stop = aws.world.onRequest(() => {
      const [now] = bucket.objects.get(key) ?? [];
      if (now !== undefined) seen.add(now);
    });
    const data = { ...stage.job.data, artifactCredentials: null };
    const other = aws.world.codePipeline.createJob({ accountId: stage.job.accountId, data });

    const { result } = await runOnce(stage, { environment: SLOW }, other.event);
    stop();

    expect(result.operation).toBe('PutJobSuccessResult');
    expectRightCopies(stage);
    expect(seen.size).toBe(2);
  });
});
