// Properties of the continuation token: it survives the round trip, fits, and no altered one is believed.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJob } from '../../../functions/sync-artifacts/job/parse-job.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../functions/sync-artifacts/result/checkpoint.ts';
import type { Checkpoint } from '../../../functions/sync-artifacts/types.ts';

const NOW_MS = 1_790_000_000_000;
const BINDING = '["111122223333","{}",[]]';

const checkpoints: fc.Arbitrary<Checkpoint> = fc
  .record({ artifacts: fc.integer({ min: 1, max: 5 }), destinations: fc.integer({ min: 1, max: 30 }) })
  .chain(({ artifacts, destinations }) =>
    fc.record({
      firstJobId: fc.uuid(),
      startedAtMs: fc.integer({ min: NOW_MS - 23 * 3_600_000, max: NOW_MS }),
      progress: fc.nat(10_000_000),
      idleInvocations: fc.nat(3),
      openConnections: fc.nat(1000),
      pins: fc.array(
        fc.record(
          {
            etagDigest: fc.stringMatching(/^[\w-]{12}$/),
            versionId: fc.stringMatching(/^[A-Za-z0-9._]{32}$/),
          },
          { requiredKeys: ['etagDigest'] },
        ),
        { minLength: artifacts, maxLength: artifacts },
      ),
      finished: fc.array(
        fc.option(
          fc.record({
            strategy: fc.constantFrom('same-object', 'skip', 'object', 'multipart', 'relay'),
            proof: fc.constantFrom('size-only', 'etag', 'relayed', 'composite', 'checksum'),
            identity: fc.stringMatching(/^[\w-]{6}$/),
          }),
          { nil: undefined },
        ),
        { minLength: artifacts * destinations, maxLength: artifacts * destinations },
      ),
    }),
  );

/** What a first invocation leaves of a job with one artifact and one copy that is not finished. */
const checkpointOf = (different: Partial<Checkpoint> = {}): Checkpoint => ({
  firstJobId: '11111111-abcd-1111-abcd-111111abcdef',
  startedAtMs: NOW_MS,
  progress: 1,
  idleInvocations: 0,
  openConnections: 0,
  pins: [{ etagDigest: 'abcdefghijkl' }],
  finished: [undefined],
  ...different,
});

const decode = (token: string, { pins, finished }: Checkpoint, binding = BINDING, nowMs = NOW_MS) =>
  decodeCheckpoint(token, { binding, artifactCount: pins.length, copyCount: finished.length }, nowMs);

/** Holds for every checkpoint and its token. */
const always = (holds: (checkpoint: Checkpoint, token: string) => void): void =>
  fc.assert(
    fc.property(checkpoints, (checkpoint) => holds(checkpoint, encodeCheckpoint(checkpoint, BINDING))),
  );

