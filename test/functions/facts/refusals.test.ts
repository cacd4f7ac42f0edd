// Whichever operation of S3 fails for good: one answer of the right type that names it, no unfinished upload, no half copy.
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../local/aws/faults/faults.ts';
import { DENIED, errorOf, faultAt, RESET } from '../harness/faults.ts';
import { appPipeline, EU } from '../harness/pipeline-test.ts';
import { expectFailure, MULTIPART_BYTES, RELAYED_BYTES, successOf } from '../harness/test-pipeline.ts';

interface Sample {
  readonly operation: string;
  readonly mode: 'auto' | 'relay';
  readonly sizeBytes: number;
}

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
    fault: DENIED,
    type: 'PermissionError',
    may: DISPENSABLE,
  },
  { fault: errorOf(500, 'InternalError'), type: 'SystemUnavailable' },
  { fault: RESET, type: 'SystemUnavailable' },
];

describe.each(FAULTS)('with $fault.kind $fault.code', ({ fault, type, may }) => {
  it.each(SAMPLES)('$operation ($mode, $sizeBytes bytes) ends the job soundly', async (sample) => {
    const { operation, mode, sizeBytes } = sample;
    await using pipeline = await appPipeline(sizeBytes);
    const refused = faultAt(operation, fault);
    pipeline.faults = refused;
    const settings = { retryBudgetMs: 50 };
    const outcome = await pipeline.invoke({ DestinationBucket: EU, Mode: mode }, { settings });
    expect(refused.hits).toBeGreaterThan(0);
    if (may?.has(operation) === true) {
      successOf(outcome);
    } else {
      expectFailure(outcome, type, `${operation} on s3://`);
      expect(pipeline.bucket(EU).objects.size).toBe(0);
    }
    expect(pipeline.bucket(EU).uploads.size).toBe(0);
    expect(outcome.requests.at(-1)?.service).toBe('codepipeline');
  });
});
