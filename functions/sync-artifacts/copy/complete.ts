// Completes multipart uploads, and finds out whether somebody has.
import {
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandOutput,
} from '@aws-sdk/client-s3';
import { errorCode, isNotFound } from '../aws-error.ts';
import type { JobContext } from '../context.ts';
import { S3RequestError, SyncError } from '../failure.ts';
import { headObject } from '../object-facts.ts';
import { type PartLayout, partCount } from '../part-layout.ts';
import { request } from '../s3.ts';
import type { CopyTask } from '../types.ts';
import { mayBeCopy, proveExisting, type WrittenObject } from '../verify.ts';
import { destinationFields, destinationTarget, uploadChecksumFields } from './requests.ts';
import type { Upload } from './upload.ts';

/** Completing 10 000 parts may take minutes (S3 API, CompleteMultipartUpload): for each part as long as moving this many bytes. */
const COMPLETE_BYTES_PER_PART = 256 * 1024;

/** Completes an upload. S3 is told size and checksum of the whole object, so that it refuses to make a wrong one. */
export async function completeUpload(
  task: CopyTask,
  layout: PartLayout,
  upload: Upload,
  context: JobContext,
): Promise<CompleteMultipartUploadCommandOutput> {
  const { source } = task;
  const parts = Array.from({ length: partCount(layout) }, (_, index) => upload.parts.get(index + 1) ?? {});
  const wholeChecksum =
    layout.kind === 'uniform' &&
    uploadChecksumFields(task, layout).ChecksumType === 'FULL_OBJECT' &&
    source.checksum
      ? {
          [`Checksum${source.checksum.algorithm}`]: source.checksum.value,
          ChecksumType: 'FULL_OBJECT' as const,
        }
      : {};
  try {
    return await request(
      context,
      destinationTarget(task, 'CompleteMultipartUpload'),
      (options) =>
        context.s3.role(task.destination.region).send(
          new CompleteMultipartUploadCommand({
            ...destinationFields(task),
            ...wholeChecksum,
            UploadId: upload.uploadId,
            MultipartUpload: { Parts: parts },
            MpuObjectSize: source.sizeBytes,
          }),
          options,
        ),
      parts.length * COMPLETE_BYTES_PER_PART,
    );
  } catch (error) {
    if (!(error instanceof S3RequestError && errorCode(error.cause) === 'BadDigest')) throw error;
    context.telemetry.count('VerificationFailures');
    throw new SyncError(
      'JobFailed',
      `S3 refused to complete the copy at s3://${task.destination.bucket}/${task.key}: its checksum is not the source's. Nothing was written there. Retry the stage; if it happens again, upload the source anew.`,
      { cause: error },
    );
  }
}

/**
 * What is at the destination after the upload was gone: the finished copy, when a rival completed it or our own completion's answer was
 * lost. Where checksums do not tell, an object that may be the copy and came since we looked.
 */
export async function lookForCompleted(
  task: CopyTask,
  hashedInPassing: boolean,
  context: JobContext,
): Promise<WrittenObject | undefined> {
  const { destination, key, existing } = task;
  const { bucket, bucketOwner, region } = destination;
  const client = context.s3.role(region);
  try {
    const now = await headObject(
      context,
      client,
      { bucket, key, bucketOwner },
      destinationTarget(task, 'HeadObject'),
    );
    const isNew = now.etag !== existing?.etag || now.versionId !== existing?.versionId;
    const found = { ...task, existing: now };
    if (proveExisting(found) === undefined && !(isNew && mayBeCopy(found))) return undefined;
    return {
      etag: now.etag,
      versionId: now.versionId,
      checksum: now.checksum,
      encryption: now.encryption,
      kmsKeyArn: now.kmsKeyArn,
      sameLayout: false,
      hashedInPassing,
      adopted: true,
    };
  } catch (error) {
    if (error instanceof S3RequestError && isNotFound(error.cause)) return undefined;
    throw error;
  }
}
