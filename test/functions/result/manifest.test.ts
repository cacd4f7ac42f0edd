// The output artifact: a zip that says what was copied where, written where and how the pipeline expects it.
import { strFromU8, unzipSync } from 'fflate';
import { describe, expect } from 'vitest';
import { toBuffer } from '../../../local/aws/content/content.ts';
import { DENIED, faultAt } from '../harness/faults.ts';
import { pipelineTest } from '../harness/pipeline-test.ts';
import { expectFailure, MULTIPART_BYTES, SOURCE, successOf, TestPipeline } from '../harness/test-pipeline.ts';

const EU = 'manifest-eu';
const OUTPUT = 'pipeline/Manifest/xyz';

async function createPipeline(): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', MULTIPART_BYTES, { revision: 'c0ffee' });
  pipeline.addArtifact('Templates');
  pipeline.addDestination(EU);
  return pipeline;
}

const it = pipelineTest(createPipeline);

const outputAt = (bucketName: string, objectKey = OUTPUT, name = 'Manifest') =>
  ({ name, location: { type: 'S3', s3Location: { bucketName, objectKey } } }) as const;
const outputIn = (bucketName: string) => ({ outputArtifacts: [outputAt(bucketName)] });

function manifestIn(pipeline: TestPipeline, bucket: string): Record<string, unknown> {
  const files = unzipSync(toBuffer(pipeline.object(bucket, OUTPUT).content));
  expect(Object.keys(files)).toEqual(['sync-manifest.json']);
  return JSON.parse(strFromU8(files['sync-manifest.json'] ?? new Uint8Array())) as Record<string, unknown>;
}

describe('the manifest', () => {
  it('tells of every copy, its proof and its version', async ({ pipeline }) => {
    const parameters = { DestinationBuckets: [EU, SOURCE], ExecutionId: 'e-1' };
    const job = pipeline.job(parameters, outputIn(SOURCE));
    successOf(await pipeline.run(job.event));
    const [app] = pipeline.artifacts;
    const source = pipeline.object(SOURCE, app?.location.s3Location.objectKey ?? '');
    const copy = pipeline.object(EU, source.key);
    const manifest = manifestIn(pipeline, SOURCE);
    expect(manifest).toMatchObject({ version: 1, jobId: job.id, executionId: 'e-1' });
    expect((manifest.copies as unknown[]).length).toBe(4);
    expect((manifest.copies as unknown[])[0]).toEqual({
      artifact: 'App',
      source: {
        bucket: SOURCE,
        key: source.key,
        region: 'us-east-1',
        eTag: `"${source.etag}"`,
        versionId: source.versionId,
        revision: 'c0ffee',
      },
      destination: { bucket: EU, key: source.key, region: 'eu-west-1', versionId: copy.versionId },
      bytes: MULTIPART_BYTES,
      strategy: 'multipart',
      checksum: { ...copy.checksum },
      proof: {
        kind: 'checksum',
        algorithm: 'CRC64NVME',
        kmsKeyArn: copy.encryption.keyArn,
        kmsKeyResolved: true,
      },
      durationMs: expect.any(Number),
    });
    expect((manifest.copies as unknown[])[1]).toMatchObject({
      destination: { bucket: SOURCE },
      strategy: 'same-object',
    });
  });

  it('is written to each output artifact, since a pipeline fails an action that leaves one out', async ({
    pipeline,
  }) => {
    const outputArtifacts = ['One', 'Two', 'Three'].map((name) =>
      outputAt(SOURCE, `pipeline/${name}/xyz`, name),
    );
    successOf(await pipeline.invoke({ DestinationBucket: EU }, { data: { outputArtifacts } }));
    const [one, two, three] = outputArtifacts.map(({ location }) =>
      toBuffer(pipeline.object(SOURCE, location.s3Location.objectKey).content),
    );
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  it('of copies under an alias says which key it means', async ({ pipeline }) => {
    const { arn } = pipeline.aws.createKey({ region: 'eu-west-1', alias: 'release' });
    pipeline.allowKey(arn);
    const parameters = { DestinationBuckets: [{ Bucket: EU, KmsKeyId: 'alias/release' }] };
    successOf(await pipeline.invoke(parameters, { data: outputIn(SOURCE) }));
    expect(manifestIn(pipeline, SOURCE).copies).toContainEqual(
      expect.objectContaining({ proof: expect.objectContaining({ kmsKeyArn: arn, kmsKeyResolved: true }) }),
    );
  });

  it("is encrypted under the job's key and written with the job's credentials", async ({ pipeline }) => {
    const { arn } = pipeline.aws.createKey({ region: 'us-east-1' });
    const job = pipeline.job(
      { DestinationBucket: EU },
      { ...outputIn(SOURCE), encryptionKey: { id: arn, type: 'KMS' } },
    );
    const outcome = await pipeline.run(job.event);
    successOf(outcome);
    expect(pipeline.object(SOURCE, OUTPUT).encryption.keyArn).toBe(arn);
    const put = outcome.requests.find(({ operation }) => operation === 'PutObject');
    expect(put?.accessKeyId).toBe(job.data.artifactCredentials.accessKeyId);
  });

  it('without a key of the job takes the default of the artifact bucket', async ({ pipeline }) => {
    successOf(await pipeline.invoke({ DestinationBucket: EU }, { data: outputIn(SOURCE) }));
    expect(pipeline.object(SOURCE, OUTPUT).encryption.keyArn).toBe(pipeline.sourceKey.arn);
    expect(pipeline.object(SOURCE, OUTPUT).headers['content-type']).toBe('application/zip');
  });

  it('finds a bucket in another region', async ({ pipeline }) => {
    const key = pipeline.aws.createKey({ region: 'ap-southeast-2' });
    pipeline.aws.createBucket({
      name: 'manifest-ap',
      region: 'ap-southeast-2',
      encryption: { algorithm: 'aws:kms', keyId: key.arn },
    });
    successOf(await pipeline.invoke({ DestinationBucket: EU }, { data: outputIn('manifest-ap') }));
    expect(manifestIn(pipeline, 'manifest-ap').version).toBe(1);
  });

  it('that may not be written fails the job, naming where and whom; a retry skips the copies', async ({
    pipeline,
  }) => {
    pipeline.faults = faultAt('PutObject', DENIED);
    const denied = await pipeline.invoke({ DestinationBucket: EU }, { data: outputIn(SOURCE) });
    expectFailure(
      denied,
      'PermissionError',
      `PutObject on s3://${SOURCE}/${OUTPUT}`,
      "the job's artifactCredentials",
    );
    pipeline.faults = undefined;
    const again = await pipeline.invoke({ DestinationBucket: EU }, { data: outputIn(SOURCE) });
    expect(successOf(again).outputVariables).toMatchObject({ CopiesSkipped: '2' });
  });

  it('is not written when the job fails', async ({ pipeline }) => {
    pipeline.deny(['s3:PutObject'], `arn:aws:s3:::${EU}/*`);
    const outcome = await pipeline.invoke({ DestinationBucket: EU }, { data: outputIn(SOURCE) });
    expectFailure(outcome, 'PermissionError', EU);
    expect(outcome.writes.map(({ operation }) => operation)).not.toContain('PutObject');
  });
});
