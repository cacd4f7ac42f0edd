// Proof that a destination is what its source is.
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { isAccessDenied, isNotFound, type RequestTarget } from '../aws/errors.ts';
import { request } from '../aws/s3-request.ts';
import type { JobContext } from '../context.ts';
import { SyncError } from '../errors.ts';
import { headObject } from '../facts/head-object.ts';
import { isAlias, isSameKey } from '../facts/kms-key.ts';
import type { FinishedCopy } from '../result/checkpoint.ts';
import { CLEAN_UP_MS, CLOCK_SKEW_MS } from '../speeds.ts';
import {
  type ContentHeaders,
  type CopyTask,
  type MinimumProof,
  type ObjectChecksum,
  type ObjectFacts,
  PROOF_STRENGTH,
  type Proof,
  type SourceFacts,
} from '../types.ts';
import { omitUndefined } from '../util.ts';

/** What S3 said of an object when it was written. */
export interface WrittenObject {
  readonly etag?: string | undefined;
  readonly versionId?: string | undefined;
  readonly checksum?: ObjectChecksum | undefined;
  readonly encryption?: string | undefined;
  readonly kmsKeyArn?: string | undefined;
  /** The parts were cut as the source's are, so that COMPOSITE checksums can be compared. */
  readonly sameLayout: boolean;
  /** Every byte went through the function, and its checksum is the one that S3 stored. */
  readonly hashedInTransit: boolean;
  /** The upload was begun by an earlier attempt, so its headers and encryption are to be looked at. */
  readonly resumed: boolean;
}

/** A copy that is proved, with what the manifest tells of it. */
export interface ProvedObject {
  readonly proof: Proof;
  readonly versionId?: string;
  readonly checksum?: ObjectChecksum;
}

type Bytes = Pick<Proof, 'kind' | 'algorithm'>;

/** The proof that what is at the destination already is the copy; `undefined` when it must be made (DESIGN section 3.4). */
export function proofOfExisting({ source, destination, existing }: CopyTask): Proof | undefined {
  if (existing === undefined || !hasSizeAndKey({ source, destination, existing })) return undefined;
  const bytes = compareBytes(source, existing, false);
  if (bytes === 'different' || bytes.kind === 'size-only') return undefined;
  if (differingDescription(source, existing).length > 0) return undefined;
  return {
    ...bytes,
    kmsKeyArn: existing.kmsKeyArn ?? '',
    kmsKeyResolved: !isAlias(destination.encryption.kmsKeyId),
  };
}

/** Can what is at the destination be the copy, as far as S3 shows it? Where checksums do not tell, one of the right size, key and description. */
export function couldBeCopy(task: CopyTask): boolean {
  const { source, existing } = task;
  if (existing === undefined || !hasSizeAndKey(task)) return false;
  return (
    compareBytes(source, existing, false) !== 'different' &&
    contradictingDescription(source, existing).length === 0
  );
}

/**
 * Is what is at the destination the copy that an earlier invocation of the job says it finished? It must have come since the job began
 * and be proved well enough by what S3 shows now.
 */
export function isStillFinished(
  task: CopyTask,
  earlier: FinishedCopy,
  jobStartedAtMs: number,
  minimumProof: MinimumProof,
): boolean {
  const proof = couldBeCopy(task) ? proofOfFinished(task, earlier) : undefined;
  return (
    proof !== undefined &&
    PROOF_STRENGTH[proof.kind] >= PROOF_STRENGTH[minimumProof] &&
    (task.existing?.lastModified?.getTime() ?? 0) >= jobStartedAtMs - CLOCK_SKEW_MS
  );
}

/** The proof of a copy that an earlier invocation finished; its word counts only for what S3 cannot show again. */
export function proofOfFinished(
  { source, destination, existing }: CopyTask,
  earlier: FinishedCopy,
): Proof | undefined {
  const bytes = existing === undefined ? 'different' : compareBytes(source, existing, false);
  if (bytes === 'different') return undefined;
  return {
    ...(bytes.kind === 'size-only' && earlier.proof === 'relayed' ? { kind: 'relayed' } : bytes),
    kmsKeyArn: existing?.kmsKeyArn ?? '',
    kmsKeyResolved: !isAlias(destination.encryption.kmsKeyId),
  };
}

function hasSizeAndKey({
  source,
  destination,
  existing,
}: Pick<CopyTask, 'source' | 'destination' | 'existing'>): boolean {
  const { kmsKeyId, algorithm } = destination.encryption;
  return (
    existing?.sizeBytes === source.sizeBytes &&
    existing.encryption === algorithm &&
    isSameKey(kmsKeyId, existing.kmsKeyArn)
  );
}

/**
 * Proves a copy that was just made, from S3's answer where that says enough, else from a HEAD. What turns out wrong is removed again.
 * @throws SyncError when the copy is not what the source is, has another key, or has a weaker proof than asked for
 */
