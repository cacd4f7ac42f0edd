// Properties of the plan: parts tile the object, S3's limits are kept, layouts are stable and reproduced.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_OBJECT_BYTES,
  MAX_PART_BYTES,
  MAX_PARTS,
  MIN_PART_BYTES,
} from '../../../functions/sync-artifacts/aws/limits.ts';
import {
  type PartLayout,
  partCount,
  partSize,
  partsOf,
} from '../../../functions/sync-artifacts/plan/part-layout.ts';
import { planCopies } from '../../../functions/sync-artifacts/plan/plan.ts';
import type { CopyTask, ObjectFacts, SourceFacts } from '../../../functions/sync-artifacts/types.ts';

const KEY_ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const LIMITS = {
  maxConcurrency: 256,
  openConnections: 0,
  relayMemoryBytes: 64 * 1024 ** 2,
  region: 'us-east-1',
  timeLimitMs: 900_000,
};

const JOB = { mode: 'auto', minimumProof: 'size-only' } as const;

function taskOf(source: Partial<SourceFacts>, existing?: Partial<ObjectFacts>, index = 0): CopyTask {
  const facts: SourceFacts = {
    sizeBytes: 1,
    etag: '"etag"',
    headers: {},
    metadata: {},
    artifact: { name: 'App', bucket: 'source', key: 'pipeline/App/abc' },
    bucketOwner: '111122223333',
    region: 'us-east-1',
    readableBy: 'role',
    tags: [],
    ...source,
  };
  return {
    index,
    source: facts,
    destination: {
      bucket: 'destination',
      region: 'eu-west-1',
      bucketOwner: '111122223333',
      encryption: { algorithm: 'aws:kms', kmsKeyId: KEY_ARN },
    },
    key: 'pipeline/App/abc',
    ...(existing === undefined
      ? {}
      : { existing: { ...facts, encryption: 'aws:kms', kmsKeyArn: KEY_ARN, ...existing } }),
  };
}

function planOf(task: CopyTask, limits = LIMITS) {
  const [planned] = planCopies([task], JOB, limits);
  if (planned === undefined) throw new Error('no plan');
  return planned.plan;
}

function layoutOf(task: CopyTask, limits = LIMITS): PartLayout {
  const plan = planOf(task, limits);
  if (!('layout' in plan)) throw new Error(`planned as ${plan.strategy}`);
  return plan.layout;
}

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 100 * 1024 ** 2 }),
  fc.integer({ min: 0, max: MAX_OBJECT_BYTES }),
  fc.constantFrom(0, 1, MIN_PART_BYTES, MAX_PART_BYTES, MAX_PART_BYTES + 1, MAX_OBJECT_BYTES),
);

