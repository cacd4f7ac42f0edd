// Looks at a destination again, after S3 refused to write there or lost the upload.
import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { attemptCount, httpStatus, isAccessDenied, isNotFound } from '../aws/errors.ts';
import { send } from '../aws/s3-request.ts';
import type { JobContext } from '../context/context.ts';
import { headObject } from '../facts/head-object.ts';
import { destinationFields, destinationTarget } from '../facts/object-fields.ts';
import { isEnough, proofOfExisting } from '../proof/proof.ts';
import { CLOCK_SKEW_MS } from '../speeds.ts';
import type { CopyTask, ObjectFacts } from '../types.ts';
import { omitUndefined } from '../util.ts';
import type { FinishedCopyResult } from './strategy.ts';

/** What is at a destination now. */
export interface Look {
  readonly exists: boolean;
  /** Absent when the role may not even read it. */
  readonly etag?: string;
  /** Absent when the role may not read the object, or its KMS key is not usable. */
  readonly facts?: ObjectFacts;
}

/** Looks at the object at a copy's destination, as far as the role may. @throws S3RequestError */
export async function lookAgain(task: CopyTask, context: JobContext): Promise<Look> {
  const target = destinationTarget(task, 'HeadObject');
  const fields = destinationFields(task);
  try {
    const facts = await headObject(context, target, fields);
    return { exists: true, etag: facts.etag, facts };
  } catch (error) {
    if (isNotFound(error)) return { exists: false };
    if (httpStatus(error) !== 400 && !isAccessDenied(error)) throw error;
  }
  try {
    // Without its checksum an object is shown although its KMS key is not usable.
    const { ETag } = await send(context, target, new HeadObjectCommand(fields));
    return { exists: true, ...(ETag === undefined ? {} : { etag: ETag }) };
  } catch (error) {
    if (isNotFound(error)) return { exists: false };
    if (!isAccessDenied(error)) throw error;
    return { exists: true };
  }
}

/** The task with what is at its destination now. */
export function withLook(task: CopyTask, { facts }: Look): CopyTask {
  const { existing: _, ...rest } = task;
  return facts === undefined ? rest : { ...rest, existing: facts };
}

/**
 * The finished copy, when what is at the destination of the task is provably it, and well enough for the job.
 * @param refusal  the error that made it necessary to look: a request that was sent twice may have been refused for its own first effect
 * @param firstSentMs  when that request was sent first, where nobody had looked before: what is older is somebody else's
 */
export function provedCopy(
  task: CopyTask,
  { job }: JobContext,
  refusal: unknown,
  firstSentMs = 0,
): FinishedCopyResult | undefined {
  const proof = proofOfExisting(task);
  const isOlder = (task.existing?.lastModified?.getTime() ?? firstSentMs) < firstSentMs - CLOCK_SKEW_MS;
  const found = foundCopy(task, isOlder || attemptCount(refusal) === 1);
  if (proof === undefined || found === undefined || !isEnough(proof.kind, job.minimumProof)) return undefined;
  const { etag = '', versionId, checksum } = found.written;
  return { ...found, task, proved: { proof, etag, ...omitUndefined({ versionId, checksum }) } };
}

/** What is at the destination of the task as a finished copy, made by somebody else or by a request whose answer was lost. */
export function foundCopy({ existing }: CopyTask, bySomebodyElse: boolean): FinishedCopyResult | undefined {
  if (existing === undefined) return undefined;
  const { etag, versionId, checksum, encryption, kmsKeyArn } = existing;
  return {
    finished: true,
    written: {
      ...{ etag, versionId, checksum, encryption, kmsKeyArn },
      ...{ sameLayout: false, hashedInTransit: false, resumed: true },
    },
    ...(bySomebodyElse ? { strategy: 'skip' } : {}),
  };
}
