// A job in Mode "audit": it copies nothing, and fails unless every copy is what was built.
import { describe, expect } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import {
  expectEmpty,
  expectFailure,
  MULTIPART_BYTES,
  successOf,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const EU = 'audited-eu';
const AP = 'audited-ap';
const KEY = 'pipeline/App/abc.zip';
const PARAMETERS = { DestinationBuckets: [EU, AP] };
const AUDIT = { ...PARAMETERS, Mode: 'audit' };
const PUT = { contentType: 'application/zip', tags: { team: 'web' } };

async function syncedPipeline(sizeBytes = 1000): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', sizeBytes, PUT);
  pipeline.addDestination(EU);
  pipeline.addDestination(AP, { region: 'ap-southeast-2' });
  successOf(await pipeline.invoke(PARAMETERS));
  return pipeline;
}

const it = pipelineTest(syncedPipeline);

describe('an audit of copies that are as they were made', () => {
  it.each([1000, MULTIPART_BYTES])('succeeds and writes nothing (%i bytes)', async (sizeBytes) => {
    await using pipeline = await syncedPipeline(sizeBytes);

    const outcome = await pipeline.invoke(AUDIT);

    const { executionDetails, outputVariables } = successOf(outcome);
    expect(executionDetails.summary).toMatch(/^Found 1 artifact \(.*\) as built in 2 regions in /);
    expect(outputVariables).toMatchObject({ BytesCopied: '0', CopiesSkipped: '2' });
    expect(outcome.writes).toEqual([]);
  });

  it("reads the source with the job's credentials where the role may not", async ({ pipeline }) => {
    pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], 'arn:aws:s3:::pipeline-artifacts/*');
    const outcome = await pipeline.invoke(AUDIT);
    expect(successOf(outcome).executionDetails.summary).toContain('as built');
  });
});

describe('an audit fails, and writes nothing, over', () => {
  it.for<[string, (pipeline: TestPipeline) => void, RegExp]>([
    ['a copy that is gone', (pipeline) => pipeline.aws.deleteObject(EU, KEY), /nothing is there/],
    [
      'other bytes',
      (pipeline) => void pipeline.aws.putObject(EU, KEY, generated(1000, 99), PUT),
      /another object is there, with CRC64NVME .* instead of /,
    ],
    [
      'another key',
      (pipeline) => {
        const { arn } = pipeline.aws.createKey({ region: 'eu-west-1' });
        pipeline.allowKey(arn);
        pipeline.aws.putObject(EU, KEY, generated(1000, 1), { ...PUT, kmsKeyArn: arn });
      },
      /encrypted with arn:aws:kms:eu-west-1:.* instead of arn:aws:kms:eu-west-1:/,
    ],
    [
      'other headers',
      (pipeline) =>
        void pipeline.aws.putObject(EU, KEY, generated(1000, 1), { ...PUT, contentType: 'text/plain' }),
      /its headers differ/,
    ],
    [
      'bytes that nothing proves',
      (pipeline) => void pipeline.aws.putObject(EU, KEY, generated(1000, 1), { ...PUT, checksum: 'none' }),
      /no more than size-only/,
    ],
  ])('%s', async ([_, change, says], { pipeline }) => {
    change(pipeline);

    const outcome = await pipeline.invoke(AUDIT);

    expectFailure(
      outcome,
      'JobFailed',
      '1 of 2 copies cannot be shown to be what was built.',
      `s3://${EU}/${KEY} in eu-west-1 (artifact App): `,
      says,
    );
    expect(outcome.writes).toEqual([]);
  });

  it('copies that nobody made', async ({ pipeline }) => {
    pipeline.addDestination('audited-never');
    const outcome = await pipeline.invoke({ DestinationBucket: 'audited-never', Mode: 'audit' });
    expectFailure(outcome, 'JobFailed', '1 of 1 copies');
    expectEmpty(pipeline, 'audited-never');
  });
});
