// The manifest of a job: every copy with its proof, zipped into the action's output artifact.
import { strToU8, zipSync } from 'fflate';
import type { RequestTarget } from '../aws/errors.ts';
import { clientOf, request } from '../aws/s3-request.ts';
import { uploadBody } from '../aws/upload-body.ts';
import { DEFAULT_CHECKSUM } from '../checksums.ts';
import type { JobContext } from '../context/context.ts';
import { askInRegion } from '../facts/in-region.ts';
import type { Artifact, CopyReport, SyncJob } from '../types.ts';
import { omitUndefined } from '../util.ts';

/** Identifies the format; `schemas/sync-manifest.schema.json` describes it. */
const MANIFEST_VERSION = 1;
/** Name of the manifest inside the output artifact. */
const MANIFEST_FILE = 'sync-manifest.json';
/** A fixed time: the same copies give the same bytes. ZIP knows no earlier one. */
const ZIP_TIME = new Date(1980, 0, 1);

/** The manifest, as plain data. */
export function manifestOf(job: SyncJob, jobId: string, reports: readonly CopyReport[]) {
  return {
    version: MANIFEST_VERSION,
    jobId,
    ...omitUndefined({ executionId: job.executionId }),
    annotations: job.annotations,
    copies: reports.map(({ task, strategy, proof, versionId, checksum, durationMs }) => ({
      artifact: task.source.artifact.name,
      source: {
        bucket: task.source.artifact.bucket,
        key: task.source.artifact.key,
        region: task.source.region,
        eTag: task.source.etag,
        ...omitUndefined({ versionId: task.source.versionId, revision: task.source.artifact.revision }),
      },
      destination: {
        bucket: task.destination.bucket,
        key: task.key,
        region: task.destination.region,
        ...omitUndefined({ versionId }),
      },
      bytes: task.source.sizeBytes,
      strategy,
      ...omitUndefined({
        checksum,
        proof,
        durationMs: durationMs === undefined ? undefined : Math.round(durationMs),
      }),
    })),
  };
}

/** Writes the manifest to the output artifact's location, with the job's own credentials if it has any: mostly only they may write there. */
export async function writeManifest(
  job: SyncJob,
  output: Artifact,
  manifest: ReturnType<typeof manifestOf>,
  context: JobContext,
): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  const body = zipSync({ [MANIFEST_FILE]: [strToU8(text), { mtime: ZIP_TIME }] });
  const identity = context.s3.hasArtifactCredentials ? 'artifactCredentials' : 'role';
  const put = async (region: string): Promise<void> => {
    const target: RequestTarget = {
      operation: 'PutObject',
      side: 'destination',
      bucket: output.bucket,
      key: output.key,
      region,
      principal: identity,
      ...omitUndefined({ kmsKeyId: job.encryptionKeyId }),
    };
    const params = {
      Bucket: output.bucket,
      Key: output.key,
      Body: body,
      ContentType: 'application/zip',
      // A bucket with Object Lock takes no write without one.
      ChecksumAlgorithm: DEFAULT_CHECKSUM,
      ExpectedBucketOwner: job.accountId,
      // Without a key of its own the pipeline uses the default encryption of its artifact bucket.
      ...(job.encryptionKeyId === undefined
        ? {}
        : ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: job.encryptionKeyId } as const)),
    } as const;
    // On no condition: each execution has a place of its own, where an attempt that was killed may have left a manifest.
    await request(context, target, () => uploadBody(clientOf(context, target), params, context.signal));
  };
  const region = context.facts.region(output.bucket) ?? context.settings.region;
  await askInRegion({ bucket: output.bucket, region }, context, put);
}
