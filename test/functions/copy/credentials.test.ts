// Whose credentials do what: the role writes, and reads if it may; the job's own only read, and are renewed when they run out.
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../local/aws/state/code-pipeline-jobs.ts';
import {
  copiesOf,
  failureOf,
  JobWorld,
  MULTIPART_BYTES,
  type Outcome,
  SOURCE,
  successOf,
} from '../harness/world.ts';

const BUCKETS = ['credentials-eu', 'credentials-ap'];

async function soundWorld(sizeBytes = MULTIPART_BYTES): Promise<JobWorld> {
  const world = await JobWorld.start();
  world.addArtifact('App', sizeBytes, { tags: { team: 'web' } });
  world.addDestination('credentials-eu');
  world.addDestination('credentials-ap', { region: 'ap-southeast-2' });
  return world;
}

function denySource(world: JobWorld): void {
  world.deny(['s3:GetObject', 's3:GetObjectVersion'], `arn:aws:s3:::${SOURCE}/*`);
}

/** The operations that credentials signed, each once. */
function operationsOf(accessKeyId: string, { requests }: Outcome): readonly string[] {
  const signed = requests.filter((request) => request.accessKeyId === accessKeyId);
  return [...new Set(signed.map(({ operation }) => operation))].sort();
}

describe('in Mode auto', () => {
  it('the role does everything that it may, and the job keeps its credentials to itself', async () => {
    await using world = await soundWorld();
    const job = world.job({ DestinationBuckets: BUCKETS });
    const outcome = await world.run(job.event);
    successOf(outcome);
    expect(operationsOf(job.data.artifactCredentials.accessKeyId, outcome)).toEqual([]);
    expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['multipart', 'multipart']);
  });

  it.each([1000, MULTIPART_BYTES])(
    "%d bytes that the role may not read are relayed with the job's credentials, each byte read once",
    async (sizeBytes) => {
      await using world = await soundWorld(sizeBytes);
      denySource(world);
      const job = world.job({ DestinationBuckets: BUCKETS });
      const outcome = await world.run(job.event);
      successOf(outcome);
      expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['relay', 'relay']);
      const signed = operationsOf(job.data.artifactCredentials.accessKeyId, outcome);
      expect(signed.filter((name) => !name.endsWith('Tagging'))).toEqual(['GetObject', 'HeadObject']);
      const read = outcome.requests.filter(({ operation }) => operation === 'GetObject');
      const readBytes = read.reduce((sum, { bytes }) => sum + bytes, 0);
      expect(readBytes).toBe(sizeBytes);
      expect(world.object('credentials-eu', 'pipeline/App/abc.zip').tags).toEqual({ team: 'web' });
    },
  );

  it('a destination that denies is no reason to relay', async () => {
    await using world = await soundWorld();
    world.deny(['s3:PutObject'], 'arn:aws:s3:::credentials-ap/*');
    const outcome = await world.invoke({ DestinationBuckets: BUCKETS });
    expect(failureOf(outcome).type).toBe('PermissionError');
    expect(outcome.requests.some(({ operation }) => operation === 'GetObject')).toBe(false);
  });

  it('a source that is gone is no reason to ask for it with other credentials', async () => {
    await using world = await soundWorld();
    world.bucket(SOURCE).objects.clear();
    const job = world.job({ DestinationBuckets: BUCKETS });
    const outcome = await world.run(job.event);
    expect(failureOf(outcome).type).toBe('RevisionUnavailable');
    expect(operationsOf(job.data.artifactCredentials.accessKeyId, outcome)).toEqual([]);
  });

  it('without artifactCredentials the denial of the role is what counts', async () => {
    await using world = await soundWorld();
    denySource(world);
    const { event } = world.job({ DestinationBuckets: BUCKETS });
    const job = structuredClone(event['CodePipeline.job']);
    Reflect.deleteProperty(job.data, 'artifactCredentials');
    const outcome = await world.run({ 'CodePipeline.job': job });
    expect(failureOf(outcome)).toMatchObject({
      type: 'PermissionError',
      message: expect.stringContaining("for the function's role"),
    });
  });
});

describe('in Mode copy', () => {
  it('nothing is relayed even if the role may not read', async () => {
    await using world = await soundWorld();
    denySource(world);
    const outcome = await world.invoke({ DestinationBuckets: BUCKETS, Mode: 'copy' });
    expect(failureOf(outcome).type).toBe('PermissionError');
    expect(outcome.writes).toEqual([]);
  });
});

describe("the job's credentials", () => {
  /** A job that was invoked so late that its credentials have run out. */
  function lateJob(world: JobWorld): Job['event'] {
    const job = world.job({ DestinationBuckets: BUCKETS, Mode: 'relay' });
    const { accessKeyId } = job.data.artifactCredentials;
    world.world.removeIdentity(accessKeyId);
    const data = {
      ...job.data,
      artifactCredentials: { ...job.data.artifactCredentials, expirationTime: Date.now() - 1 },
    };
    return { 'CodePipeline.job': { ...job.event['CodePipeline.job'], data } };
  }

  it('that ran out are renewed with GetJobDetails', async () => {
    await using world = await soundWorld();
    const outcome = await world.run(lateJob(world));
    successOf(outcome);
    expect(copiesOf(outcome).map(({ strategy }) => strategy)).toEqual(['relay', 'relay']);
    expect(outcome.requests.some(({ operation }) => operation === 'GetJobDetails')).toBe(true);
  });

  it('that ran out and may not be renewed fail the job, naming what to allow', async () => {
    await using world = await soundWorld();
    world.deny(['codepipeline:GetJobDetails'], '*');
    const outcome = await world.run(lateJob(world));
    const { type, message } = failureOf(outcome);
    expect(type).toBe('PermissionError');
    expect(message).toMatch(/ran out .* allow codepipeline:GetJobDetails on \* for arn:aws:iam::\S+/);
    expect(outcome.writes).toEqual([]);
  });
});
