// Jobs that continue in another invocation: nothing is done twice, the pinned source counts, and S3 is believed rather than the token.
import { CreateMultipartUploadCommand, S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pinOf } from '../../../../functions/sync-artifacts/facts/object-identity.ts';
import { generated } from '../../../../local/aws/content/content.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import { type Bucket, latest, remove } from '../../../../local/aws/state/buckets.ts';
import type { Job, JobResult } from '../../../../local/aws/state/code-pipeline/jobs.ts';
import type { Credentials } from '../../../../local/aws/state/identities.ts';
import { continueAfterParts, forged, GIB, SLOW, timeForParts, withToken } from './continued-job.ts';
import {
  countOperations,
  createStage,
  DESCRIBED,
  expectRightCopies,
  failureOf,
  finalResults,
  InProcessFunction,
  lastResult,
  MIB,
  partsWrittenTwice,
  runOnce,
  type StageOptions,
} from './resume-stage.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws();
});
afterAll(() => aws.close());

const LARGE: StageOptions = {
  artifacts: [
    { name: 'Image', content: generated(6 * GIB, 1) },
    { name: 'Templates', content: generated(38_000, 2) },
  ],
};

const continuedJob = (options: StageOptions = LARGE) => continueAfterParts(aws, options);

const percentOf = ({ input }: JobResult): unknown =>
  (input.executionDetails as { percentComplete?: number } | undefined)?.percentComplete;

