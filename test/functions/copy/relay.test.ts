// Relayed copies: the same objects as server-side ones, one read for all destinations, resumable, with credentials that run out.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../local/aws/embedded-aws.ts';
import type { FaultHook } from '../../../local/aws/faults/faults.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import type { Job } from '../../../local/aws/state/code-pipeline/jobs.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import {
  countOperations,
  createStage,
  DESCRIBED,
  describeObject,
  expectRightCopies,
  MIB,
  partsWrittenTwice,
  runOnce,
  type Stage,
} from './resume/resume-stage.ts';

let faults: FaultHook | undefined;
let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws({ faults: (point) => faults?.(point) });
});
afterAll(() => aws.close());

/** Runs with faults that end with the work. */
async function withFaults<T>(hook: FaultHook, work: () => Promise<T>): Promise<T> {
  faults = hook;
  try {
    return await work();
  } finally {
    faults = undefined;
  }
}

function stageOf(sizeBytes: number, destinationCount: number, mode: string, put: PutOptions = {}): Stage {
  return createStage(aws, {
    artifacts: [{ name: 'App', content: generated(sizeBytes, 1), put: { ...DESCRIBED, ...put } }],
    destinationCount,
    parameters: { Mode: mode },
  });
}

/** What the first destination got. */
function copyIn(stage: Stage) {
  const [bucket] = stage.destinations;
  const [artifact] = stage.artifacts;
  const copy = bucket && artifact && latest(bucket, stage.keyOf(artifact));
  if (copy === undefined) throw new Error('there is no copy');
  return copy;
}

const operationsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
  const before = aws.world.requests.length;
  await work();
  return countOperations(aws.world.requests.slice(before));
};

describe('a relayed copy', () => {
  it.each([
    ['nothing', 0, 1, {}],
    ['one part', 1000, 1, {}],
    ['one part with SHA256', 1000, 2, { checksum: { algorithm: 'SHA256' } }],
    ['a stream', 11 * MIB, 1, {}],
    ['a stream with CRC32', 11 * MIB, 1, { checksum: { algorithm: 'CRC32' } }],
    ['parts for two destinations', 11 * MIB, 2, {}],
    ['parts with CRC32C', 11 * MIB, 2, { checksum: { algorithm: 'CRC32C' } }],
    [
      'the parts of a COMPOSITE source',
      12 * MIB,
      2,
      { partSizeBytes: 5 * MIB, checksum: { algorithm: 'SHA256', type: 'COMPOSITE' } },
    ],
  ] as const)('of %s is the same as a server-side one', async (_, sizeBytes, destinations, put) => {
    const relayed = stageOf(sizeBytes, destinations, 'relay', put);
    const copied = stageOf(sizeBytes, destinations, 'copy', put);
    expect((await runOnce(relayed)).result.operation).toBe('PutJobSuccessResult');
    await runOnce(copied);
    expectRightCopies(relayed);
    expectRightCopies(copied);
    expect(describeObject(copyIn(relayed))).toEqual(describeObject(copyIn(copied)));
  });

  it.each([
    ['a lone destination', 11 * MIB, 1, { CreateMultipartUpload: 1, UploadPart: 3, GetObject: 3 }],
    ['three destinations', 11 * MIB, 3, { CreateMultipartUpload: 3, UploadPart: 9, GetObject: 3 }],
    ['three destinations in one part', 1000, 3, { PutObject: 3, GetObject: 1 }],
  ] as const)('reads each part of its source once for %s', async (_, sizeBytes, destinations, expected) => {
    const stage = stageOf(sizeBytes, destinations, 'relay');
    expect(await operationsOf(() => runOnce(stage))).toMatchObject(expected);
    expectRightCopies(stage);
  });

  it('continues in another invocation with the parts that are there', async () => {
    const stage = stageOf(24 * MIB, 2, 'relay');
    const before = aws.world.requests.length;
    const sent = (): number =>
      aws.world.requests.slice(before).filter(({ operation }) => operation === 'UploadPart').length;
    const jobs: Job[] = [stage.job];
    const unsubscribe = aws.world.codePipeline.onJob((job) => void jobs.push(job));
    for (const job of jobs) {
      const limit = sent() + 4;
      await runOnce(
        stage,
        {
          environment: { SYNC_RELAY_MEMORY_MIB: '10' },
          remainingMs: () => (sent() < limit ? 900_000 : 5_000),
        },
        job.event,
      );
    }
    unsubscribe();
    expect(jobs.length).toBeGreaterThanOrEqual(3);
    const requests = aws.world.requests.slice(before);
    expect(partsWrittenTwice(requests)).toEqual([]);
    expect(countOperations(requests)).toMatchObject({ UploadPart: 10, GetObject: 5 });
    expectRightCopies(stage);
  });
});

