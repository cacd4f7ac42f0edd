// What a lesser server may lack: each capability is probed, and tests that need it are skipped there with the reason.
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketEncryptionCommand,
  GetObjectAttributesCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectAnnotationCommand,
  PutObjectCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { TestContext } from 'vitest';
import { codeOf, statusOf } from './errors.ts';
import { OTHER_REGION, type Target } from './target.ts';

const PROBES = {
  /** Objects have a CRC64NVME although nobody asked for one, and HEAD tells checksum and type. */
  async checksums(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'probe', ChecksumMode: 'ENABLED' }));
    return head.ChecksumCRC32 !== undefined && head.ChecksumType === 'FULL_OBJECT';
  },
  /** Objects can have the checksums that S3 has since 2026. */
  async newChecksums(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const ChecksumMD5 = createHash('md5').update('x').digest('base64');
    const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ChecksumMD5 }));
    return put.ChecksumMD5 === ChecksumMD5;
  },
  /** What S3 refuses is refused: many servers are lenient, and a lenient one can be used but not compared here. */
  async strictness(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const put = new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', StorageClass: 'NONE' as 'STANDARD' });
    return (await codeOf(s3.send(put))) === 'InvalidStorageClass';
  },
  async attributes(target: Target) {
    const { s3, Bucket } = await withObject(target);
    await s3.send(new GetObjectAttributesCommand({ Bucket, Key: 'probe', ObjectAttributes: ['ObjectSize'] }));
    return true;
  },
  async sourceConditions(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const copy = new CopyObjectCommand({
      Bucket,
      Key: 'c',
      CopySource: `${Bucket}/probe`,
      CopySourceIfMatch: '"no"',
    });
    return (await codeOf(s3.send(copy))) === 'PreconditionFailed';
  },
  async partSourceConditions(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
    const source = { CopySource: `${Bucket}/probe`, CopySourceIfMatch: '"no"' };
    const copy = new UploadPartCopyCommand({ Bucket, Key: 'c', UploadId, PartNumber: 1, ...source });
    return (await codeOf(s3.send(copy))) === 'PreconditionFailed';
  },
  async conditionalWrites(target: Target) {
    const { s3, Bucket } = await withObject(target);
    return (
      (await statusOf(
        s3.send(new PutObjectCommand({ Bucket, Key: 'probe', Body: 'x', IfNoneMatch: '*' })),
      )) === 412
    );
  },
  async conditionalCopies(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const copy = {
      Bucket,
      Key: 'probe',
      CopySource: `${Bucket}/probe`,
      MetadataDirective: 'REPLACE' as const,
    };
    return (await statusOf(s3.send(new CopyObjectCommand({ ...copy, IfNoneMatch: '*' })))) === 412;
  },
  async conditionalDeletes(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const deletion = new DeleteObjectCommand({ Bucket, Key: 'probe', IfMatch: '"no"' });
    return (await statusOf(s3.send(deletion))) === 412;
  },
  async annotations(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const annotation = { AnnotationName: 'probe', AnnotationPayload: 'x' };
    await s3.send(new PutObjectAnnotationCommand({ Bucket, Key: 'probe', ...annotation }));
    return true;
  },
  async versioning(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    return (await s3.send(new PutObjectCommand({ Bucket, Key: 'v', Body: 'x' }))).VersionId !== undefined;
  },
  async tagging(target: Target) {
    const { s3, Bucket } = await withObject(target);
    await s3.send(new PutObjectCommand({ Bucket, Key: 't', Body: 'x', Tagging: 'a=b' }));
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 't' }));
    return TagSet?.[0]?.Value === 'b';
  },
  async conditionalReads(target: Target) {
    const { s3, Bucket } = await withObject(target);
    return (
      (await statusOf(s3.send(new HeadObjectCommand({ Bucket, Key: 'probe', IfMatch: '"no"' })))) === 412
    );
  },
  async partCopies(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
    const copy = { Bucket, Key: 'c', UploadId, PartNumber: 1, CopySource: `${Bucket}/probe` };
    return (await s3.send(new UploadPartCopyCommand(copy))).CopyPartResult?.ETag !== undefined;
  },
  async uploadListings(target: Target) {
    const { s3, Bucket } = await withObject(target);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'c' }));
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    return Uploads?.[0]?.UploadId === UploadId;
  },
  async bucketOwners(target: Target) {
    const { s3, Bucket } = await withObject(target);
    return (
      (await statusOf(s3.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '999999999999' })))) ===
      403
    );
  },
  async bucketEncryption(target: Target) {
    const { s3, Bucket } = await withObject(target);
    await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    return (
      (await s3.send(new HeadObjectCommand({ Bucket, Key: 'probe' }))).ServerSideEncryption !== undefined
    );
  },
  async regions(target: Target) {
    const Bucket = await target.createBucket(OTHER_REGION);
    return (await statusOf(target.client().send(new HeadBucketCommand({ Bucket })))) === 301;
  },
  async kms(target: Target) {
    return target.kmsKeyArn !== undefined;
  },
};

export type Capability = keyof typeof PROBES;

const known = new WeakMap<Target, Map<Capability, Promise<string | undefined>>>();

/** Skips the test on a server that lacks the capability; the embedded AWS may lack none. */
export async function needs(context: TestContext, target: Target, capability: Capability): Promise<void> {
  const results = known.get(target) ?? new Map<Capability, Promise<string | undefined>>();
  known.set(target, results);
  const probed = results.get(capability) ?? probe(target, capability);
  results.set(capability, probed);
  const lack = await probed;
  if (lack !== undefined) {
    if (target.embedded) {
      throw new Error(`the embedded AWS must have ${capability}: ${lack}`);
    }
    context.skip(`this server lacks ${capability}: ${lack}`);
  }
}

async function probe(target: Target, capability: Capability): Promise<string | undefined> {
  try {
    return (await PROBES[capability](target)) ? undefined : 'the probe had no effect';
  } catch (error) {
    // Only an answer, be it garbled, tells what a server lacks; a server that cannot be reached has not been tested.
    if (error instanceof Error && '$response' in error) {
      return String(error);
    }
    throw error;
  }
}

async function withObject(target: Target) {
  const s3 = target.client();
  const Bucket = await target.createBucket();
  await s3.send(new PutObjectCommand({ Bucket, Key: 'probe', Body: 'probe', ChecksumAlgorithm: 'CRC32' }));
  return { s3, Bucket };
}