describe('a job that needs several invocations', () => {
  it('copies 50 GiB to two destinations in at least six of them and no part twice, under one correlation id', async () => {
    const stage = createStage(aws, {
      artifacts: [
        { name: 'Image', content: generated(50 * GIB, 1) },
        { name: 'Templates', content: generated(38_000, 2) },
      ],
    });
    const firstRequest = aws.world.requests.length;
    const firstResult = aws.world.codePipeline.results.length;
    const jobs: Job[] = [stage.job];
    const unsubscribe = aws.world.codePipeline.onJob((job) => void jobs.push(job));
    const endedAtMs: number[] = [];
    const correlationIds = new Set<string>();
    const latencies: number[] = [];
    for (const job of jobs) {
      const { lambda } = await runOnce(
        stage,
        { environment: SLOW, remainingMs: timeForParts(aws, 35) },
        job.event,
      );
      for (const id of lambda.correlationIds) correlationIds.add(id);
      latencies.push(...lambda.values('JobLatency'));
      endedAtMs.push(Date.now());
    }
    unsubscribe();
    expectRightCopies(stage);
    expect(jobs.length).toBeGreaterThanOrEqual(6);
    expect(new Set(jobs.map(({ data }) => data.artifactCredentials.accessKeyId)).size).toBe(jobs.length);
    expect([...correlationIds]).toEqual([stage.job.id]);
    expect(latencies).toHaveLength(1);
    // From the first invocation on: longer than all but the first one and the last one took.
    expect(latencies[0]).toBeGreaterThanOrEqual((endedAtMs.at(-2) ?? 0) - (endedAtMs[0] ?? 0));
    const percents = aws.world.codePipeline.results.slice(firstResult).map(percentOf);
    expect(percents).toEqual([...new Set(percents)].toSorted((a, b) => Number(a) - Number(b)));
    expect(percents.at(-1)).toBe(100);
    const requests = aws.world.requests.slice(firstRequest);
    expect(partsWrittenTwice(requests)).toEqual([]);
    const counts = countOperations(requests);
    expect(counts).toMatchObject({ CopyObject: 2, CreateMultipartUpload: 2 + 2 * (jobs.length - 1) });
    // A cold container begins one upload to learn its own name as an initiator, and aborts it again.
    expect(counts.AbortMultipartUpload).toBe(2 * (jobs.length - 1));
    expect(finalResults(stage)).toHaveLength(1);
  });

  it('cuts parts as its first invocation did, although connections are open by then', async () => {
    const stage = createStage(aws, {
      artifacts: [{ name: 'Image', content: generated(16 * GIB, 1) }],
      destinationCount: 1,
    });
    const firstRequest = aws.world.requests.length;
    let next: Job | undefined;
    const unsubscribe = aws.world.codePipeline.onJob((job) => {
      next = job;
    });
    let isShort = true;
    const enough = timeForParts(aws, 20);
    const remainingMs = (): number => (isShort ? enough() : 900_000);
    const lambda = new InProcessFunction(stage, { remainingMs });
    await lambda.invoke(stage.job.event);
    unsubscribe();
    isShort = false;
    await lambda.invoke(next?.event);
    expectRightCopies(stage);
    const requests = aws.world.requests.slice(firstRequest);
    expect(countOperations(requests)).toMatchObject({ CompleteMultipartUpload: 1 });
    expect(partsWrittenTwice(requests)).toEqual([]);
  });

  it('copies the pinned version although the source was overwritten meanwhile', async () => {
    const { stage, next } = await continuedJob();
    const [image] = stage.artifacts;
    const [bucket] = stage.sourceBuckets;
    if (image === undefined || bucket === undefined) throw new Error('no source');
    const pinned = stage.sourceOf(image);
    aws.world.putObject(bucket, stage.keyOf(image), generated(6 * GIB, 9));
    const { result } = await runOnce(stage, { environment: SLOW }, next.event);
    expect(result.operation).toBe('PutJobSuccessResult');
    expectRightCopies(stage, (artifact) => (artifact === image ? pinned : stage.sourceOf(artifact)));
  });

  it.each([
    ['was overwritten in a bucket without versioning', 'Unversioned', 'overwrite'],
    ['was deleted in a bucket without versioning', 'Unversioned', 'delete'],
    ['has its pinned version deleted', 'Enabled', 'delete'],
  ] as const)(
    'is out of sync when its source %s, and leaves no upload',
    async (_, sourceVersioning, change) => {
      const { stage, next } = await continuedJob({ ...LARGE, sourceVersioning });
      const [image] = stage.artifacts;
      const [bucket] = stage.sourceBuckets;
      if (image === undefined || bucket === undefined) throw new Error('no source');
      const { versionId } = stage.sourceOf(image);
      if (change === 'delete') remove(bucket, stage.keyOf(image), versionId);
      else aws.world.putObject(bucket, stage.keyOf(image), generated(6 * GIB, 9));
      const { result } = await runOnce(stage, { environment: SLOW }, next.event);
      expect(failureOf(result).type).toBe('RevisionOutOfSync');
      expect(failureOf(result).message).toContain('Image');
      for (const destination of stage.destinations) {
        expect(latest(destination, stage.keyOf(image))).toBeUndefined();
        expect([...destination.uploads.keys()]).toEqual([]);
      }
    },
  );

  it('copies a source that was hidden by a delete marker: the pinned version is still there', async () => {
    const { stage, next } = await continuedJob();
    const [image] = stage.artifacts;
    const [bucket] = stage.sourceBuckets;
    if (image === undefined || bucket === undefined) throw new Error('no source');
    const sources = new Map(stage.artifacts.map((artifact) => [artifact, stage.sourceOf(artifact)]));
    remove(bucket, stage.keyOf(image));
    await runOnce(stage, { environment: SLOW }, next.event);
    expectRightCopies(stage, (artifact) => sources.get(artifact) ?? stage.sourceOf(artifact));
  });
});

