// S3 annotations: left out unless the job asks for them, and the same whatever the strategy.
import { describe, expect, it } from 'vitest';
import { generated } from '../../../local/aws/content/content.ts';
import { latest } from '../../../local/aws/state/buckets.ts';
import type { SimpleIdentity } from '../../../local/aws/state/identities.ts';
import { faultAt } from '../harness/faults.ts';
import { placeOf, requestsOf, retryOf, shareAws } from '../harness/stages.ts';
import { createStage, failureOf, MIB, runOnce } from './resume/resume-stage.ts';

const STRATEGIES = [
  ['server-side in one request', MIB, {}],
  ['server-side in parts', 24 * MIB, {}],
  ['by a relay in one request', MIB, { Mode: 'relay' }],
  ['by a relay in parts', 12 * MIB, { Mode: 'relay' }],
] as const;

const READ = ['s3:ListObjectVersionAnnotations', 's3:GetObjectVersionAnnotation'];
const WRITE = ['s3:ListObjectAnnotations', 's3:PutObjectAnnotation'];

describe('the annotations of a source', () => {
  const aws = shareAws();

  function annotated(sizeBytes: number, parameters: object, ...granted: readonly string[]) {
    const artifact = { name: 'App', content: generated(sizeBytes, 1) };
    const stage = createStage(aws, {
      artifacts: [artifact],
      destinationCount: 1,
      parameters: { ...parameters },
    });
    const source = stage.sourceOf(artifact);
    for (const [index, name] of ['build', 'sbom/ü 1'].entries())
      source.annotations.set(name, { content: generated(100 + index, index), lastModified: new Date() });
    const { artifactCredentials } = stage.job.data;
    const session = aws.world.identity(artifactCredentials.accessKeyId) as SimpleIdentity | undefined;
    for (const identity of [stage.role, session]) {
      if (identity === undefined) throw new Error('no artifactCredentials');
      if (granted.length === 0) continue;
      const more = { Effect: 'Allow', Action: granted, Resource: 'arn:aws:s3:::*' } as const;
      identity.may = [...identity.may, more];
    }
    const copied = () => {
      const { bucket, key } = placeOf(stage);
      const { annotations = [] } = latest(bucket, key) ?? {};
      return [...annotations].map(([name, { content }]) => [name, content.sizeBytes]).sort();
    };
    return { stage, copied };
  }

  it('are added in the next invocation to a copy that was there when the time is up', async () => {
    const { stage, copied } = annotated(MIB, {}, ...READ, ...WRITE);
    await runOnce(stage);
    const event = retryOf(stage, { Annotations: 'copy' });
    const never = Promise.withResolvers<undefined>();
    aws.faults = faultAt('ListObjectAnnotations', { kind: 'wait', until: never.promise });
    const deadlineMs = Date.now() + 1_000;
    let next: unknown;
    const unsubscribe = aws.world.codePipeline.onJob((job) => {
      next = job.event;
    });

    await runOnce(stage, { remainingMs: () => deadlineMs - Date.now() }, event);
    aws.faults = undefined;
    never.resolve(undefined);
    unsubscribe();
    const { result } = await runOnce(stage, {}, next);

    expect(result.operation).toBe('PutJobSuccessResult');
    expect(copied()).toHaveLength(2);
  });

  it.each(STRATEGIES)(
    'are left out of a copy %s, which needs no permission for them',
    async (_, sizeBytes, parameters) => {
      const { stage, copied } = annotated(sizeBytes, parameters);

      const { result } = await runOnce(stage);

      expect(result.operation).toBe('PutJobSuccessResult');
      expect(copied()).toEqual([]);
    },
  );

  it.each(STRATEGIES)(
    'come along with a copy %s where the job asks for them',
    async (_, sizeBytes, parameters) => {
      const { stage, copied } = annotated(
        sizeBytes,
        { ...parameters, Annotations: 'copy' },
        ...READ,
        ...WRITE,
      );

      const { result } = await runOnce(stage);

      expect(result.operation).toBe('PutJobSuccessResult');
      expect(copied()).toEqual([
        ['build', 100],
        ['sbom/ü 1', 101],
      ]);
    },
  );

  it('are added to a copy that was there without them, and not written again once they are there', async () => {
    const { stage, copied } = annotated(MIB, {}, ...READ, ...WRITE);
    await runOnce(stage);

    const puts: number[] = [];
    for (let run = 0; run < 2; run++) {
      const { requests } = await requestsOf(stage, retryOf(stage, { Annotations: 'copy' }));
      const operations = requests.map(({ operation }) => operation);
      puts.push(operations.filter((operation) => operation === 'PutObjectAnnotation').length);
      expect(operations).not.toContain('CopyObject');
    }

    expect(puts).toEqual([2, 0]);
    expect(copied()).toHaveLength(2);
  });

  it('that may not be written fail the job, which says what to allow', async () => {
    const { stage } = annotated(24 * MIB, { Annotations: 'copy' }, ...READ, 's3:ListObjectAnnotations');

    const { result } = await runOnce(stage);

    expect(failureOf(result).type).toBe('PermissionError');
    expect(failureOf(result).message).toContain('s3:PutObjectAnnotation');
  });
});
