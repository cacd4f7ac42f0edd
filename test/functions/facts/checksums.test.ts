// Every checksum algorithm of S3 is understood: kept by a copy, compared with the source's, or reported as not comparable.
import { ChecksumAlgorithm } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { CHECKSUM_ALGORITHMS, CHECKSUMS } from '../../../functions/sync-artifacts/checksums.ts';
import {
  relayAlgorithm,
  uploadChecksumFields,
} from '../../../functions/sync-artifacts/copy/request-fields.ts';
import { checksumOf } from '../../../functions/sync-artifacts/facts/head-object.ts';
import type { PartLayout } from '../../../functions/sync-artifacts/plan/part-layout.ts';
import { compareBytes } from '../../../functions/sync-artifacts/proof/proof.ts';
import type { CopyTask, ObjectChecksum, ObjectFacts } from '../../../functions/sync-artifacts/types.ts';
import { appPipeline, EU } from '../harness/pipeline-test.ts';
import { copiesOf, MIB, MULTIPART_BYTES, RELAYED_BYTES } from '../harness/test-pipeline.ts';

const TEN = Object.values(ChecksumAlgorithm);
const digestOf = (algorithm: ChecksumAlgorithm, byte: number): string =>
  Buffer.alloc(CHECKSUMS[algorithm].bytes, byte).toString('base64');

function objectWith(checksum: ObjectChecksum): ObjectFacts {
  return { sizeBytes: 1, etag: '', headers: {}, metadata: {}, checksum };
}

function taskWith(checksum: ObjectChecksum): CopyTask {
  return { source: objectWith(checksum) } as CopyTask;
}

const IN_PARTS: PartLayout = { kind: 'uniform', sizeBytes: 2, partSizeBytes: 1 };
const LIKE_SOURCE: PartLayout = { kind: 'reproduced', sizeBytes: 2, partSizesBytes: [1, 1] };

describe('the checksum algorithms', () => {
  it("are those of the SDK's model", () => {
    expect(CHECKSUM_ALGORITHMS.toSorted()).toEqual(TEN.toSorted());
  });

  it.each(TEN)('%s is read from an answer, of the whole object and of its parts', (algorithm) => {
    const value = digestOf(algorithm, 1);
    const name = `Checksum${algorithm}`;

    expect(checksumOf({ [name]: value, ChecksumType: 'FULL_OBJECT' })).toEqual({
      algorithm,
      type: 'FULL_OBJECT',
      value,
    });
    expect(checksumOf({ [name]: `${value}-2`, ChecksumType: 'COMPOSITE' })).toEqual({
      algorithm,
      type: 'COMPOSITE',
      value: `${value}-2`,
    });
    expect(checksumOf({ [name]: 'AA==', ChecksumType: 'FULL_OBJECT' })).toBeUndefined();
  });

  it.each(TEN)('%s is compared', (algorithm) => {
    const whole = (byte: number) =>
      objectWith({ algorithm, type: 'FULL_OBJECT', value: digestOf(algorithm, byte) });

    expect(compareBytes(whole(1), whole(1), false)).toEqual({ kind: 'checksum', algorithm });
    expect(compareBytes(whole(1), whole(2), false)).toBe('different');
  });

  it.each(TEN)('%s of a whole object is made from parts where S3 can', (algorithm) => {
    const task = taskWith({ algorithm, type: 'FULL_OBJECT', value: digestOf(algorithm, 1) });
    const kept = /^CRC/.test(algorithm) ? algorithm : 'CRC64NVME';

    expect(uploadChecksumFields(task, IN_PARTS)).toEqual({
      ChecksumAlgorithm: kept,
      ChecksumType: 'FULL_OBJECT',
    });
    expect(relayAlgorithm(task, IN_PARTS)).toBe(kept);
  });

  it.each(TEN.filter((algorithm) => algorithm !== 'CRC64NVME'))(
    '%s of parts is kept by a copy in the same parts',
    (algorithm) => {
      const task = taskWith({ algorithm, type: 'COMPOSITE', value: `${digestOf(algorithm, 1)}-2` });
      expect(uploadChecksumFields(task, LIKE_SOURCE)).toEqual({
        ChecksumAlgorithm: algorithm,
        ChecksumType: 'COMPOSITE',
      });
    },
  );
});

describe.each(['SHA512', 'MD5', 'XXHASH3'] as const)('an artifact with %s', (algorithm) => {
  it.each([
    ['in one request', 1000, undefined, 'FULL_OBJECT', { strategy: 'object', proof: 'checksum' }],
    [
      'in one request, however large',
      MULTIPART_BYTES,
      undefined,
      'FULL_OBJECT',
      { strategy: 'object', proof: 'checksum' },
    ],
    [
      'in the parts of its source',
      MULTIPART_BYTES,
      undefined,
      'COMPOSITE',
      { strategy: 'multipart', proof: 'composite' },
    ],
    [
      'by relay, with the checksum that the function computes',
      1000,
      'relay',
      'FULL_OBJECT',
      { strategy: 'relay', proof: 'relayed' },
    ],
    ['by relay in parts', RELAYED_BYTES, 'relay', 'COMPOSITE', { strategy: 'relay', proof: 'relayed' }],
  ] as const)('is copied and proved %s', async (_, sizeBytes, mode, type, expected) => {
    await using pipeline = await appPipeline(sizeBytes, {
      checksum: { algorithm, type },
      ...(type === 'COMPOSITE' && { partSizeBytes: 8 * MIB }),
    });

    const outcome = await pipeline.invoke({
      DestinationBucket: EU,
      MinimumProof: 'checksum',
      ...(mode && { Mode: mode }),
    });

    expect(copiesOf(outcome)).toMatchObject([expected]);
  });
});
