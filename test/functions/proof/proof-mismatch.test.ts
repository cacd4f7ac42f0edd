// Copies that turn out wrong: nothing wrong stays, nothing of others goes, and no proof is claimed that there is not.
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../../local/aws/content/checksum.ts';
import { generated } from '../../../local/aws/content/content.ts';
import { latest, type Versioning } from '../../../local/aws/state/buckets.ts';
import type { PutOptions } from '../../../local/aws/state/place-object.ts';
import {
  createStage,
  DESCRIBED,
  expectRightCopies,
  failureOf,
  MIB,
  runOnce,
  type Stage,
  type StageArtifact,
} from '../copy/resume/resume-stage.ts';
import { justBefore } from '../harness/faults.ts';
import { startLimitedServer } from '../harness/limited-server.ts';
import { deny, placeOf, shareAws } from '../harness/stages.ts';

const aws = shareAws();

interface Sample {
  readonly sizeBytes: number;
  readonly put?: PutOptions;
  readonly mode?: string;
  readonly versioning?: Versioning;
}

function artifactOf({ sizeBytes, put }: Sample): StageArtifact {
  return { name: 'App', content: generated(sizeBytes, 1), put: { ...DESCRIBED, ...put } };
}

function stageOf(sample: Sample): Stage {
  return createStage(aws, {
    artifacts: [artifactOf(sample)],
    destinationCount: 1,
    destinationVersioning: sample.versioning ?? 'Enabled',
    parameters: { Mode: sample.mode ?? 'auto' },
  });
}

/** As if the bytes were changed on their way, or a server ignored the conditions of a copy: ETag and version stay, the bytes do not. */
async function runWithOtherBytes(stage: Stage, operations: readonly string[]) {
  const source = stage.sourceOf(placeOf(stage).artifact);
  const content = generated(source.sizeBytes, 77);
  const swap = justBefore(operations, () => {
    const { checksum } = source;
    const full = checksum?.type === 'FULL_OBJECT' ? checksum : undefined;
    const value = full && { ...full, value: checksumOf(content, full.algorithm) };
    Object.assign(source, { content, ...(value && { checksum: value }) });
  });
  aws.faults = swap;
  const outcome = await runOnce(stage);
  aws.faults = undefined;
  expect(swap.hits).toBeGreaterThan(0);
  return outcome;
}

const COPIES = ['CopyObject', 'CreateMultipartUpload', 'GetObject'];
const COMPOSITE: PutOptions = {
  partSizeBytes: 5 * MIB,
  checksum: { algorithm: 'CRC32', type: 'COMPOSITE' },
};

describe('a copy with other bytes than its source', () => {
  it.each([
    ['in one request', { sizeBytes: 1000 }],
    ['in parts', { sizeBytes: 24 * MIB }],
    ['in the parts of a COMPOSITE source', { sizeBytes: 12 * MIB, put: COMPOSITE }],
    ['relayed in one request', { sizeBytes: 1000, mode: 'relay' }],
    ['relayed in parts', { sizeBytes: 10 * MIB, mode: 'relay' }],
    ['relayed in the parts of a COMPOSITE source', { sizeBytes: 12 * MIB, put: COMPOSITE, mode: 'relay' }],
  ] as const)('%s is removed again, and what was there before is there again', async (_, sample) => {
    for (const versioning of ['Enabled', 'Unversioned'] as const) {
      const stage = stageOf({ ...sample, versioning });
      const { bucket, key } = placeOf(stage);
      const earlier = aws.world.putObject(bucket, key, generated(10, 5));
      const { lambda, result } = await runWithOtherBytes(stage, COPIES);
      expect(failureOf(result).type).toBe('JobFailed');
      expect(lambda.values('VerificationFailures')).toEqual([1]);
      expect([...bucket.uploads.keys()]).toEqual([]);
      const versions = bucket.objects.get(key) ?? [];
      // An unversioned bucket has lost what was there, unless S3 refused to complete the copy.
      expect(versions.every((version) => version === earlier)).toBe(true);
      if (versioning === 'Enabled') expect(versions).toEqual([earlier]);
    }
  });

  it('is not even sent where the function has the bytes in its hands, so that an old object stays without versions too', async () => {
    const stage = stageOf({ sizeBytes: 1000, mode: 'relay', versioning: 'Unversioned' });
    const { bucket, key } = placeOf(stage);
    const earlier = aws.world.putObject(bucket, key, generated(10, 5));
    const before = aws.world.requests.length;

    const { result } = await runWithOtherBytes(stage, COPIES);

    expect(failureOf(result).message).toContain('nothing was written');
    const operations = aws.world.requests.slice(before).map(({ operation }) => operation);
    expect(operations).not.toContain('PutObject');
    expect(latest(bucket, key)).toBe(earlier);
  });

  it('that may not be removed is named in the message, with what to do', async () => {
    const stage = stageOf({ sizeBytes: 1000 });
    deny(stage, ['s3:DeleteObject', 's3:DeleteObjectVersion']);
    const { bucket, key } = placeOf(stage);
    const { result } = await runWithOtherBytes(stage, COPIES);
    const version = latest(bucket, key);
    expect(failureOf(result)).toMatchObject({
      type: 'JobFailed',
      message: expect.stringContaining(
        `could not be removed (version ${version?.versionId}) and is still there`,
      ),
    });
    expect(failureOf(result).message).toContain('s3:DeleteObjectVersion');
  });

  it('is not the only thing that is looked at: an object that somebody else puts there stays', async () => {
    const stage = stageOf({ sizeBytes: 24 * MIB });
    const { bucket, key } = placeOf(stage);
    aws.faults = justBefore('CompleteMultipartUpload', () => {
      bucket.uploads.clear();
      aws.world.putObject(bucket, key, generated(24 * MIB, 9));
    });
    const { result } = await runOnce(stage);
    expect(result.operation).toBe('PutJobSuccessResult');
    // The other's version is still there, below our copy.
    expect(bucket.objects.get(key)).toHaveLength(2);
    expectRightCopies(stage);
  });
});

