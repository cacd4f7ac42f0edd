// Compares a copy with its source as far as S3 shows both; no I/O.
import { isAlias, isKeyNow } from '../facts/kms-key.ts';
import { identityOf } from '../facts/object-identity.ts';
import {
  type ContentHeaders,
  type CopyTask,
  type FinishedCopy,
  type MinimumProof,
  type ObjectFacts,
  PROOF_STRENGTH,
  type Proof,
  type ProofKind,
  type SourceFacts,
} from '../types.ts';

/** What shows that two objects have the same bytes. */
export type BytesProof = Pick<Proof, 'kind' | 'algorithm'>;

/** Is a proof as strong as a user asks for? */
export function isEnough(kind: ProofKind, minimum: MinimumProof): boolean {
  return PROOF_STRENGTH[kind] >= PROOF_STRENGTH[minimum];
}

/** The proof that what is at the destination already is the copy; `undefined` when it must be made (DESIGN section 3.4). */
export function proofOfExisting({ source, destination, existing }: CopyTask): Proof | undefined {
  if (existing === undefined || !hasSizeAndKey({ source, destination, existing })) return undefined;
  const bytes = compareBytes(source, existing, false);
  if (bytes === 'different' || bytes.kind === 'size-only') return undefined;
  if (differingDescription(source, existing).length > 0) return undefined;
  return withKey(bytes, { destination }, existing);
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

/** Is what is at the destination the very version, or without versions the very ETag, that an earlier invocation of the job left there? */
export function isUnchanged({ existing }: CopyTask, earlier: FinishedCopy): boolean {
  return existing !== undefined && identityOf(existing) === earlier.identity;
}

/**
 * The proof of a copy that an earlier invocation of the job says it finished; `undefined` when something else is there, or what is
 * there is not the copy. Its word counts only for what S3 cannot show again.
 */
export function proofOfFinished(task: CopyTask, earlier: FinishedCopy): Proof | undefined {
  const { source, existing } = task;
  if (existing === undefined || !isUnchanged(task, earlier) || !couldBeCopy(task)) return undefined;
  const bytes = compareBytes(source, existing, false);
  if (bytes === 'different') return undefined;
  const relayed = bytes.kind === 'size-only' && earlier.proof === 'relayed';
  return withKey(relayed ? { kind: 'relayed' } : bytes, task, existing);
}

/** A proof of bytes with the key that the object has. */
export function withKey(
  bytes: BytesProof,
  { destination }: Pick<CopyTask, 'destination'>,
  { kmsKeyArn = '' }: ObjectFacts,
): Proof {
  const { kmsKeyId, keyArn } = destination.encryption;
  return { ...bytes, kmsKeyArn, kmsKeyResolved: !isAlias(kmsKeyId) || kmsKeyArn === keyArn };
}

/** How far two objects can be shown to have the same bytes (AWS-FACTS "Checksums"). */
export function compareBytes(
  source: ObjectFacts,
  stored: ObjectFacts,
  sameLayout: boolean,
): BytesProof | 'different' {
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

/** As far as S3 shows it: it does not say how many tags there are when there are none, nor without permission to read them. */
export function contradictingDescription(source: SourceFacts, stored: ObjectFacts): string[] {
  return differingDescription(
    stored.tagCount === undefined ? { ...source, tags: undefined } : source,
    stored,
  );
}

/** Does nothing prove more than this? */
export function isStrongest({ kind }: BytesProof): boolean {
  return PROOF_STRENGTH[kind] === PROOF_STRENGTH.checksum;
}

/** How two objects differ, for messages. */
export function describeDifference(source: ObjectFacts, stored: ObjectFacts): string {
  if (source.sizeBytes !== stored.sizeBytes)
    return `${stored.sizeBytes} bytes instead of ${source.sizeBytes}`;
  const name = source.checksum?.algorithm ?? 'checksum';
  return `${name} ${stored.checksum?.value ?? 'unknown'} instead of ${source.checksum?.value ?? 'unknown'}`;
}

function hasSizeAndKey({
  source,
  destination,
  existing,
}: Pick<CopyTask, 'source' | 'destination' | 'existing'>): boolean {
  const { encryption } = destination;
  return (
    existing?.sizeBytes === source.sizeBytes &&
    existing.encryption === encryption.algorithm &&
    isKeyNow(encryption, existing.kmsKeyArn)
  );
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

function canonical(fields: ContentHeaders | Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
}
