// The memory that a relay takes in the bundle's own process, whatever the artifact's size.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import { LambdaFunction } from '../../../local/lambda/lambda.ts';
import { HANDLER_FILE } from '../../../local/replay/run.ts';
import { createStage, expectRightCopies, HOME_REGION, MIB } from './resume/resume-stage.ts';

/** `npm run test:relay-memory` relays 2 GiB. The peak is reached long before the end. */
const SIZE_BYTES = Number(process.env.RELAY_MEMORY_MIB ?? 192) * MIB;
const LIMIT_BYTES = 256_000_000;

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

it.each([
  ['four relays at the same time', 4, 1],
  ['the parts to two destinations', 1, 2],
])('keeps %s within 256 MB', { timeout: 600_000 }, async (_, artifactCount, destinationCount) => {
  const stage = createStage(aws, {
    artifacts: Array.from({ length: artifactCount }, (_unused, index) => ({
      name: `Vendor${index}`,
      content: generated(SIZE_BYTES / artifactCount, index),
      roleMayNotRead: true,
    })),
    destinationCount,
  });
  await using lambda = new LambdaFunction({
    handlerFile: HANDLER_FILE,
    region: HOME_REGION,
    accountId: stage.job.accountId,
    credentials: stage.role.credentials,
    timeoutMs: 600_000,
    memoryMb: 512,
    environment: { AWS_ENDPOINT_URL_S3: aws.endpoint, AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint },
  });
  const { outcome, peakMemoryBytes } = await lambda.invoke(stage.job.event);
  expect(outcome).toBe('ok');
  expectRightCopies(stage);
  expect(peakMemoryBytes).toBeLessThan(LIMIT_BYTES);
});
