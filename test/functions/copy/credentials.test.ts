// Whose credentials do what: the role writes, and reads if it may; the job's own only read, and are renewed when they run out.
import { describe, expect } from 'vitest';
import { pipelineTest } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  eventWith,
  expectFailure,
  MULTIPART_BYTES,
  type Outcome,
  RELAYED_BYTES,
  SOURCE,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const BUCKETS = ['credentials-eu', 'credentials-ap'];

async function createPipeline(sizeBytes = MULTIPART_BYTES): Promise<TestPipeline> {
  const pipeline = await TestPipeline.start();
  pipeline.addArtifact('App', sizeBytes, { tags: { team: 'web' } });
  pipeline.addDestination('credentials-eu');
  pipeline.addDestination('credentials-ap', { region: 'ap-southeast-2' });
  return pipeline;
}

const it = pipelineTest(createPipeline);

function denySource(pipeline: TestPipeline): void {
  pipeline.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
}

/** The operations that credentials signed, each once. */
function operationsOf(accessKeyId: string, { requests }: Outcome): readonly string[] {
  const signed = requests.filter((request) => request.accessKeyId === accessKeyId);
  return [...new Set(signed.map(({ operation }) => operation))].sort();
}

describe('in Mode auto', () => {
  it('the role does everything that it may, and the job keeps its credentials to itself', async ({
    pipeline,
  }) => {
    const job = pipeline.job({ DestinationBuckets: BUCKETS });
    const outcome = await pipeline.run(job.event);
    expect(operationsOf(job.data.artifactCredentials.accessKeyId, outcome)).toEqual([]);
    expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['multipart', 'multipart']);
  });

  it.each([1000, RELAYED_BYTES])(
    "%d bytes that the role may not read are relayed with the job's credentials, each byte read once",
    async (sizeBytes) => {
      await using pipeline = await createPipeline(sizeBytes);
      denySource(pipeline);
      const job = pipeline.job({ DestinationBuckets: BUCKETS });
      const outcome = await pipeline.run(job.event);
      expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['relay', 'relay']);
      const signed = operationsOf(job.data.artifactCredentials.accessKeyId, outcome);
      expect(signed.filter((name) => !name.endsWith('Tagging'))).toEqual(['GetObject', 'HeadObject']);
      const read = outcome.requests.filter(({ operation }) => operation === 'GetObject');
      const readBytes = read.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(readBytes).toBe(sizeBytes);
      expect(pipeline.object('credentials-eu', 'pipeline/App/abc.zip').tags).toEqual({ team: 'web' });
    },
  );

  it('a destination that denies is no reason to relay', async ({ pipeline }) => {
    pipeline.deny(['s3:PutObject'], 'arn:aws:s3:::credentials-ap/*');
    const outcome = await pipeline.invoke({ DestinationBuckets: BUCKETS });
    expectFailure(outcome, 'PermissionError');
    expect(outcome.operations).not.toContain('GetObject');
  });

  it('a source that is gone is no reason to ask for it with other credentials', async ({ pipeline }) => {
    pipeline.bucket(SOURCE).objects.clear();
    const job = pipeline.job({ DestinationBuckets: BUCKETS });
    const outcome = await pipeline.run(job.event);
    expectFailure(outcome, 'RevisionUnavailable');
    expect(operationsOf(job.data.artifactCredentials.accessKeyId, outcome)).toEqual([]);
  });

  it('without artifactCredentials the denial of the role is what counts', async ({ pipeline }) => {
    denySource(pipeline);
    const { event } = pipeline.job({ DestinationBuckets: BUCKETS });
    const job = structuredClone(event['CodePipeline.job']);
    Reflect.deleteProperty(job.data, 'artifactCredentials');
    const outcome = await pipeline.run({ 'CodePipeline.job': job });
    expectFailure(outcome, 'PermissionError', "for the function's role");
  });
});

describe('in Mode copy', () => {
  it('nothing is relayed even if the role may not read', async ({ pipeline }) => {
    denySource(pipeline);
    const outcome = await pipeline.invoke({ DestinationBuckets: BUCKETS, Mode: 'copy' });
    expectFailure(outcome, 'PermissionError');
    expect(outcome.writes).toEqual([]);
  });
});

describe("the job's credentials", () => {
  /** A job that was invoked so late that its credentials have run out. */
  function lateJob(pipeline: TestPipeline): unknown {
    const job = pipeline.job({ DestinationBuckets: BUCKETS, Mode: 'relay' });
    const { accessKeyId } = job.data.artifactCredentials;
    pipeline.aws.removeIdentity(accessKeyId);
    return eventWith(job, {
      artifactCredentials: { ...job.data.artifactCredentials, expirationTime: Date.now() - 1 },
    });
  }

  it('that ran out are renewed with GetJobDetails', async () => {
    await using pipeline = await createPipeline(1000);
    const outcome = await pipeline.run(lateJob(pipeline));
    expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['relay', 'relay']);
    expect(outcome.operations).toContain('GetJobDetails');
  });

  it('that ran out and may not be renewed fail the job, naming what to allow', async ({ pipeline }) => {
    pipeline.deny(['codepipeline:GetJobDetails'], '*');
    const outcome = await pipeline.run(lateJob(pipeline));
    expectFailure(
      outcome,
      'PermissionError',
      /ran out .* allow codepipeline:GetJobDetails on \* for arn:aws:iam::\S+/,
    );
    expect(outcome.writes).toEqual([]);
  });
});