describe('a continuation token', () => {
  it('that is damaged starts the job again, which resumes what S3 has', async () => {
    const { stage, next, token } = await continuedJob();
    const before = aws.world.requests.length;
    const damaged = withToken(stage, next, token.replace(/.$/, '!'));
    const { lambda, result } = await runOnce(stage, { environment: SLOW }, damaged);
    expect(result.operation).toBe('PutJobSuccessResult');
    expect(lambda.lines.some(({ message }) => message.includes('token is damaged'))).toBe(true);
    expectRightCopies(stage);
    expect(countOperations(aws.world.requests.slice(before)).CopyObject).toBeUndefined();
  });

  it('of another action is not believed', async () => {
    const other = await continuedJob();
    const { stage, next } = await continuedJob();
    const { lambda } = await runOnce(stage, { environment: SLOW }, withToken(stage, next, other.token));
    expect(lambda.lines.some(({ message }) => message.includes('of another action'))).toBe(true);
    expectRightCopies(stage);
  });

  it('that names a version which was not the latest when the job began does not get it copied', async () => {
    const job = await continuedJob();
    const { stage } = job;
    const [image] = stage.artifacts;
    const [bucket] = stage.sourceBuckets;
    if (image === undefined || bucket === undefined) throw new Error('no source');
    const older = aws.world.putObject(bucket, stage.keyOf(image), generated(6 * GIB, 7));
    const versions = bucket.objects.get(stage.keyOf(image));
    versions?.unshift(...versions.splice(-1));
    const event = forged(job, (checkpoint) => ({
      ...checkpoint,
      startedAtMs: Date.now(),
      pins: checkpoint.pins.map((pin, index) =>
        index === 0 ? pinOf({ versionId: older.versionId, etag: `"${older.etag}"` }) : pin,
      ),
    }));
    // The version that is the latest became so an hour before the job.
    Object.assign(stage.sourceOf(image), { lastModified: new Date(Date.now() - 3_600_000) });
    const { result } = await runOnce(stage, { environment: SLOW }, event);
    expect(failureOf(result).type).toBe('RevisionOutOfSync');
    for (const destination of stage.destinations) {
      expect(latest(destination, stage.keyOf(image))).toBeUndefined();
    }
  });

  it.each([
    ['nothing', undefined, {}],
    ['other bytes of the same size', generated(38_000, 99), DESCRIBED],
    ['an older object without a checksum', generated(38_000, 99), { ...DESCRIBED, checksum: 'none' }],
    ['the same bytes with other metadata', generated(38_000, 2), { ...DESCRIBED, metadata: { a: 'b' } }],
  ] as const)('that calls copies finished does not make them so: %s is there', async (_, content, put) => {
    const job = await continuedJob({ artifacts: [...LARGE.artifacts].reverse() });
    const { stage } = job;
    const [templates] = stage.artifacts;
    if (templates === undefined) throw new Error('no artifact');
    for (const bucket of stage.destinations) {
      bucket.objects.delete(stage.keyOf(templates));
      if (content === undefined) continue;
      const planted = aws.world.putObject(bucket, stage.keyOf(templates), content, put);
      if ('checksum' in put) Object.assign(planted, { lastModified: new Date(Date.now() - 3_600_000) });
    }
    const event = forged(job, (checkpoint) => ({
      ...checkpoint,
      finished: checkpoint.finished.map(() => ({ strategy: 'relay', proof: 'relayed', identity: 'abcdef' })),
    }));
    await runOnce(stage, { environment: SLOW }, event);
    expectRightCopies(stage);
  });

  it('that calls a copy proved does not make it so: what is there must have the MinimumProof', async () => {
    const job = await continuedJob({
      artifacts: [...LARGE.artifacts].reverse(),
      parameters: { MinimumProof: 'checksum' },
    });
    const { stage } = job;
    const [templates] = stage.artifacts;
    if (templates === undefined) throw new Error('no artifact');
    for (const bucket of stage.destinations) {
      bucket.objects.delete(stage.keyOf(templates));
      aws.world.putObject(bucket, stage.keyOf(templates), generated(38_000, 99), {
        ...DESCRIBED,
        checksum: 'none',
      });
    }
    const event = forged(job, (checkpoint) => ({
      ...checkpoint,
      finished: checkpoint.finished.map(() => ({ strategy: 'relay', proof: 'relayed', identity: 'abcdef' })),
    }));
    await runOnce(stage, { environment: SLOW }, event);
    expectRightCopies(stage);
  });

  it.each([
    ['listed', false],
    ['not listed', true],
  ])('that names an upload of somebody else, which is %s, does not get it completed', async (_, unlisted) => {
    const job = await continuedJob({
      artifacts: [{ name: 'Image', content: generated(6 * GIB, 1), put: { checksum: 'none' } }],
      destinationCount: 1,
    });
    const { stage } = job;
    const [bucket] = stage.destinations;
    const [upload] = bucket?.uploads.values() ?? [];
    if (bucket === undefined || upload === undefined) throw new Error('no upload');
    // With parts just as this copy has them, but for their bytes.
    const parts = [...upload.parts].map(
      ([number, part]) => [number, { ...part, content: generated(part.content.sizeBytes, 50) }] as const,
    );
    const others = {
      ...upload,
      uploadId: 'somebodys',
      initiatorArn: 'arn:aws:iam::111122223333:user/admin',
      parts: new Map(parts),
    };
    bucket.uploads.clear();
    bucket.uploads.set(others.uploadId, others);
    if (unlisted) {
      stage.role.may = [
        ...stage.role.may,
        { Effect: 'Deny', Action: 's3:ListBucketMultipartUploads', Resource: '*' },
      ];
    }
    const event = forged(job, (checkpoint) => ({ ...checkpoint, uploads: [[0, others.uploadId]] }));
    await runOnce(stage, { environment: SLOW }, event);
    expect([...bucket.uploads.keys()]).toEqual([others.uploadId]);
    bucket.uploads.clear();
    expectRightCopies(stage);
  });
});

