// What a job says whose time was up before anything was known: which request was in the way, and what fits that cause.
import { describe, expect, it } from 'vitest';
import type { Fault } from '../../../local/aws/faults/faults.ts';
import { DENIED, faultAt, SILENCE, SLOW_DOWN } from '../harness/faults.ts';
import { appPipeline, EU } from '../harness/pipeline-test.ts';
import { expectFailure, failureOf, type Outcome } from '../harness/test-pipeline.ts';

/** A job of so little time that a look at its destination which never succeeds takes it all. */
async function runWhile(fault: Fault): Promise<Outcome> {
  await using pipeline = await appPipeline();
  pipeline.faults = faultAt('GetBucketEncryption', fault);
  // The deadline is set when the job begins; that the report has more time than that keeps a slow machine out of the test.
  let asked = 0;
  return await pipeline.invoke(
    { DestinationBucket: EU },
    {
      settings: { retryBudgetMs: 60_000, stallMs: 60_000, accessDeniedRetryMs: 60_000 },
      remainingMs: () => (asked++ < 2 ? 4_000 : 8_000),
    },
  );
}

const LOOK = `GetBucketEncryption on s3://${EU} in eu-west-1:`;
const RAISE = 'raise the timeout';

describe('a job whose time is up', () => {
  it('while S3 keeps failing names the request, and does not ask for a longer timeout', async () => {
    const outcome = await runWhile(SLOW_DOWN);
    expectFailure(outcome, 'SystemUnavailable', `${LOOK} SlowDown (request id `, 'AWS Health Dashboard');
    expect(failureOf(outcome).message).not.toContain(RAISE);
  });

  it('while S3 denies something is a PermissionError that says what to allow', async () => {
    const outcome = await runWhile(DENIED);
    const allow = `Allow s3:GetEncryptionConfiguration on arn:aws:s3:::${EU} for`;
    expectFailure(outcome, 'PermissionError', `${LOOK} AccessDenied (request id `, allow);
    expect(failureOf(outcome).message).not.toContain(RAISE);
  });

  it('while S3 does not answer names the request, and what may be in its way', async () => {
    const outcome = await runWhile(SILENCE);
    const advice = `${RAISE} of the function, and check that it can reach S3 there`;
    expectFailure(outcome, 'SystemUnavailable', `${LOOK} no answer`, advice);
  });
});