describe('a stream', () => {
  it('that the deadline cuts off is resumed part by part', async () => {
    const stage = stageOf(24 * MIB, 1, 'relay');
    const before = aws.world.requests.length;
    const jobs: Job[] = [stage.job];
    const unsubscribe = aws.world.codePipeline.onJob((job) => void jobs.push(job));
    const endsAtMs = Date.now() + 7_000;
    await withFaults(
      ({ operation, partNumber = 0, phase }) =>
        operation === 'UploadPart' && partNumber > 3 && phase === 'before'
          ? { kind: 'stall', delayMs: Number.POSITIVE_INFINITY }
          : undefined,
      () => runOnce(stage, { remainingMs: () => endsAtMs - Date.now() }),
    );
    const cutOff = { at: new Date(), logged: aws.world.requests.length };
    const next = jobs[1];
    if (next === undefined) throw new Error('the job did not continue');
    await runOnce(stage, {}, next.event);
    unsubscribe();
    // Of what was on its way at the deadline nobody knows that it arrived: it may come again.
    const answered = aws.world.requests.filter(
      ({ startedAt }, index) => index >= before && (index < cutOff.logged || startedAt >= cutOff.at),
    );
    expect(partsWrittenTwice(answered)).toEqual([]);
    expectRightCopies(stage);
  });

  it.each([
    ['CreateMultipartUpload', 'after'],
    ['UploadPart', 'after'],
    ['CompleteMultipartUpload', 'after'],
    ['PutObject', 'before'],
  ] as const)('leaves no upload behind when an answer to %s is lost', async (operation, phase) => {
    const stage = stageOf(operation === 'PutObject' ? 1000 : 11 * MIB, 1, 'relay');
    let lost = 0;
    await withFaults(
      (point) =>
        point.operation === operation && point.phase === phase && lost++ === 0
          ? { kind: 'reset' }
          : undefined,
      () => runOnce(stage),
    );
    expect(lost).toBeGreaterThan(0);
    expectRightCopies(stage);
  });

  it('that fails for good aborts its upload', async () => {
    const stage = stageOf(24 * MIB, 1, 'relay');
    const { result } = await withFaults(
      ({ operation, partNumber }) =>
        operation === 'UploadPart' && partNumber === 2
          ? { kind: 'error', status: 403, code: 'AccessDenied' }
          : undefined,
      () => runOnce(stage),
    );
    expect(result.operation).toBe('PutJobFailureResult');
    expect(stage.destinations.flatMap(({ uploads }) => [...uploads.keys()])).toEqual([]);
  });
});

describe('artifactCredentials that run out', () => {
  /** A stage whose job has credentials that end so soon. */
  function stageUntil(milliseconds: number): { stage: Stage; event: unknown } {
    const stage = stageOf(11 * MIB, 2, 'relay');
    const identity = identityOf(stage);
    const expiresAt = new Date(Date.now() + milliseconds);
    aws.world.addSession({ ...identity, expiresAt });
    const { data } = stage.job;
    const artifactCredentials = { ...data.artifactCredentials, expirationTime: expiresAt.getTime() };
    const job = { ...stage.job.event['CodePipeline.job'], data: { ...data, artifactCredentials } };
    return { stage, event: { 'CodePipeline.job': job } };
  }

  function identityOf({ job }: Stage) {
    const identity = aws.world.identity(job.data.artifactCredentials.accessKeyId);
    if (identity === undefined) throw new Error('the job has no credentials');
    return identity;
  }

  it('have run out already when the function is invoked: new ones come from GetJobDetails', async () => {
    const { stage, event } = stageUntil(-1_000);
    const counts = await operationsOf(() => runOnce(stage, {}, event));
    // Once for the credentials, and once for the names in the log.
    expect(counts).toMatchObject({ GetJobDetails: 2 });
    expectRightCopies(stage);
  });

  it('run out during the relay: new ones read the rest', async () => {
    // The SDK renews five minutes before the end.
    const { stage, event } = stageUntil(6 * 60_000);
    const before = aws.world.requests.length;
    const now = Date.now.bind(Date);
    const clock = vi.spyOn(Date, 'now');
    await withFaults(
      ({ operation, phase }) => {
        // Two minutes pass while the first part is read.
        if (operation === 'GetObject' && phase === 'after')
          clock.mockImplementation(() => now() + 2 * 60_000);
        return undefined;
      },
      () => runOnce(stage, { environment: { SYNC_RELAY_MEMORY_MIB: '10' } }, event),
    ).finally(() => clock.mockRestore());
    const requests = aws.world.requests.slice(before);
    expect(countOperations(requests).GetJobDetails).toBe(2);
    const readers = requests
      .filter(({ operation }) => operation === 'GetObject')
      .map(({ accessKeyId }) => accessKeyId);
    expect(new Set(readers).size).toBe(2);
    expectRightCopies(stage);
  });
});