export async function verifyCopy(
  task: CopyTask,
  written: WrittenObject,
  minimumProof: MinimumProof,
  context: JobContext,
): Promise<ProvedObject> {
  const { source, destination } = task;
  const answered = answeredFacts(task, written);
  const enough = !written.resumed && written.kmsKeyArn !== undefined && written.encryption !== undefined;
  const first = compareBytes(source, answered, written.sameLayout);
  const stored =
    enough && first !== 'different' && isStrong(first)
      ? answered
      : await headWritten(task, answered, context);

  const reject = async (message: string): Promise<never> => {
    context.telemetry.count('VerificationFailures');
    throw new SyncError('JobFailed', `${message} ${await removeWritten(task, written, context)}`);
  };
  const where = `s3://${destination.bucket}/${task.key} in ${destination.region}`;
  const { kmsKeyId, algorithm } = destination.encryption;
  if (stored.encryption !== algorithm || !isSameKey(kmsKeyId, stored.kmsKeyArn)) {
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
      `The copy at ${where} was begun with other ${differing.join(', ')} than its source has now. Retry the stage.`,
    );
  }
  const bytes: Bytes =
    compared.kind === 'size-only' && written.hashedInTransit ? { kind: 'relayed' } : compared;
  if (PROOF_STRENGTH[bytes.kind] < PROOF_STRENGTH[minimumProof]) {
    return await reject(
      `The copy at ${where} has only the proof "${bytes.kind}", but MinimumProof is "${minimumProof}": upload the source with a checksum, or accept the weaker proof.`,
    );
  }
  return {
    proof: { ...bytes, kmsKeyArn: stored.kmsKeyArn ?? '', kmsKeyResolved: !isAlias(kmsKeyId) },
    ...omitUndefined({ versionId: answered.versionId ?? stored.versionId, checksum: stored.checksum }),
  };
}

/** How far two objects can be told to have the same bytes (AWS-FACTS "Checksums"). */
function compareBytes(source: ObjectFacts, stored: ObjectFacts, sameLayout: boolean): Bytes | 'different' {
  if (source.sizeBytes !== stored.sizeBytes) return 'different';
  const [a, b] = [source.checksum, stored.checksum];
  if (a !== undefined && b !== undefined && a.algorithm === b.algorithm && a.type === b.type) {
    const equal = a.value === b.value;
    if (a.type === 'FULL_OBJECT') return equal ? { kind: 'checksum', algorithm: a.algorithm } : 'different';
    if (equal) return { kind: 'composite', algorithm: a.algorithm };
    if (sameLayout) return 'different';
  }
  // Never the same by chance: an ETag is either a digest of the bytes or, under SSE-KMS, unique.
  if (source.etag !== '' && source.etag === stored.etag) return { kind: 'etag' };
  return { kind: 'size-only' };
}

/** Which of headers, metadata and the number of tags are not the same. */
function differingDescription(source: SourceFacts, stored: ObjectFacts): string[] {
  const differing: string[] = [];
  if (canonical(source.headers) !== canonical(stored.headers)) differing.push('headers');
  if (canonical(source.metadata) !== canonical(stored.metadata)) differing.push('metadata');
  const tagCount = stored.tagCount ?? 0;
  if (source.tags !== undefined && tagCount !== source.tags.length)
    differing.push(`tags (${tagCount} instead of ${source.tags.length})`);
  return differing;
}

/** As far as S3 shows it: it does not say how many tags there are when there are none, nor without permission to read them. */
function contradictingDescription(source: SourceFacts, stored: ObjectFacts): string[] {
  return differingDescription(
    stored.tagCount === undefined ? { ...source, tags: undefined } : source,
    stored,
  );
}

function canonical(fields: ContentHeaders | Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isStrong({ kind }: Bytes): boolean {
  return PROOF_STRENGTH[kind] === PROOF_STRENGTH.checksum;
}

function describeDifference(source: ObjectFacts, stored: ObjectFacts): string {
  if (source.sizeBytes !== stored.sizeBytes)
    return `${stored.sizeBytes} bytes instead of ${source.sizeBytes}`;
  const name = source.checksum?.algorithm ?? 'checksum';
  return `${name} ${stored.checksum?.value ?? 'unknown'} instead of ${source.checksum?.value ?? 'unknown'}`;
}

function targetOf({ destination, key }: CopyTask, operation: string): RequestTarget {
  const { bucket, region, encryption } = destination;
  return { operation, side: 'destination', bucket, key, region, kmsKeyId: encryption.kmsKeyId };
}

function locationOf({ destination, key }: CopyTask, versionId: string | undefined) {
  const { bucket, bucketOwner } = destination;
  return { bucket, key, bucketOwner, ...omitUndefined({ versionId }) };
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
  const client = context.s3.role(task.destination.region);
  try {
    return await headObject(
      context,
      client,
      locationOf(task, answered.versionId),
      targetOf(task, 'HeadObject'),
    );
  } catch (error) {
    if (isAccessDenied(error)) return answered;
    throw error;
  }
}

/** Removes exactly what this job wrote, and says what came of it. */
async function removeWritten(task: CopyTask, written: WrittenObject, context: JobContext): Promise<string> {
  const { versionId, etag } = written;
  // "null" is whatever was written last without a version id; by that name it goes without a marker that hides what was there before.
  const isNamed = versionId !== undefined && versionId !== 'null';
  const client = context.s3.role(task.destination.region);
  const cleanUp = { ...context, signal: context.deadline.cleanUp(CLEAN_UP_MS) };
  try {
    if (!isNamed) {
      const now = await headObject(
        cleanUp,
        client,
        locationOf(task, undefined),
        targetOf(task, 'HeadObject'),
      );
      if (now.etag !== etag)
        return 'The object there is no longer the one that this job wrote, so it was left alone.';
    }
    await request(cleanUp, targetOf(task, 'DeleteObject'), (options) =>
      client.send(
        new DeleteObjectCommand({
          Bucket: task.destination.bucket,
          Key: task.key,
          VersionId: versionId,
          ExpectedBucketOwner: task.destination.bucketOwner,
        }),
        options,
      ),
    );
    return isNamed ? `Its version ${versionId} was removed.` : 'It was removed.';
  } catch (error) {
    if (isNotFound(error)) return 'It is gone already.';
    const which = isNamed ? ` (version ${versionId})` : '';
    return `It could not be removed${which} and is still there: remove it by hand, and allow s3:DeleteObject and s3:DeleteObjectVersion for the function's role.`;
  }
}
