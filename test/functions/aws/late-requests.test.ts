// Requests that take effect after the function has given them up and sent them again.
import { expect, it } from 'vitest';
import { deployed } from '../harness/bundle-runs.ts';
import { MULTIPART_BYTES, TestPipeline } from '../harness/test-pipeline.ts';

it.each([
  ['auto', 'UploadPartCopy', 'Succeeded'],
  ['auto', 'CompleteMultipartUpload', 'Failed'],
  ['relay', 'UploadPart', 'Succeeded'],
] as const)('leave no upload behind that begins late (%s, at %s, %s)', async (Mode, until, state) => {
  await using pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', MULTIPART_BYTES);
  pipeline.addDestination('late-eu');
  const late = Promise.withResolvers<void>();
  let beginnings = 0;
  pipeline.faults = ({ operation, phase }) => {
    if (phase !== 'before') return undefined;
    if (operation === 'CreateMultipartUpload' && ++beginnings === 1)
      return { kind: 'wait', until: late.promise };
    if (operation !== until) return undefined;
    late.resolve();
    return state === 'Failed' ? { kind: 'error', status: 400, code: 'InvalidRequest' } : undefined;
  };
  // Long enough that no other request of a busy machine seems stalled more often than may be.
  const environment = { SYNC_STALL_MS: '1000', SYNC_RETRY_BUDGET_MS: '30000' };
  await using lambda = deployed(pipeline, { environment, timeoutMs: 60_000 });
  const { id, event } = pipeline.job({ DestinationBucket: 'late-eu', Mode });
  await lambda.invoke(event);
  expect(pipeline.aws.codePipeline.state(id)).toBe(state);
  expect(beginnings).toBeGreaterThan(1);
  expect([...(pipeline.aws.buckets.get('late-eu')?.uploads.keys() ?? ['no bucket'])]).toEqual([]);
});
