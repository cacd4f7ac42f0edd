// Requests that take effect after the function has given them up and sent them again.
import { expect, it } from 'vitest';
import { deployed } from '../harness/bundle-runs.ts';
import { JobWorld, MULTIPART_BYTES } from '../harness/world.ts';

it.each([
  ['auto', 'UploadPartCopy', 'Succeeded'],
  ['auto', 'CompleteMultipartUpload', 'Failed'],
  ['relay', 'UploadPart', 'Succeeded'],
] as const)('leave no upload behind that begins late (%s, at %s, %s)', async (Mode, until, state) => {
  await using world = await JobWorld.start();
  world.addArtifact('App', MULTIPART_BYTES);
  world.addDestination('late-eu');
  const late = Promise.withResolvers<void>();
  let beginnings = 0;
  world.faults = ({ operation, phase }) => {
    if (phase !== 'before') return undefined;
    if (operation === 'CreateMultipartUpload' && ++beginnings === 1)
      return { kind: 'wait', until: late.promise };
    if (operation !== until) return undefined;
    late.resolve();
    return state === 'Failed' ? { kind: 'error', status: 400, code: 'InvalidRequest' } : undefined;
  };
  await using lambda = deployed(world, { environment: { SYNC_STALL_MS: '500' } });
  const { id, event } = world.job({ DestinationBucket: 'late-eu', Mode });
  await lambda.invoke(event);
  expect(world.world.codePipeline.state(id)).toBe(state);
  expect(beginnings).toBeGreaterThan(1);
  expect([...(world.world.buckets.get('late-eu')?.uploads.keys() ?? ['no bucket'])]).toEqual([]);
});
