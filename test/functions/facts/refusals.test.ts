// Whichever operation of S3 fails for good: one answer of the right type that names it, no unfinished upload, no half copy.
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../local/aws/faults/faults.ts';
import { failureOf, MIB, MULTIPART_BYTES, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'refusals-eu';

interface Sample {
  readonly operation: string;
  readonly mode: 'auto' | 'relay';
  readonly sizeBytes: number;
}

/** Two parts of a relay. */
const RELAYED_BYTES = 10 * MIB;
const FACTS = ['HeadObject', 'GetObjectTagging', 'HeadBucket', 'GetBucketEncryption'];
const SAMPLES: readonly Sample[] = [
  ...[...FACTS, 'CopyObject'].map((operation): Sample => ({ operation, mode: 'auto', sizeBytes: 1000 })),
  ...['ListMultipartUploads', 'CreateMultipartUpload', 'UploadPartCopy', 'CompleteMultipartUpload'].map(
    (operation): Sample => ({ operation, mode: 'auto', sizeBytes: MULTIPART_BYTES }),
  ),
  ...['GetObject', 'PutObject'].map((operation): Sample => ({ operation, mode: 'relay', sizeBytes: 1000 })),
  ...['GetObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'].map(
    (operation): Sample => ({ operation, mode: 'relay', sizeBytes: RELAYED_BYTES }),
  ),
];

/** What a job can do without: another look-up, or tags and uploads that nobody may see. */
const DISPENSABLE = new Set(['GetObjectTagging', 'HeadBucket', 'ListMultipartUploads']);

const FAULTS: readonly {
  readonly fault: Fault;
  readonly type: string;
  readonly may?: ReadonlySet<string>;
}[] = [
  {
    fault: { kind: 'error', status: 403, code: 'AccessDenied', message: 'Access Denied' },
    type: 'PermissionError',
    may: DISPENSABLE,
  },
  { fault: { kind: 'error', status: 500, code: 'InternalError' }, type: 'SystemUnavailable' },
  { fault: { kind: 'reset' }, type: 'SystemUnavailable' },
];

describe.each(FAULTS)('with $fault.kind $fault.code', ({ fault, type, may }) => {
  it.each(SAMPLES)('$operation ($mode, $sizeBytes bytes) ends the job soundly', async (sample) => {
    const { operation, mode, sizeBytes } = sample;
    await using pipeline = await TestPipeline.start();
    pipeline.addArtifact('App', sizeBytes);
    pipeline.addDestination(EU);
    let hits = 0;
    pipeline.faults = (point) => {
      if (point.phase === 'after' || point.operation !== operation) return undefined;
      hits++;
      return fault;
    };
    const settings = { retryBudgetMs: 50 };
    const outcome = await pipeline.invoke({ DestinationBucket: EU, Mode: mode }, { settings });
    expect(hits).toBeGreaterThan(0);
    if (may?.has(operation) === true) {
      successOf(outcome);
    } else {
      const failure = failureOf(outcome);
      expect(failure.type, failure.message).toBe(type);
      expect(failure.message).toContain(`${operation} on s3://`);
      expect(pipeline.bucket(EU).objects.size).toBe(0);
    }
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
    expect(outcome.requests.at(-1)?.service).toBe('codepipeline');
  });
});
