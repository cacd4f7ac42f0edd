// Writes on the condition that the destination is as it was seen: what others write or delete in between, and `Overwrite: never`.
import { describe, expect, it } from 'vitest';
import { type Content, compareContent, generated } from '../../../local/aws/content/content.ts';
import { type Bucket, latest, remove } from '../../../local/aws/state/buckets.ts';
import { actAt, errorOf, faultAt, justBefore, RESET } from '../harness/faults.ts';
import { deny, placeOf, putCopy, retryOf, shareAws } from '../harness/stages.ts';
import { continueAfterParts } from './resume/continued-job.ts';
import {
  createStage,
  expectRightCopies,
  failureOf,
  MIB,
  runOnce,
  type Stage,
  type StageOptions,
} from './resume/resume-stage.ts';

/** Each way to write: what is copied how, and the request that makes the object appear. */
const WRITES = [
  ['CopyObject', 'server-side in one request', MIB, {}],
  ['CompleteMultipartUpload', 'server-side in parts', 24 * MIB, {}],
  ['PutObject', 'by a relay in one request', MIB, { Mode: 'relay' }],
  ['CompleteMultipartUpload', 'by a relay in parts', 12 * MIB, { Mode: 'relay' }],
] as const;

const WRITING = ['CopyObject', 'PutObject', 'CompleteMultipartUpload'];

