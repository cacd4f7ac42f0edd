// Proves a copy that was just made: what S3 answered, else what a HEAD shows, against the source.
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { isAccessDenied, isNotFound } from '../aws/errors.ts';
import { send } from '../aws/s3-request.ts';
import { forCleanUp, type JobContext, withGracePeriod } from '../context/context.ts';
import { type FailureTypeName, SyncError } from '../errors.ts';
import { headObject } from '../facts/head-object.ts';
import { isKeyNow, isSameKey } from '../facts/kms-key.ts';
import { destinationFields, destinationTarget } from '../facts/object-fields.ts';
import { requireUnchanged } from '../facts/source.ts';
import { CLEAN_UP_MS } from '../speeds.ts';
import type { CopyTask, MinimumProof, ObjectChecksum, ObjectFacts, Proof, WrittenObject } from '../types.ts';
import { omitUndefined } from '../util.ts';
import {
  type BytesProof,
  compareBytes,
  contradictingDescription,
  describeDifference,
  isEnough,
  isStrongest,
  withKey,
} from './proof.ts';

/** A copy that is proved, with what the manifest tells of it. */
export interface ProvedObject {
  readonly proof: Proof;
  readonly versionId?: string;
  readonly etag: string;
  readonly checksum?: ObjectChecksum;
}

/**
 * Proves a copy that was just made, from S3's answer where that says enough, else from a HEAD. What turns out wrong is removed again.
 * @throws SyncError when the copy is not what the source is, has another key, or has a weaker proof than asked for
 */
export async function verifyCopy(
  task: CopyTask,
  written: WrittenObject,
  minimumProof: MinimumProof,
  job: JobContext,
): Promise<ProvedObject> {
  const { source, destination } = task;
  // What is written is proved, or removed, even when another copy fails the job meanwhile.
  const context: JobContext = { ...job, signal: withGracePeriod(job, CLEAN_UP_MS).signal };
  const answered = answeredFacts(task, written);
  const enough = !written.resumed && written.kmsKeyArn !== undefined && written.encryption !== undefined;
  const first = compareBytes(source, answered, written.sameLayout);
  const stored =
    enough && first !== 'different' && isStrongest(first)
      ? answered
      : await headWritten(task, answered, context);

  const reject = async (message: string, type: FailureTypeName = 'JobFailed'): Promise<never> => {
    context.telemetry.count('VerificationFailures');
    throw new SyncError(type, `${message} ${await removeWritten(task, written, context)}`);
  };
  const where = `s3://${destination.bucket}/${task.key} in ${destination.region}`;
  const { kmsKeyId, algorithm, keyArn } = destination.encryption;
  // To a write of its own S3 answers with the key that the alias means; an upload may have started when it meant another.
  const isRightKey =
    written.resumed && keyArn !== undefined
      ? isKeyNow(destination.encryption, stored.kmsKeyArn)
      : isSameKey(kmsKeyId, stored.kmsKeyArn);
  if (stored.encryption !== algorithm || !isRightKey) {
    const has = `${stored.encryption ?? 'no reported encryption'} with ${stored.kmsKeyArn ?? 'no reported key'}`;
    return await reject(
      `The copy at ${where} has ${has} instead of ${algorithm} with ${kmsKeyId}: check the bucket's policy and default encryption.`,
    );
  }
  const compared = compareBytes(source, stored, written.sameLayout);
  if (compared === 'different') {
    return await reject(
      `The copy at ${where} is not what its source is: ${describeDifference(source, stored)}. Retry the stage; if it happens again, look at what else writes to this key.`,
    );
  }
  const differing = written.resumed ? contradictingDescription(source, stored) : [];
  if (differing.length > 0) {
    return await reject(
      `The copy at ${where} was started with other ${differing.join(', ')} than its source has now. Retry the stage.`,
    );
  }
  const couldTell = source.checksum !== undefined || written.hashedInTransit;
  if (compared.kind === 'size-only' && source.versionId === undefined && couldTell) {
    // Parts that nothing else protects are looked after before the upload is completed (copy-in-parts).
    try {
      await requireUnchanged(source, context);
    } catch (error) {
      if (error instanceof SyncError) return await reject(error.message, error.failureType);
      throw error;
    }
  }
  const bytes: BytesProof =
    compared.kind === 'size-only' && written.hashedInTransit ? { kind: 'relayed' } : compared;
  if (!isEnough(bytes.kind, minimumProof)) {
    return await reject(
      `The copy at ${where} has only the proof "${bytes.kind}", but MinimumProof is "${minimumProof}": upload the source with a checksum, or accept the weaker proof.`,
    );
  }
  return {
    proof: withKey(bytes, task, stored),
    etag: stored.etag,
    ...omitUndefined({ versionId: answered.versionId ?? stored.versionId, checksum: stored.checksum }),
  };
}

/** What S3's answer to the write says, in the shape of a HEAD. Its size is the source's: the parts tile it, and Complete names it. */
function answeredFacts({ source }: CopyTask, written: WrittenObject): ObjectFacts {
  return {
    sizeBytes: source.sizeBytes,
    etag: written.etag ?? '',
    headers: source.headers,
    metadata: source.metadata,
    ...omitUndefined({
      versionId: written.versionId === 'null' ? undefined : written.versionId,
      checksum: written.checksum,
      encryption: written.encryption,
      kmsKeyArn: written.kmsKeyArn,
    }),
  };
}

/** Looks at the version that was written; where S3 may not be asked, what it answered must do. */
async function headWritten(task: CopyTask, answered: ObjectFacts, context: JobContext): Promise<ObjectFacts> {
  try {
    return await headObject(context, destinationTarget(task, 'HeadObject'), {
      ...destinationFields(task),
      VersionId: answered.versionId,
    });
  } catch (error) {
    if (isAccessDenied(error)) return answered;
    throw error;
  }
}

/** Removes exactly what this job wrote, and says what came of it. */
async function removeWritten(task: CopyTask, written: WrittenObject, context: JobContext): Promise<string> {
  const { versionId, etag } = written;
  let victim = versionId;
  const isNamed = versionId !== undefined && versionId !== 'null';
  const cleanUp = forCleanUp(context);
  const fields = destinationFields(task);
  try {
    if (!isNamed) {
      const now = await headObject(cleanUp, destinationTarget(task, 'HeadObject'), fields);
      if (now.etag !== etag)
        return 'The object there is no longer the one that this job wrote, so it was left alone.';
      // Where versioning is suspended, S3 names no version on a write; by the name "null" what was written goes without
      // a marker that hides what was there before.
      if (now.isNullVersion) victim = 'null';
    }
    const command = new DeleteObjectCommand({ ...fields, VersionId: victim });
    await send(cleanUp, destinationTarget(task, 'DeleteObject'), command);
    return isNamed ? `Its version ${versionId} was removed.` : 'It was removed.';
  } catch (error) {
    if (isNotFound(error)) return 'It is gone already.';
    const which = isNamed ? ` (version ${versionId})` : '';
    return `It could not be removed${which} and is still there: remove it by hand, and allow s3:DeleteObject and s3:DeleteObjectVersion for the function's role.`;
  }
}
