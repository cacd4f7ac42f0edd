// What a lesser server may lack: each capability is probed, and tests that need it are skipped there with the reason.
import { createHash } from 'node:crypto';
import type { TestContext } from 'vitest';
import { codeOf, statusOf } from './errors.ts';
import { OTHER_REGION, setVersioning, type Target } from './target.ts';

/** Tries something with the object `probe` in a new bucket. */
type Probe = (where: Awaited<ReturnType<Target['fresh']>>, target: Target) => Promise<boolean>;

const PROBES = {
  /** Objects have a CRC64NVME although nobody asked for one, and HEAD tells checksum and type. */
  async checksums({ s3, Bucket }) {
    const head = await s3.headObject({ Bucket, Key: 'probe', ChecksumMode: 'ENABLED' });
    return head.ChecksumCRC32 !== undefined && head.ChecksumType === 'FULL_OBJECT';
  },
  /** Objects can have the checksums that S3 has since 2026. */
  async newChecksums({ s3, Bucket }) {
    const ChecksumMD5 = createHash('md5').update('x').digest('base64');
    const put = await s3.putObject({ Bucket, Key: 'k', Body: 'x', ChecksumMD5 });
    return put.ChecksumMD5 === ChecksumMD5;
  },
  /** What S3 refuses is refused: many servers are lenient, and a lenient one can be used but not compared here. */
  async strictness({ s3, Bucket }) {
    const put = { Bucket, Key: 'k', Body: 'x', StorageClass: 'NONE' as 'STANDARD' };
    return (await codeOf(s3.putObject(put))) === 'InvalidStorageClass';
  },
  async attributes({ s3, Bucket }) {
    await s3.getObjectAttributes({ Bucket, Key: 'probe', ObjectAttributes: ['ObjectSize'] });
    return true;
  },
  async sourceConditions({ s3, Bucket }) {
    const copy = {
      Bucket,
      Key: 'c',
      CopySource: `${Bucket}/probe`,
      CopySourceIfMatch: '"no"',
    };
    return (await codeOf(s3.copyObject(copy))) === 'PreconditionFailed';
  },
  async partSourceConditions({ s3, Bucket }) {
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'c' });
    const source = { CopySource: `${Bucket}/probe`, CopySourceIfMatch: '"no"' };
    const copy = { Bucket, Key: 'c', UploadId, PartNumber: 1, ...source };
    return (await codeOf(s3.uploadPartCopy(copy))) === 'PreconditionFailed';
  },
  async conditionalWrites({ s3, Bucket }) {
    return (await statusOf(s3.putObject({ Bucket, Key: 'probe', Body: 'x', IfNoneMatch: '*' }))) === 412;
  },
  async conditionalCopies({ s3, Bucket }) {
    const copy = {
      Bucket,
      Key: 'probe',
      CopySource: `${Bucket}/probe`,
      MetadataDirective: 'REPLACE' as const,
    };
    return (await statusOf(s3.copyObject({ ...copy, IfNoneMatch: '*' }))) === 412;
  },
  async conditionalDeletes({ s3, Bucket }) {
    const deletion = { Bucket, Key: 'probe', IfMatch: '"no"' };
    return (await statusOf(s3.deleteObject(deletion))) === 412;
  },
  async annotations({ s3, Bucket }) {
    const annotation = { AnnotationName: 'probe', AnnotationPayload: 'x' };
    await s3.putObjectAnnotation({ Bucket, Key: 'probe', ...annotation });
    return true;
  },
  async versioning({ s3, Bucket }) {
    await setVersioning(s3, Bucket, 'Enabled');
    return (await s3.putObject({ Bucket, Key: 'v', Body: 'x' })).VersionId !== undefined;
  },
  async tagging({ s3, Bucket }) {
    await s3.putObject({ Bucket, Key: 't', Body: 'x', Tagging: 'a=b' });
    const { TagSet } = await s3.getObjectTagging({ Bucket, Key: 't' });
    return TagSet?.[0]?.Value === 'b';
  },
  async conditionalReads({ s3, Bucket }) {
    return (await statusOf(s3.headObject({ Bucket, Key: 'probe', IfMatch: '"no"' }))) === 412;
  },
  async partCopies({ s3, Bucket }) {
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'c' });
    const copy = { Bucket, Key: 'c', UploadId, PartNumber: 1, CopySource: `${Bucket}/probe` };
    return (await s3.uploadPartCopy(copy)).CopyPartResult?.ETag !== undefined;
  },
  async uploadListings({ s3, Bucket }) {
    const { UploadId } = await s3.createMultipartUpload({ Bucket, Key: 'c' });
    const { Uploads } = await s3.listMultipartUploads({ Bucket });
    return Uploads?.[0]?.UploadId === UploadId;
  },
  async bucketOwners({ s3, Bucket }) {
    return (await statusOf(s3.headBucket({ Bucket, ExpectedBucketOwner: '999999999999' }))) === 403;
  },
  async bucketEncryption({ s3, Bucket }) {
    await s3.getBucketEncryption({ Bucket });
    return (await s3.headObject({ Bucket, Key: 'probe' })).ServerSideEncryption !== undefined;
  },
  async regions(_where, target) {
    const Bucket = await target.createBucket(OTHER_REGION);
    return (await statusOf(target.client().headBucket({ Bucket }))) === 301;
  },
  async kms(_where, target) {
    return target.kmsKeyArn !== undefined;
  },
} satisfies Readonly<Record<string, Probe>>;

type Capability = keyof typeof PROBES;

const known = new WeakMap<Target, Map<Capability, Promise<string | undefined>>>();

/** Skips the test on a server that lacks one of the capabilities; the embedded AWS may lack none. */
export async function needs(
  context: TestContext,
  target: Target,
  ...capabilities: readonly Capability[]
): Promise<void> {
  const results = known.get(target) ?? new Map<Capability, Promise<string | undefined>>();
  known.set(target, results);
  for (const capability of capabilities) {
    const probed = results.get(capability) ?? probe(target, capability);
    results.set(capability, probed);
    const lack = await probed;
    if (lack === undefined) continue;
    if (target.embedded) throw new Error(`the embedded AWS must have ${capability}: ${lack}`);
    context.skip(`this server lacks ${capability}: ${lack}`);
  }
}

async function probe(target: Target, capability: Capability): Promise<string | undefined> {
  try {
    const where = await target.fresh();
    await where.s3.putObject({
      ...{ Bucket: where.Bucket, Key: 'probe' },
      Body: 'probe',
      ChecksumAlgorithm: 'CRC32',
    });
    const run: Probe = PROBES[capability];
    return (await run(where, target)) ? undefined : 'the probe had no effect';
  } catch (error) {
    // Only an answer, be it garbled, tells what a server lacks; a server that cannot be reached has not been tested.
    if (error instanceof Error && '$response' in error) {
      return String(error);
    }
    throw error;
  }
}
