// No write of a job may destroy an input of the action or a copy of the same job.
import { describe, expect } from 'vitest';
import { pipelineTest } from '../harness/pipeline-test.ts';
import { failureOf, SOURCE, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'places-eu';
const manifestAt = (bucketName: string, objectKey: string) => ({
  outputArtifacts: [
    { name: 'Manifest', location: { type: 'S3', s3Location: { bucketName, objectKey } } },
  ] as const,
});

async function pipelineWithTwo(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', 1000, { key: 'pipeline/App' });
  pipeline.addArtifact('Templates', 1000, { key: 'pipeline/Templates' });
  pipeline.addDestination(EU);
  return pipeline;
}

const it = pipelineTest(pipelineWithTwo);

describe('a job that would write to a place twice', () => {
  it.for([
    [
      'the manifest to that of a copy',
      { DestinationBucket: EU },
      manifestAt(EU, 'pipeline/App'),
      ['output artifact Manifest', 'the copy of artifact App', `s3://${EU}/pipeline/App`],
    ],
    [
      'the manifest to that of an input',
      { DestinationBucket: EU },
      manifestAt(SOURCE, 'pipeline/Templates'),
      ['output artifact Manifest', 'input artifact Templates'],
    ],
    [
      'the manifest to that of an input that is not copied',
      { DestinationBucket: EU, InputArtifacts: ['App'] },
      manifestAt(SOURCE, 'pipeline/Templates'),
      ['output artifact Manifest', 'input artifact Templates'],
    ],
    [
      'a copy to the place of another input',
      { DestinationBucket: SOURCE, Key: 'pipeline/Templates', InputArtifacts: ['App'] },
      {},
      ['copy of artifact App', 'input artifact Templates', `s3://${SOURCE}/pipeline/Templates`],
    ],
  ] as const)(
    '(%s) is refused before anything is written',
    async ([_, parameters, data, named], { pipeline }) => {
      const outcome = await pipeline.invoke(parameters, { data });

      const { type, message } = failureOf(outcome);
      expect(type).toBe('ConfigurationError');
      for (const name of named) expect(message).toContain(name);
      expect(outcome.writes).toEqual([]);
    },
  );
});

describe('a job whose places differ', () => {
  it.for([
    ['copies and manifest in one bucket', { DestinationBucket: EU }, manifestAt(EU, 'manifests/1.zip')],
    ['an artifact that is its own copy', { DestinationBucket: SOURCE }, {}],
  ] as const)('(%s) is done', async ([_, parameters, data], { pipeline }) => {
    pipeline.allowWriting(SOURCE);

    successOf(await pipeline.invoke(parameters, { data }));
  });
});
