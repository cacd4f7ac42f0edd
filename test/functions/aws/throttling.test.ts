// What throttling of one service does to the other.
import { expect, it } from 'vitest';
import { eventWith, MULTIPART_BYTES, SOURCE, successOf, TestPipeline } from '../harness/test-pipeline.ts';

it('a CodePipeline that asks to slow down does not slow S3 down', async () => {
  await using pipeline = await TestPipeline.start();
  for (const name of ['A', 'B', 'C', 'D']) pipeline.addArtifact(name, MULTIPART_BYTES);
  pipeline.addArtifact('Private', 1000);
  pipeline.addDestination('throttling-eu');
  pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/pipeline/Private/*`);
  const job = pipeline.job({ DestinationBucket: 'throttling-eu' });
  const { artifactCredentials } = job.data;
  const event = eventWith(job, {
    artifactCredentials: { ...artifactCredentials, expirationTime: Date.now() - 1 },
  });
  const parts = new Set<string>();
  let mostInFlight = 0;
  let refusals = 0;
  pipeline.faults = ({ operation, phase, key = '', partNumber }) => {
    if (operation === 'GetJobDetails' && phase === 'before' && refusals++ < 2)
      return { kind: 'error', status: 400, code: 'ThrottlingException' };
    if (operation !== 'UploadPartCopy') return undefined;
    if (phase === 'after') {
      parts.delete(`${key} ${partNumber}`);
      return undefined;
    }
    parts.add(`${key} ${partNumber}`);
    mostInFlight = Math.max(mostInFlight, parts.size);
    return { kind: 'stall', delayMs: 100 };
  };

  const outcome = await pipeline.run(event, { settings: { maxConcurrency: 4 } });

  successOf(outcome);
  expect(outcome.metrics.filter(({ metric }) => metric === 'ThrottledRequests')).toHaveLength(2);
  expect(mostInFlight).toBe(4);
});