describe('a write', () => {
  const aws = shareAws();

  function stageOf(sizeBytes: number, parameters: object, more: Partial<StageOptions> = {}) {
    const artifact = { name: 'App', content: generated(sizeBytes, 1) };
    const stage = createStage(aws, {
      artifacts: [artifact],
      destinationCount: 1,
      ...more,
      parameters: { ...parameters },
    });
    const { bucket, key } = placeOf(stage);
    const put = (content: Content) => aws.world.putObject(bucket, key, content);
    return { stage, artifact, bucket, key, put };
  }

  /** Denies writes that make an object appear without any of these headers. */
  function demandConditions(bucket: Bucket, Null: Readonly<Record<string, 'true'>>): void {
    aws.world.setBucketPolicy(bucket, {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObject',
          Resource: `${bucket.arn}/*`,
          Condition: { Null, Bool: { 's3:ObjectCreationOperation': 'true' } },
        },
      ],
    });
  }

  const writesTo = (bucket: Bucket) =>
    aws.world.requests
      .filter((request) => request.bucket === bucket.name && WRITING.includes(request.operation))
      .map(({ status }) => status);

  const versions = ({ objects }: Bucket, key: string) => objects.get(key)?.length;

  async function resultOf(stage: Stage) {
    const { result, lambda } = await runOnce(stage);
    return { operation: result.operation, lambda, failure: failureOf(result) };
  }

  describe.each(WRITES)('of %s %s', (operation, _, sizeBytes, parameters) => {
    it('replaces what somebody wrote in the meantime, and nothing unseen', async () => {
      const { stage, bucket, key, put } = stageOf(sizeBytes, parameters);
      const other = generated(sizeBytes, 7);
      aws.faults = justBefore(operation, () => put(other));

      const { operation: result } = await resultOf(stage);

      expect(result).toBe('PutJobSuccessResult');
      expectRightCopies(stage);
      // Refused first, then written over the version that was seen.
      expect(writesTo(bucket)[0]).toBe(412);
      expect(versions(bucket, key)).toBe(2);
    });

    it('leaves what turns out to be the copy already', async () => {
      const { stage, bucket, key } = stageOf(sizeBytes, parameters);
      aws.faults = justBefore(operation, () => putCopy(stage));

      const { operation: result, lambda } = await resultOf(stage);

      expect(result).toBe('PutJobSuccessResult');
      expect(writesTo(bucket)).toEqual([412]);
      expect(versions(bucket, key)).toBe(1);
      expect(lambda.values('CopiesSkipped')).toEqual([1]);
      expect(lambda.values('BytesCopied')).toEqual([]);
      expectRightCopies(stage);
    });

    it('is made again where what was seen has been deleted', async () => {
      const { stage, bucket, key, put } = stageOf(sizeBytes, parameters);
      put(generated(10, 3));
      aws.faults = justBefore(operation, () => remove(bucket, key));

      const { operation: result } = await resultOf(stage);

      expect(result).toBe('PutJobSuccessResult');
      expect(writesTo(bucket)[0]).toBe(404);
      expectRightCopies(stage);
    });

    it('goes into a bucket whose policy demands conditions, be it empty or not', async () => {
      const { stage, bucket, artifact, put } = stageOf(sizeBytes, parameters);
      demandConditions(bucket, { 's3:if-none-match': 'true', 's3:if-match': 'true' });
      const again = retryOf(stage);

      const first = await runOnce(stage);
      put(generated(artifact.content.sizeBytes, 9));
      const second = await runOnce(stage, {}, again);

      expect(first.result.operation).toBe('PutJobSuccessResult');
      expect(second.result.operation).toBe('PutJobSuccessResult');
      expect(writesTo(bucket)).toEqual([200, 200]);
      expectRightCopies(stage);
    });

    it('over an object in a write-once bucket fails with advice that fits', async () => {
      const { stage, bucket, put } = stageOf(sizeBytes, parameters);
      demandConditions(bucket, { 's3:if-none-match': 'true' });
      put(generated(10, 3));

      const { failure } = await resultOf(stage);

      expect(failure.type).toBe('PermissionError');
      expect(failure.message).toContain('write-once, set Overwrite to "never"');
      expect(bucket.uploads.size).toBe(0);
    });

    it('is sent again where what was in its way has gone before it could be looked at', async () => {
      const { stage, bucket, key, put } = stageOf(sizeBytes, parameters);
      let step = 0;
      aws.faults = (point) => {
        if (point.phase !== 'before' || point.bucket !== bucket.name) return undefined;
        if (point.operation === operation && step === 0) {
          step = 1;
          put(generated(10, 3));
        } else if (point.operation === 'HeadObject' && step === 1) {
          step = 2;
          bucket.objects.delete(key);
        }
        return undefined;
      };

      const { operation: result } = await resultOf(stage);

      expect(step).toBe(2);
      expect(result).toBe('PutJobSuccessResult');
      const statuses = writesTo(bucket);
      expect([statuses[0], statuses.at(-1)]).toEqual([412, 200]);
      expectRightCopies(stage);
    });
  });

  it('over an object that the role may not read, where conditions are demanded, names the permission to look', async () => {
    const { stage, bucket, put } = stageOf(MIB, {});
    demandConditions(bucket, { 's3:if-none-match': 'true', 's3:if-match': 'true' });
    put(generated(10, 3));
    deny(stage, ['s3:GetObject'], `${bucket.arn}/*`);

    const { failure } = await resultOf(stage);

    expect(failure.message).toContain('demands conditional writes, allow s3:GetObject');
  });

  it('begins a new upload where a conflict has ended the first', async () => {
    const { stage, bucket, key, put } = stageOf(24 * MIB, {});
    aws.faults = justBefore('CompleteMultipartUpload', () => {
      put(generated(10, 3));
      remove(bucket, key);
    });

    const { operation } = await resultOf(stage);

    expect(operation).toBe('PutJobSuccessResult');
    expect(writesTo(bucket)).toEqual([409, 404, 200]);
    expectRightCopies(stage);
  });

  it('gives up where the destination never stands still', async () => {
    const { stage, put } = stageOf(MIB, {});
    let seed = 10;
    aws.faults = actAt('CopyObject', () => put(generated(10, seed++)));

    const { operation, failure } = await resultOf(stage);

    expect(operation).toBe('PutJobFailureResult');
    expect(failure.type).toBe('JobFailed');
    expect(failure.message).toContain('Look at what else writes to this key');
    expect(seed).toBeLessThan(20);
  });

  it('whose answer is lost is recognised as its own', async () => {
    const { stage, bucket, key } = stageOf(MIB, {});
    aws.faults = faultAt('CopyObject', RESET, { phase: 'after', times: 1 });

    const { operation, lambda } = await resultOf(stage);

    expect(operation).toBe('PutJobSuccessResult');
    expect(versions(bucket, key)).toBe(1);
    expect(lambda.values('ArtifactsCopied')).toEqual([1]);
    expect(lambda.values('CopiesSkipped')).toEqual([]);
  });

  it('is made without a condition where the server knows none, which is found out once', async () => {
    const artifacts = ['A', 'B', 'C'].map((name, seed) => ({ name, content: generated(MIB, seed) }));
    const { stage, bucket } = stageOf(MIB, {}, { artifacts });
    aws.faults = faultAt('CopyObject', errorOf(501, 'NotImplemented'), { times: artifacts.length });

    const { operation, lambda } = await resultOf(stage);

    expect(operation).toBe('PutJobSuccessResult');
    expect(writesTo(bucket).toSorted()).toEqual([200, 200, 200, 501, 501, 501]);
    expect(lambda.lines.filter(({ message }) => message.includes('no conditional writes'))).toHaveLength(1);
    expectRightCopies(stage);
  });

  describe('with Overwrite: never', () => {
    const NEVER = { Overwrite: 'never' };

    it('goes where nothing is, and where the copy is already', async () => {
      const { stage, bucket, key } = stageOf(MIB, NEVER);
      const again = retryOf(stage);

      const first = await runOnce(stage);
      const second = await runOnce(stage, {}, again);

      expect([first.result.operation, second.result.operation]).toEqual([
        'PutJobSuccessResult',
        'PutJobSuccessResult',
      ]);
      expect(versions(bucket, key)).toBe(1);
    });

    it('fails before anything is copied where another object is, and names both', async () => {
      const artifacts = ['A', 'B'].map((name, seed) => ({ name, content: generated(MIB, seed) }));
      const { stage, bucket } = stageOf(MIB, NEVER, { artifacts });
      const [, blocked] = artifacts;
      if (blocked === undefined) throw new Error('no artifact');
      const there = aws.world.putObject(bucket, stage.keyOf(blocked), generated(10, 3));

      const { failure } = await resultOf(stage);

      expect(failure.type).toBe('JobFailed');
      for (const part of [
        `s3://${bucket.name}/${stage.keyOf(blocked)}`,
        there.etag,
        `s3://${stage.sourceBuckets[0]?.name}/${stage.keyOf(blocked)}`,
        stage.sourceOf(blocked).etag,
        'Overwrite is "never"',
      ]) {
        expect(failure.message).toContain(part);
      }
      expect(writesTo(bucket)).toEqual([]);
    });

    it.each(WRITES)(
      'of %s %s fails where somebody was faster, and leaves that object',
      async (operation, _, sizeBytes, parameters) => {
        const { stage, bucket, key, put } = stageOf(sizeBytes, { ...parameters, ...NEVER });
        const other = generated(sizeBytes, 7);
        aws.faults = justBefore(operation, () => put(other));

        const { failure } = await resultOf(stage);

        expect(failure.type).toBe('JobFailed');
        expect(failure.message).toContain('Overwrite is "never"');
        const there = latest(bucket, key);
        expect(there && compareContent(there.content, other)).toBe(true);
        expect(versions(bucket, key)).toBe(1);
        expect([...bucket.uploads.keys()]).toEqual([]);
      },
    );

    it('fails a continued job and leaves no upload of its earlier invocations, whichever copy they are of', async () => {
      const artifacts = ['A', 'B'].map((name, seed) => ({ name, content: generated(1024 * MIB, seed) }));
      const { stage, next } = await continueAfterParts(aws, {
        artifacts,
        destinationCount: 2,
        parameters: NEVER,
      });
      const unfinished = stage.destinations.reduce((sum, { uploads }) => sum + uploads.size, 0);
      const [bucket] = stage.destinations;
      const [blocked] = artifacts;
      if (bucket === undefined || blocked === undefined) throw new Error('no destination');
      aws.world.putObject(bucket, stage.keyOf(blocked), generated(10, 3));

      const { result } = await runOnce(stage, {}, next.event);

      expect(unfinished).toBeGreaterThan(0);
      expect(failureOf(result).message).toContain('Overwrite is "never"');
      expect(stage.destinations.map(({ uploads }) => uploads.size)).toEqual([0, 0]);
    });

    it('fails where what is there may not be looked at', async () => {
      const { stage, bucket, put } = stageOf(MIB, NEVER);
      put(generated(10, 3));
      deny(stage, ['s3:GetObject'], `${bucket.arn}/*`);

      const { failure } = await resultOf(stage);

      expect(failure.message).toContain('which the role may not read');
      expect(writesTo(bucket)).toEqual([412]);
    });

    it('fails where the server knows no conditions', async () => {
      const { stage, bucket } = stageOf(MIB, NEVER);
      aws.faults = faultAt('CopyObject', errorOf(501, 'NotImplemented'));

      const { failure } = await resultOf(stage);

      expect(failure.type).toBe('ConfigurationError');
      expect(failure.message).toContain('does not know conditional writes');
      expect(writesTo(bucket)).toEqual([501]);
    });
  });
});