describe('the plan', () => {
  it('cuts an object of any size into parts that tile it and keep every limit of S3', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 3, max: 900 }),
        (sizeBytes, maxConcurrency, seconds) => {
          const plan = planOf(taskOf({ sizeBytes }), {
            ...LIMITS,
            maxConcurrency,
            timeLimitMs: seconds * 1000,
          });
          if (plan.strategy === 'object') {
            expect(sizeBytes).toBeLessThanOrEqual(MAX_PART_BYTES);
            return;
          }
          if (plan.strategy !== 'multipart') throw new Error(plan.strategy);
          const count = partCount(plan.layout);
          expect(count).toBeLessThanOrEqual(MAX_PARTS);
          let expectedOffset = 0;
          // Compared without `expect`, which is too slow for millions of parts.
          for (const { number, offsetBytes, sizeBytes: bytes } of partsOf(plan.layout)) {
            const right =
              offsetBytes === expectedOffset &&
              bytes === partSize(plan.layout, number) &&
              bytes > 0 &&
              bytes <= MAX_PART_BYTES &&
              (number === count || bytes >= MIN_PART_BYTES);
            if (!right)
              throw new Error(`part ${number} of ${count}: ${offsetBytes}+${bytes} of ${sizeBytes}`);
            expectedOffset += bytes;
          }
          expect(expectedOffset).toBe(sizeBytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reproduces the part layout of a source with a COMPOSITE checksum', () => {
    const layouts = fc
      .tuple(
        fc.array(fc.integer({ min: MIN_PART_BYTES, max: MAX_PART_BYTES }), { maxLength: 30 }),
        fc.integer({ min: 1, max: MAX_PART_BYTES }),
      )
      .map(([parts, last]) => [...parts, last]);
    fc.assert(
      fc.property(layouts, (partSizesBytes) => {
        const layout = layoutOf(
          taskOf({
            sizeBytes: partSizesBytes.reduce((sum, size) => sum + size, 0),
            checksum: { algorithm: 'SHA256', type: 'COMPOSITE', value: `abc=-${partSizesBytes.length}` },
            partSizesBytes,
          }),
        );
        expect([...partsOf(layout)].map(({ sizeBytes }) => sizeBytes)).toEqual(partSizesBytes);
      }),
    );
  });

  it('does not reproduce a layout that S3 would refuse', () => {
    const partSizesBytes = [1024, 10 * 1024 ** 2, 64 * 1024 ** 2];
    const sizeBytes = partSizesBytes.reduce((sum, size) => sum + size, 0);
    expect(layoutOf(taskOf({ sizeBytes, partSizesBytes })).kind).toBe('uniform');
  });

  it('gives the same layout whatever else is finished, and another one for another source, key or encryption', () => {
    const task = taskOf({ sizeBytes: 1024 ** 3 });
    const first = layoutOf(task);
    expect(layoutOf(task, { ...LIMITS, timeLimitMs: LIMITS.timeLimitMs - 400 })).toEqual(first);
    expect(layoutOf(taskOf({ sizeBytes: 1024 ** 3, etag: '"other"' }))).not.toEqual(first);
    expect(layoutOf({ ...task, key: 'other' })).not.toEqual(first);
    expect(layoutOf(taskOf({ sizeBytes: 1024 ** 3, metadata: { a: 'b' } }))).not.toEqual(first);
  });

  it('opens fewer connections than it would use were they open, and grows with what is', () => {
    const task = taskOf({ sizeBytes: 50 * 1024 ** 3 });
    const partsWith = (openConnections: number): number =>
      partCount(layoutOf(task, { ...LIMITS, maxConcurrency: 900, openConnections }));
    const counts = [0, 300, 600, 900].map(partsWith);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts[0]).toBeLessThan(600);
    expect(counts.at(-1)).toBe(900);
    const small = taskOf({ sizeBytes: 64 * 1024 ** 2 });
    expect(partCount(layoutOf(small, { ...LIMITS, maxConcurrency: 900, openConnections: 900 }))).toBeLessThan(
      60,
    );
  });

  it('keeps a whole-object SHA-256 by copying in one request, unless one invocation cannot end it', () => {
    const task = taskOf({
      sizeBytes: 4 * 1024 ** 3,
      checksum: { algorithm: 'SHA256', type: 'FULL_OBJECT', value: 'abc=' },
    });
    expect(planOf(task).strategy).toBe('object');
    expect(planOf(task, { ...LIMITS, timeLimitMs: 20_000 }).strategy).toBe('multipart');
  });

  it('skips what is there already and provably the same, and nothing else', () => {
    const checksum = { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: 'abc=' } as const;
    const source = { sizeBytes: 5, checksum, metadata: { a: 'b' }, tags: [{ Key: 'k', Value: 'v' }] };
    const same = { tagCount: 1 };
    expect(planOf(taskOf(source, same)).strategy).toBe('skip');
    for (const [what, different] of Object.entries({
      size: { sizeBytes: 6 },
      checksum: { checksum: { ...checksum, value: 'abd=' } },
      'checksum algorithm': { checksum: { ...checksum, algorithm: 'CRC32' as const }, etag: '"kms"' },
      key: { kmsKeyArn: `${KEY_ARN}0` },
      encryption: { encryption: 'AES256' },
      metadata: { metadata: {} },
      headers: { headers: { ContentType: 'text/plain' } },
      tags: { tagCount: 2 },
    })) {
      expect(planOf(taskOf(source, { ...same, ...different })).strategy, what).toBe('object');
    }
  });

  it('leaves a destination that is the source itself alone', () => {
    const task = taskOf({ artifact: { name: 'App', bucket: 'destination', key: 'pipeline/App/abc' } });
    expect(planOf(task).strategy).toBe('same-object');
  });

  it('relays what the role may not read, in parts that fit into memory', () => {
    const [planned] = planCopies(
      [taskOf({ sizeBytes: 2 * 1024 ** 3, readableBy: 'artifactCredentials' })],
      JOB,
      LIMITS,
    );
    expect(planned?.plan.strategy).toBe('relay');
    if (planned?.plan.strategy !== 'relay') return;
    expect(partSize(planned.plan.layout, 1)).toBeLessThanOrEqual(LIMITS.relayMemoryBytes / 4);
    const huge = taskOf({ sizeBytes: 1024 ** 4, readableBy: 'artifactCredentials' });
    expect(() => planCopies([huge], JOB, LIMITS)).toThrow(/SYNC_RELAY_MEMORY_MIB/);
  });
});

describe('what is at the destination already', () => {
  const sameEtag = taskOf({ etag: '"0123456789abcdef0123456789abcdef"' }, {});

  it('is skipped when its proof is strong enough for the job', () => {
    const [planned] = planCopies([sameEtag], { mode: 'relay', minimumProof: 'etag' }, LIMITS);
    expect(planned?.plan).toMatchObject({ strategy: 'skip', proof: { kind: 'etag' } });
  });

  it('is copied again when its proof is too weak for the job', () => {
    const [planned] = planCopies([sameEtag], { mode: 'relay', minimumProof: 'checksum' }, LIMITS);
    expect(planned?.plan.strategy).toBe('relay');
  });
});
