// How strongly each kind of copy is proved, by what the source's checksum is and how the copy was made.
import { describe, expect, it } from 'vitest';
import type { ChecksumAlgorithm, ChecksumType } from '../../../local/aws/content/checksum.ts';
import { compareContent } from '../../../local/aws/content/content.ts';
import { errorOf, faultAt } from '../harness/faults.ts';
import { appPipeline, EU, KEY } from '../harness/pipeline-test.ts';
import {
  copiesOf,
  failureOf,
  HOME,
  MIB,
  MULTIPART_BYTES,
  RELAYED_BYTES,
  SOURCE,
  TestPipeline,
} from '../harness/test-pipeline.ts';

const PART_BYTES = 8 * MIB;

interface Sample {
  readonly algorithm: ChecksumAlgorithm | 'none';
  readonly type?: ChecksumType;
  readonly sizeBytes: number;
  readonly mode?: 'relay';
  readonly strategy: string;
  readonly proof: string;
}

const SMALL = 1000;
const LARGE = MULTIPART_BYTES;
const SAMPLES: readonly Sample[] = [
  ...(['CRC64NVME', 'CRC32C', 'CRC32'] as const).flatMap((algorithm): Sample[] => [
    { algorithm, sizeBytes: SMALL, strategy: 'object', proof: 'checksum' },
    { algorithm, sizeBytes: LARGE, strategy: 'multipart', proof: 'checksum' },
    { algorithm, sizeBytes: SMALL, mode: 'relay', strategy: 'relay', proof: 'checksum' },
    { algorithm, sizeBytes: RELAYED_BYTES, mode: 'relay', strategy: 'relay', proof: 'checksum' },
  ]),
  // SHA-1 and SHA-256 of a whole object cannot be had from parts: one request, however large.
  ...(['SHA1', 'SHA256'] as const).flatMap((algorithm): Sample[] => [
    { algorithm, sizeBytes: SMALL, strategy: 'object', proof: 'checksum' },
    { algorithm, sizeBytes: LARGE, strategy: 'object', proof: 'checksum' },
    { algorithm, sizeBytes: SMALL, mode: 'relay', strategy: 'relay', proof: 'checksum' },
    { algorithm, sizeBytes: RELAYED_BYTES, mode: 'relay', strategy: 'relay', proof: 'relayed' },
  ]),
  // The parts of the source are reproduced, so that their checksums come out the same.
  ...(['SHA256', 'CRC32C'] as const).flatMap((algorithm): Sample[] => [
    { algorithm, type: 'COMPOSITE', sizeBytes: LARGE, strategy: 'multipart', proof: 'composite' },
    {
      algorithm,
      type: 'COMPOSITE',
      sizeBytes: RELAYED_BYTES,
      mode: 'relay',
      strategy: 'relay',
      proof: 'composite',
    },
  ]),
  { algorithm: 'none', sizeBytes: SMALL, strategy: 'object', proof: 'size-only' },
  { algorithm: 'none', sizeBytes: LARGE, strategy: 'multipart', proof: 'size-only' },
  { algorithm: 'none', sizeBytes: SMALL, mode: 'relay', strategy: 'relay', proof: 'relayed' },
  { algorithm: 'none', sizeBytes: RELAYED_BYTES, mode: 'relay', strategy: 'relay', proof: 'relayed' },
];

describe('a copy', () => {
  it.each(SAMPLES)(
    'of $sizeBytes bytes with $algorithm ($type) by $strategy is proved by $proof',
    async ({ algorithm, type, sizeBytes, mode, strategy, proof }) => {
      await using pipeline = await appPipeline(sizeBytes, {
        checksum: algorithm === 'none' ? 'none' : { algorithm, ...(type && { type }) },
        ...(type === 'COMPOSITE' && { partSizeBytes: PART_BYTES }),
      });
      const outcome = await pipeline.invoke({ DestinationBucket: EU, ...(mode && { Mode: mode }) });
      expect(copiesOf(outcome)).toMatchObject([{ strategy, proof }]);
      expect(compareContent(pipeline.object(EU, KEY).content, pipeline.object(SOURCE, KEY).content)).toBe(
        true,
      );

      const again = await pipeline.invoke({ DestinationBucket: EU });
      const provable = proof === 'checksum' || proof === 'composite';
      expect(copiesOf(again)[0]?.strategy === 'skip').toBe(provable);
    },
  );
});

describe('a source with a COMPOSITE checksum', () => {
  const composite = {
    checksum: { algorithm: 'SHA256', type: 'COMPOSITE' },
    partSizeBytes: PART_BYTES,
  } as const;

  it('has its parts read with GetObjectAttributes where the role may ask for them', async () => {
    await using pipeline = await appPipeline(LARGE, composite);
    pipeline.allow(['s3:GetObjectAttributes', 's3:GetObjectVersionAttributes']);
    const outcome = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'checksum' });
    expect(copiesOf(outcome)).toMatchObject([{ proof: 'composite', proofAlgorithm: 'SHA256' }]);
    expect(outcome.requests.find(({ operation }) => operation === 'GetObjectAttributes')?.status).toBe(200);
    const sizes = outcome.requests.filter(({ operation }) => operation === 'UploadPartCopy');
    expect(sizes.map(({ bytes }) => bytes)).toEqual([PART_BYTES, PART_BYTES, PART_BYTES]);
  });

  it('with more parts than one page lists is reproduced all the same', async () => {
    await using pipeline = await TestPipeline.start();
    const partSizeBytes = 5 * MIB;
    pipeline.addArtifact('App', 1003 * partSizeBytes - 7, {
      checksum: { algorithm: 'CRC32', type: 'COMPOSITE' },
      partSizeBytes,
    });
    pipeline.addDestination(EU, { region: HOME });
    pipeline.allow(['s3:GetObjectAttributes', 's3:GetObjectVersionAttributes']);
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome)).toMatchObject([{ proof: 'composite' }]);
    const pages = outcome.requests.filter(({ operation }) => operation === 'GetObjectAttributes');
    expect(pages).toHaveLength(2);
  });

  it('in parts that S3 would not take again is copied with another layout and proved less', async () => {
    await using pipeline = await appPipeline(LARGE, { ...composite, partSizeBytes: 3 * MIB });
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome)).toMatchObject([{ proof: 'size-only' }]);
    const strict = await pipeline.invoke({ DestinationBucket: EU, MinimumProof: 'etag' });
    expect(failureOf(strict).message).toContain('its best proof is "size-only", but MinimumProof is "etag"');
  });

  it('of one part is copied as such', async () => {
    await using pipeline = await appPipeline(SMALL, { ...composite });
    const outcome = await pipeline.invoke({ DestinationBucket: EU });
    expect(copiesOf(outcome)).toMatchObject([{ proof: 'composite' }]);
  });

  it.each(['GetObjectAttributes', 'HeadObject'])(
    'whose parts cannot be found out for a moment (%s) is copied nonetheless',
    async (operation) => {
      await using pipeline = await appPipeline(LARGE, composite);
      pipeline.deny(['s3:GetObjectAttributes', 's3:GetObjectVersionAttributes'], '*');
      pipeline.faults = faultAt(operation, errorOf(400, 'InvalidRequest'), { partNumber: 1 });
      const outcome = await pipeline.invoke({ DestinationBucket: EU });
      expect(copiesOf(outcome)).toHaveLength(1);
    },
  );
});
