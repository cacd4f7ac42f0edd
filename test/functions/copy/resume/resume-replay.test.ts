// The longest job there is, with a real clock: the bundle in its own process, invoked again and again by CodePipeline's tokens.
import { expect, it } from 'vitest';
import { generated } from '../../../../local/aws/content/content.ts';
import { startEmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import { LambdaFunction } from '../../../../local/lambda/lambda.ts';
import { runJob } from '../../../../local/pipeline/job-loop.ts';
import { HANDLER_FILE } from '../../../../local/replay/run.ts';
import {
  countOperations,
  createStage,
  expectRightCopies,
  HOME_REGION,
  MIB,
  partsWrittenTwice,
} from './resume-stage.ts';

it('copies 50 GiB within a Lambda limit of six seconds, and no part twice', async () => {
  await using aws = await startEmbeddedAws({
    // Copies that take no time at all would be over too soon on a fast machine.
    faults: ({ operation, phase }) =>
      operation === 'UploadPartCopy' && phase === 'before' ? { kind: 'stall', delayMs: 20 } : undefined,
  });
  const stage = createStage(aws, {
    artifacts: [{ name: 'Image', content: generated(50 * 1024 * MIB, 1) }],
    destinationCount: 1,
  });
  await using lambda = new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region: HOME_REGION,
    accountId: stage.job.accountId,
    credentials: stage.role.credentials,
    timeoutMs: 6_000,
    memoryMb: 512,
    environment: {
      AWS_ENDPOINT_URL_S3: aws.endpoint,
      AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
      SYNC_MAX_CONCURRENCY: '1',
    },
  });
  const run = await runJob(aws.world, lambda, { job: stage.job, event: stage.job.event });
  expect(run.state).toBe('Succeeded');
  expect(run.invocations.map(({ outcome }) => outcome)).toEqual(run.invocations.map(() => 'ok'));
  expect(run.invocations.length).toBeGreaterThanOrEqual(4);
  expectRightCopies(stage);
  expect(partsWrittenTwice(aws.world.requests)).toEqual([]);
  const { UploadPartCopy } = countOperations(aws.world.requests);
  expect(UploadPartCopy).toBeGreaterThan(800);
});
