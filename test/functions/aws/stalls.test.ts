// A service that stays silent: whatever request it leaves unanswered, the job is answered before Lambda ends the function.
import { describe, expect, it } from 'vitest';
import { deployed } from '../harness/bundle-runs.ts';
import { MULTIPART_BYTES, TestPipeline } from '../harness/test-pipeline.ts';

const SERVER_SIDE = [
  'HeadObject',
  'GetObjectTagging',
  'HeadBucket',
  'GetBucketEncryption',
  'ListMultipartUploads',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'CompleteMultipartUpload',
] as const;
const RELAYED = ['GetObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const;
const TIMEOUT_MS = 10_000;
/** A dozen functions that all answer in their last moment would be in each other's way. */
const APART_MS = 300;

/** One invocation against an S3 that never answers one operation. */
async function stalledAt(
  stalled: string,
  timeoutMs: number,
  parameters: object,
): Promise<{ outcome: string; results: number }> {
  await using pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', MULTIPART_BYTES);
  pipeline.addDestination('stalls-eu');
  pipeline.faults = ({ operation, phase }) =>
    operation === stalled && phase === 'before'
      ? { kind: 'stall', delayMs: Number.POSITIVE_INFINITY }
      : undefined;
  const environment = { SYNC_RETRY_BUDGET_MS: '60000', SYNC_STALL_MS: '30000' };
  await using lambda = deployed(pipeline, { timeoutMs, environment });
  const { outcome } = await lambda.invoke(
    pipeline.job({ DestinationBucket: 'stalls-eu', ...parameters }).event,
  );
  return { outcome, results: pipeline.aws.codePipeline.results.length };
}

describe('an invocation', () => {
  it('answers once before its deadline, whichever operation of S3 is never answered', async () => {
    const cases = [
      ...SERVER_SIDE.map((operation) => ({ operation, Mode: 'auto' })),
      ...RELAYED.map((operation) => ({ operation, Mode: 'relay' })),
    ];
    const ends = await Promise.all(
      cases.map(async ({ operation, Mode }, index) => ({
        operation,
        Mode,
        ...(await stalledAt(operation, TIMEOUT_MS + index * APART_MS, { Mode })),
      })),
    );
    expect(ends.filter(({ outcome, results }) => outcome !== 'ok' || results !== 1)).toEqual([]);
    expect(ends).toHaveLength(SERVER_SIDE.length + RELAYED.length);
  });
});
