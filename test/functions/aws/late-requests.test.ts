// Requests that take effect after the function has given them up and sent them again.
import { expect, it } from 'vitest';
import { appPipeline, EU } from '../harness/pipeline-test.ts';
import { MULTIPART_BYTES } from '../harness/test-pipeline.ts';

it.each([
  ['auto', 'UploadPartCopy', 'PutJobSuccessResult'],
  ['auto', 'CompleteMultipartUpload', 'PutJobFailureResult'],
  ['relay', 'UploadPart', 'PutJobSuccessResult'],
] as const)('leave no upload behind that begins late (%s, at %s, %s)', async (Mode, until, ends) => {
  await using pipeline = await appPipeline(MULTIPART_BYTES);
  const late = Promise.withResolvers<void>();
  let beginnings = 0;
  pipeline.faults = ({ operation, phase }) => {
    if (phase !== 'before') return undefined;
    if (operation === 'CreateMultipartUpload' && ++beginnings === 1)
      return { kind: 'wait', until: late.promise };
    if (operation !== until) return undefined;
    late.resolve();
    return ends === 'PutJobFailureResult'
      ? { kind: 'error', status: 400, code: 'InvalidRequest' }
      : undefined;
  };
  // Long enough that no other request of a busy machine seems stalled more often than may be.
  const settings = { stallMs: 1_000, retryBudgetMs: 30_000 };

  const { results } = await pipeline.invoke({ DestinationBucket: EU, Mode }, { settings });

  expect(results.map(({ operation }) => operation)).toEqual([ends]);
  expect(beginnings).toBeGreaterThan(1);
  expect([...pipeline.bucket(EU).uploads.keys()]).toEqual([]);
});
