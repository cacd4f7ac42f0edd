// What a job says whose time was up before anything was known: which request was in the way, and what fits that cause.
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../local/aws/faults/faults.ts';
import { failureOf, TestPipeline } from '../harness/test-pipeline.ts';

const BUCKET = 'late-eu';

/** A job of so little time that a request which never succeeds takes it all. */
async function failureWhile(operation: string, fault: Fault): Promise<{ type: string; message: string }> {
  await using pipeline = await TestPipeline.start();
  pipeline.addArtifact('App');
  pipeline.addDestination(BUCKET);
  pipeline.faults = (point) =>
    point.operation === operation && point.phase === 'before' ? fault : undefined;
  // The deadline is set when the job begins; that the report has more time than that keeps a slow machine out of the test.
  let asked = 0;
  return failureOf(
    await pipeline.invoke(
      { DestinationBucket: BUCKET },
      {
        settings: { retryBudgetMs: 60_000, stallMs: 60_000, accessDeniedRetryMs: 60_000 },
        remainingMs: () => (asked++ < 2 ? 4_000 : 8_000),
      },
    ),
  );
}

describe('a job whose time is up', () => {
  it('while S3 keeps failing names the request, and does not ask for a longer timeout', async () => {
    const { type, message } = await failureWhile('GetBucketEncryption', {
      kind: 'error',
      status: 503,
      code: 'SlowDown',
    });
    expect(type).toBe('SystemUnavailable');
    expect(message).toMatch(
      /GetBucketEncryption on s3:\/\/late-eu in eu-west-1: SlowDown \(request id [0-9A-F]{16}\)/,
    );
    expect(message).toContain('AWS Health Dashboard');
    expect(message).not.toContain('raise the timeout');
  });

  it('while S3 denies something is a PermissionError that says what to allow', async () => {
    const { type, message } = await failureWhile('GetBucketEncryption', {
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      message: 'Access Denied',
    });
    expect(type).toBe('PermissionError');
    expect(message).toMatch(/GetBucketEncryption on s3:\/\/late-eu in eu-west-1: AccessDenied \(request id/);
    expect(message).toContain('Allow s3:GetEncryptionConfiguration on arn:aws:s3:::late-eu for');
    expect(message).not.toContain('raise the timeout');
  });

  it('while S3 does not answer names the request, and what may be in its way', async () => {
    const { type, message } = await failureWhile('GetBucketEncryption', {
      kind: 'stall',
      delayMs: Number.POSITIVE_INFINITY,
    });
    expect(type).toBe('SystemUnavailable');
    expect(message).toContain('GetBucketEncryption on s3://late-eu in eu-west-1: no answer');
    expect(message).toContain('raise the timeout of the function, and check that it can reach S3 there');
  });
});