describe('a copy whose proof is too weak', () => {
  it('leaves no marker where versioning is suspended', async () => {
    const stage = createStage(aws, {
      artifacts: [artifactOf({ sizeBytes: 1000, put: { checksum: 'none' } })],
      destinationCount: 1,
      parameters: { MinimumProof: 'etag' },
    });
    const { bucket, key } = placeOf(stage);
    const earlier = aws.world.putObject(bucket, key, generated(10, 5));
    bucket.versioning = 'Suspended';
    const { result } = await runOnce(stage);
    expect(failureOf(result).message).toContain('has only the proof');
    expect(bucket.objects.get(key)).toEqual([earlier]);
  });
});

describe('parts that are not what was copied', () => {
  it.each([
    ['other bytes', {}, (sizeBytes: number) => generated(sizeBytes, 77)],
    ['fewer bytes', { checksum: 'none' }, (sizeBytes: number) => generated(sizeBytes - 1, 1)],
  ] as const)('(%s) are never completed, and what was there before stays', async (_, put, instead) => {
    const stage = stageOf({ sizeBytes: 24 * MIB, put, versioning: 'Unversioned' });
    const { bucket, key } = placeOf(stage);
    const earlier = aws.world.putObject(bucket, key, generated(10, 5));
    aws.faults = justBefore('CompleteMultipartUpload', () => {
      for (const { parts } of bucket.uploads.values()) {
        const last = parts.get(parts.size);
        if (last !== undefined) Object.assign(last, { content: instead(last.content.sizeBytes) });
      }
    });
    const { result } = await runOnce(stage);
    expect(failureOf(result).type).toBe('JobFailed');
    expect(bucket.objects.get(key)).toEqual([earlier]);
    expect([...bucket.uploads.keys()]).toEqual([]);
  });
});

describe('a server without checksums that ignores conditions', () => {
  it.each([
    [1000, 'auto'],
    [24 * MIB, 'auto'],
    [1000, 'relay'],
    [10 * MIB, 'relay'],
  ])('gets %i bytes copied (mode %s), and no proof is called a checksum', async (sizeBytes, mode) => {
    await using server = await startLimitedServer(aws.endpoint, {
      headers: ['x-amz-checksum', 'x-amz-version'],
      rewrite: (xml) => xml.replaceAll(/<(Checksum\w*|VersionId)>[^<]*<\/\1>/g, ''),
    });
    const stage = stageOf({ sizeBytes, mode, versioning: 'Unversioned' });
    const { lambda, result } = await runOnce(stage, { endpoint: server.endpoint });
    expect(result.operation).toBe('PutJobSuccessResult');
    const proofs = lambda.lines.filter(({ message }) => message === 'Copy finished');
    expect(proofs.map(({ fields }) => fields.proof)).toEqual(['size-only']);
    expectRightCopies(stage);
  });
});
