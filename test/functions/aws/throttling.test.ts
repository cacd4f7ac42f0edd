// What throttling of one service does to the other.
import { expect, it } from 'vitest';
import { JobWorld, MULTIPART_BYTES, SOURCE, successOf } from '../harness/world.ts';

it('a CodePipeline that asks to slow down does not slow S3 down', async () => {
  await using world = await JobWorld.start();
  for (const name of ['A', 'B', 'C', 'D']) world.addArtifact(name, MULTIPART_BYTES);
  world.addArtifact('Private', 1000);
  world.addDestination('throttling-eu');
  world.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/pipeline/Private/*`);
  const job = world.job({ DestinationBucket: 'throttling-eu' });
  const { artifactCredentials } = job.data;
  const event = withCredentials(job.event, { ...artifactCredentials, expirationTime: Date.now() - 1 });
  const parts = new Set<string>();
  let mostInFlight = 0;
  let refusals = 0;
  world.faults = ({ operation, phase, key = '', partNumber }) => {
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

  const outcome = await world.run(event, { settings: { maxConcurrency: 4 } });

  successOf(outcome);
  expect(outcome.metrics.filter(({ metric }) => metric === 'ThrottledRequests')).toHaveLength(2);
  expect(mostInFlight).toBe(4);
});

function withCredentials(event: unknown, artifactCredentials: unknown): unknown {
  const { 'CodePipeline.job': job } = event as { 'CodePipeline.job': { data: object } };
  return { 'CodePipeline.job': { ...job, data: { ...job.data, artifactCredentials } } };
}