describe('the continuation token', () => {
  it('comes back as it was written, in at most 2048 characters, for five artifacts in thirty destinations', () => {
    always((checkpoint, token) => {
      expect(token.length).toBeLessThanOrEqual(2048);
      expect(decode(token, checkpoint)).toEqual(checkpoint);
    });
  });

  it('is not believed when anything in it was altered', () => {
    fc.assert(
      fc.property(
        checkpoints,
        fc.nat(),
        fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }),
        (checkpoint, at, other) => {
          const token = encodeCheckpoint(checkpoint, BINDING);
          const position = at % token.length;
          const altered = token.slice(0, position) + other + token.slice(position + 1);
          if (altered !== token) expect(decode(altered, checkpoint)).toBeUndefined();
          expect(decode(token.slice(0, position), checkpoint)).toBeUndefined();
        },
      ),
    );
  });

  it('of an older format is not believed, however right its digest', () => {
    always((checkpoint, token) => {
      expect(decode(token.replace(/^v\d+/, 'v1'), checkpoint)).toBeUndefined();
    });
  });

  it('is not believed by another action, artifact or revision, nor after a day, nor from the future', () => {
    always((checkpoint, token) => {
      expect(decode(token, checkpoint, `${BINDING} `)).toBeUndefined();
      expect(decode(token, checkpoint, BINDING, checkpoint.startedAtMs + 25 * 3_600_000)).toBeUndefined();
      expect(decode(token, checkpoint, BINDING, checkpoint.startedAtMs - 3_600_000)).toBeUndefined();
      expect(decode(token, checkpoint, BINDING, checkpoint.startedAtMs + 23.9 * 3_600_000)).toEqual(
        checkpoint,
      );
    });
  });

  it('is not believed when it tells of another number of artifacts or copies than the job has', () => {
    always((checkpoint, token) => {
      const { pins, finished } = checkpoint;
      expect(decode(token, { ...checkpoint, pins: pins.slice(1) })).toBeUndefined();
      expect(decode(token, { ...checkpoint, finished: finished.slice(1) })).toBeUndefined();
    });
  });

  it('with finishes of more copies than fit keeps those that S3 cannot show again', () => {
    const finished = Array.from({ length: 810 }, (_, index) => ({
      strategy: 'relay' as const,
      proof: index % 5 === 4 ? ('relayed' as const) : ('checksum' as const),
      identity: index.toString(36).padStart(6, '-'),
    }));
    const checkpoint = checkpointOf({
      pins: Array.from({ length: 5 }, () => ({ etagDigest: 'abcdefghijkl' })),
      finished: finished.map((copy, index) => (index < 600 ? copy : undefined)),
    });
    const token = encodeCheckpoint(checkpoint, BINDING);
    expect(token.length).toBeLessThanOrEqual(2048);
    const read = decode(token, checkpoint)?.finished ?? [];
    expect(read).toHaveLength(810);
    expect(read.filter((copy) => copy?.proof === 'relayed').length).toBe(120);
    for (const [index, copy] of read.entries()) {
      if (copy !== undefined) expect(copy).toEqual(finished[index]);
    }
  });

  it('is never longer than CodePipeline takes: more copies than a job can have are an error', () => {
    const checkpoint = checkpointOf({
      finished: Array.from({ length: 2000 }, () => undefined),
    });
    expect(() => encodeCheckpoint(checkpoint, BINDING)).toThrow('at most 2048');
  });

  it('is not a token when it is any other text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `v1.${text}`),
        ),
        (text) => {
          expect(
            decodeCheckpoint(text, { binding: BINDING, artifactCount: 1, copyCount: 1 }, NOW_MS),
          ).toBeUndefined();
        },
      ),
    );
  });

  it('leaves out a version id that would not fit', () => {
    const checkpoint = checkpointOf({
      pins: Array.from({ length: 5 }, () => ({ etagDigest: 'abcdefghijkl', versionId: 'v'.repeat(1024) })),
      finished: Array.from({ length: 810 }, () => undefined),
    });
    const token = encodeCheckpoint(checkpoint, BINDING);
    expect(token.length).toBeLessThanOrEqual(2048);
    expect(decode(token, checkpoint)?.pins).toEqual(
      checkpoint.pins.map(({ etagDigest }) => ({ etagDigest })),
    );
  });
});

describe('a job', () => {
  interface Given {
    readonly accountId?: string;
    readonly parameters?: object;
    readonly name?: string;
    readonly revision?: string;
    readonly bucketName?: string;
    readonly objectKey?: string;
  }
  const bindingOf = ({
    accountId = '111122223333',
    parameters = { DestinationBucket: 'shop-eu' },
    name = 'App',
    revision = 'abc',
    bucketName = 'shop-source',
    objectKey = 'App/abc.zip',
  }: Given): string => {
    const location = { type: 'S3', s3Location: { bucketName, objectKey } };
    const data = {
      actionConfiguration: { configuration: { UserParameters: JSON.stringify(parameters) } },
      inputArtifacts: [{ name, revision, location }],
    };
    const id = '11111111-abcd-1111-abcd-111111abcdef';
    return parseJob({ 'CodePipeline.job': { id, accountId, data } }).binding;
  };

  it.each<[string, Given]>([
    ['account', { accountId: '444455556666' }],
    ['destination', { parameters: { DestinationBucket: 'shop-us' } }],
    ['MinimumProof', { parameters: { DestinationBucket: 'shop-eu', MinimumProof: 'checksum' } }],
    ['artifact', { name: 'Templates' }],
    ['revision', { revision: 'def' }],
    ['artifact bucket', { bucketName: 'shop-other' }],
    ['artifact key', { objectKey: 'App/def.zip' }],
  ])('does not believe the token of one with another %s', (_, other) => {
    const checkpoint = checkpointOf();
    const token = encodeCheckpoint(checkpoint, bindingOf(other));
    expect(decode(token, checkpoint, bindingOf({}))).toBeUndefined();
    expect(decode(token, checkpoint, bindingOf(other))).toEqual(checkpoint);
  });
});

describe('the uploads in a continuation token', () => {
  const checkpoint = (uploads: Checkpoint['uploads'] & object): Checkpoint =>
    checkpointOf({ finished: Array.from({ length: 20 }, () => undefined), uploads });
  const idsOf = (count: number) =>
    Array.from({ length: count }, (_, index) => [index, 'u'.repeat(150)] as const);

  it('come back when they fit', () => {
    const written = checkpoint(idsOf(3));
    expect(decode(encodeCheckpoint(written, BINDING), written)).toEqual(written);
  });

  it('are left out as far as they do not fit', () => {
    const written = checkpoint(idsOf(20));
    const token = encodeCheckpoint(written, BINDING);
    expect(token.length).toBeLessThanOrEqual(2048);
    const read = decode(token, written)?.uploads ?? [];
    expect(read.length).toBeGreaterThan(5);
    expect(read).toEqual(written.uploads?.slice(0, read.length));
  });
});