describe('two invocations of one event at the same time', () => {
  it.each([1, 6, 12, 15, 18, 21, 24, 27, 30, 34, 40])(
    'both end, one result counts and the objects are right, when the second begins at request %i of the first',
    async (begin) => {
      const stage = createStage(aws, {
        artifacts: [
          { name: 'App', content: generated(24 * MIB, 1) },
          { name: 'Templates', content: generated(38_000, 2) },
        ],
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      let seen = 0;
      const unsubscribe = aws.world.onRequest(() => {
        if (++seen === begin) resolve();
      });
      const first = new InProcessFunction(stage).invoke(stage.job.event);
      await Promise.race([promise, first]);
      const second = await new InProcessFunction(stage).invoke(stage.job.event);
      unsubscribe();
      expect([(await first).outcome, second.outcome]).toEqual(['ok', 'ok']);
      expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobSuccessResult']);
      expect(lastResult(stage).jobId).toBe(stage.job.id);
      expectRightCopies(stage);
    },
  );
});

describe('an upload into which another invocation has put a part again', () => {
  it.each([
    ['a server-side copy', 'auto', 1],
    ['a relay to one destination', 'relay', 1],
    ['a relay to two destinations', 'relay', 2],
  ])('is completed by %s with the parts as they are', async (_, Mode, destinationCount) => {
    const replaced = new Set<string>();
    await using contested = await startEmbeddedAws({
      faults: ({ operation, phase, bucket: name = '' }) => {
        if (operation !== 'CompleteMultipartUpload' || phase !== 'before' || replaced.has(name))
          return undefined;
        replaced.add(name);
        const [upload] = contested.world.bucket(name).uploads.values();
        const part = upload?.parts.get(1);
        // The same bytes, encrypted once more, have another ETag.
        if (part !== undefined) upload?.parts.set(1, { ...part, etag: 'f'.repeat(32) });
        return undefined;
      },
    });
    const stage = createStage(contested, {
      artifacts: [{ name: 'App', content: generated(24 * MIB, 1) }],
      parameters: { Mode },
      destinationCount,
    });
    await runOnce(stage);
    expect(replaced.size).toBe(destinationCount);
    // At each destination; a slow part that is sent again may come after the other's, and is refused once more.
    const refused = contested.world.requests.filter(({ errorCode }) => errorCode === 'InvalidPart');
    expect(new Set(refused.map(({ bucket }) => bucket)).size).toBe(destinationCount);
    expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobSuccessResult']);
    expectRightCopies(stage);
  });

  it('fails the job when S3 refuses parts that nobody has put again', async () => {
    await using refusing = await startEmbeddedAws({
      faults: ({ operation, phase }) =>
        operation === 'CompleteMultipartUpload' && phase === 'before'
          ? { kind: 'error', status: 400, code: 'InvalidPart' }
          : undefined,
    });
    const stage = createStage(refusing, {
      artifacts: [{ name: 'App', content: generated(24 * MIB, 1) }],
      destinationCount: 1,
    });
    await runOnce(stage);
    expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobFailureResult']);
    expect(stage.destinations.map(({ uploads }) => uploads.size)).toEqual([0]);
  });
});

describe('two relays of one event at the same time', () => {
  it.each([
    [1, 14],
    [1, 17],
    [1, 20],
    [2, 18],
    [2, 24],
    [2, 30],
  ])(
    'to %i destinations both end well, when the second begins at request %i of the first',
    async (destinationCount, begin) => {
      const stage = createStage(aws, {
        artifacts: [{ name: 'App', content: generated(24 * MIB, 1) }],
        parameters: { Mode: 'relay' },
        destinationCount,
      });
      const environment = { SYNC_RELAY_MEMORY_MIB: '20' };
      const { promise, resolve } = Promise.withResolvers<void>();
      let seen = 0;
      const unsubscribe = aws.world.onRequest(() => {
        if (++seen === begin) resolve();
      });
      const first = new InProcessFunction(stage, { environment }).invoke(stage.job.event);
      await Promise.race([promise, first]);
      const second = await new InProcessFunction(stage, { environment }).invoke(stage.job.event);
      unsubscribe();
      expect([(await first).outcome, second.outcome]).toEqual(['ok', 'ok']);
      expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobSuccessResult']);
      expectRightCopies(stage);
    },
  );

  it('end well when the second aborts the upload that the first has started but not put a part into', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let stalled = 0;
    await using slow = await startEmbeddedAws({
      faults: ({ operation, phase }) => {
        if (operation !== 'UploadPart' || phase !== 'before') return undefined;
        resolve();
        // The first finds its upload gone long before the second is done.
        return { kind: 'stall', delayMs: ++stalled <= 2 ? 500 : 1_000 };
      },
    });
    const stage = createStage(slow, {
      artifacts: [{ name: 'App', content: generated(24 * MIB, 1) }],
      parameters: { Mode: 'relay' },
      destinationCount: 1,
    });
    const first = new InProcessFunction(stage).invoke(stage.job.event);
    await promise;
    const second = await new InProcessFunction(stage).invoke(stage.job.event);
    expect([(await first).outcome, second.outcome]).toEqual(['ok', 'ok']);
    expect(finalResults(stage).map(({ operation }) => operation)).toEqual(['PutJobSuccessResult']);
    expectRightCopies(stage);
  });
});

describe('unfinished uploads that a job finds', () => {
  const OPTIONS: StageOptions = { artifacts: [{ name: 'App', content: generated(24 * MIB, 1) }] };

  /** Begins an upload as somebody, with one part of five MiB unless given otherwise. */
  async function beginUpload(
    bucket: Bucket,
    Key: string,
    credentials: Credentials,
    partBytes = 5 * MIB,
  ): Promise<string> {
    const client = new S3Client({
      endpoint: aws.endpoint,
      region: bucket.region,
      forcePathStyle: true,
      credentials,
    });
    const place = { Bucket: bucket.name, Key };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(place));
    if (UploadId === undefined) throw new Error('no upload');
    const part = { ...place, UploadId, PartNumber: 1, Body: Buffer.alloc(partBytes) };
    await client.send(new UploadPartCommand(part));
    client.destroy();
    return UploadId;
  }

  it('are left alone when they are of others or at other keys, and aborted when they are ours but of another copy', async () => {
    const stage = createStage(aws, OPTIONS);
    const [app] = stage.artifacts;
    const [bucket] = stage.destinations;
    if (app === undefined || bucket === undefined) throw new Error('no stage');
    const key = stage.keyOf(app);
    const { credentials } = stage.role;
    const others = [
      await beginUpload(bucket, key, aws.admin),
      await beginUpload(bucket, `${key}.old`, credentials),
      await beginUpload(bucket, 'shop/Ap', credentials),
    ];
    await beginUpload(bucket, key, credentials);
    await beginUpload(bucket, key, credentials, 6 * MIB);
    const before = aws.world.requests.length;
    await runOnce(stage);
    expect([...bucket.uploads.keys()].toSorted()).toEqual(others.toSorted());
    const aborts = aws.world.requests
      .slice(before)
      .filter(({ operation }) => operation === 'AbortMultipartUpload');
    // Nothing was tried that S3 had to refuse.
    expect(new Set(aborts.map(({ status }) => status))).toEqual(new Set([204]));
    bucket.uploads.clear();
    expectRightCopies(stage);
  });

  it.each(['CompleteMultipartUpload', 'UploadPartCopy'])(
    'may be completed by a concurrent invocation: NoSuchUpload to %s is a success when the copy is there',
    async (operation) => {
      let concurrent: (() => Promise<unknown>) | undefined;
      await using faulty = await startEmbeddedAws({
        faults: (point) => {
          if (point.operation !== operation || point.phase !== 'before' || concurrent === undefined)
            return undefined;
          // The answer waits until the concurrent invocation has copied everything and the upload is gone.
          const start = concurrent;
          concurrent = undefined;
          return { kind: 'wait', until: start() };
        },
      });
      const stage = createStage(faulty, { ...OPTIONS, destinationCount: 1 });
      const faster = new InProcessFunction(stage);
      concurrent = () => faster.invoke(stage.job.event);
      const slower = new InProcessFunction(stage);
      const { outcome } = await slower.invoke(stage.job.event);
      expect(outcome).toBe('ok');
      // A success counts for the one whose result CodePipeline took.
      expect([faster, slower].map((each) => each.values('JobsSucceeded'))).toEqual([[1], []]);
      expect(finalResults(stage).map((result) => result.operation)).toEqual(['PutJobSuccessResult']);
      expectRightCopies(stage);
    },
  );

  it.each([
    ['', false],
    [', also when the tags that it has may not be read', true],
  ])('are completed once when the answer to the completion is lost%s', async (_, deniesTags) => {
    let lost = 0;
    await using faulty = await startEmbeddedAws({
      faults: ({ operation, phase }) =>
        operation === 'CompleteMultipartUpload' && phase === 'after' && lost++ === 0
          ? { kind: 'reset' }
          : undefined,
    });
    const artifact = { name: 'App', content: generated(24 * MIB, 1), put: { tags: { one: '1', two: '2' } } };
    const stage = createStage(faulty, { artifacts: [artifact], destinationCount: 1 });
    if (deniesTags) {
      const Resource = stage.destinations.map(({ arn }) => `${arn}/*`);
      const Action = ['s3:GetObjectTagging', 's3:GetObjectVersionTagging'];
      stage.role.may = [...stage.role.may, { Effect: 'Deny', Action, Resource }];
    }
    const { result } = await runOnce(stage);
    expect(result.operation).toBe('PutJobSuccessResult');
    // The request was sent again, and S3 answered as before.
    expect(lost).toBe(2);
    expectRightCopies(stage);
    const [bucket] = stage.destinations;
    const [app] = stage.artifacts;
    expect(app && bucket?.objects.get(stage.keyOf(app))).toHaveLength(1);
  });
});
