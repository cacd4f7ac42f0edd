// Continuation token <-> state of an unfinished job. The token is a hint: what it says is checked against the job and S3 before use.
import { createHash } from 'node:crypto';
import { CLOCK_SKEW_MS } from '../speeds.ts';
import type { ProofKind, StrategyName } from '../types.ts';
import { MAX_TOKEN_CHARACTERS } from './job-reporter.ts';

/** What an unfinished job hands to its next invocation. Holds no secret. */
export interface Checkpoint {
  /** The first job's id: the correlation id of all invocations. */
  readonly firstJobId: string;
  /** When the first invocation began, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Finished parts and copies so far; a job that stops growing is stuck. */
  readonly progress: number;
  /** Invocations in a row that finished nothing. */
  readonly idleInvocations: number;
  /** The pinned source of each artifact, in the job's order. */
  readonly pins: readonly SourcePin[];
  /** How each copy was finished, in the order of artifacts x destinations; `undefined` for one that is not. */
  readonly finished: readonly (FinishedCopy | undefined)[];
  /** Unfinished uploads by position of their copies, as many as fit: for servers that do not list them. */
  readonly uploads?: readonly UnfinishedUpload[];
}

/** Position of a copy, and the id of its upload. */
export type UnfinishedUpload = readonly [copy: number, uploadId: string];

/** The source that an earlier invocation of the job began to copy. */
export interface SourcePin {
  readonly etagDigest: string;
  readonly versionId?: string;
}

/** A copy that an earlier invocation finished. */
export interface FinishedCopy {
  readonly strategy: StrategyName;
  readonly proof: ProofKind;
}

/** Changes whenever the meaning of a token does: an older token then is a clean start. */
const FORMAT = 'v1';
/** CodePipeline quotas: an action with continuation tokens ends after 24 hours. */
const MAX_AGE_MS = 24 * 3_600_000;
/** S3's version ids have 32 characters; one that is much longer stays out, and the ETag alone pins the source. */
const MAX_VERSION_ID_CHARACTERS = 100;

const STRATEGIES: readonly StrategyName[] = ['same-object', 'skip', 'object', 'multipart', 'relay'];
const PROOFS: readonly ProofKind[] = ['size-only', 'etag', 'relayed', 'composite', 'checksum'];
/** One character a copy: 800 copies, the most that UserParameters can name, fit. */
const CODES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Writes a token, bound to the action's configuration and inputs.
 * @throws Error when it does not fit, which no valid job brings about
 */
export function encodeCheckpoint(checkpoint: Checkpoint, binding: string): string {
  const uploads = checkpoint.uploads ?? [];
  for (let count = uploads.length; count > 0; count--) {
    const token = write({ ...checkpoint, uploads: uploads.slice(0, count) }, binding);
    if (token.length <= MAX_TOKEN_CHARACTERS) return token;
  }
  const token = write({ ...checkpoint, uploads: [] }, binding);
  if (token.length > MAX_TOKEN_CHARACTERS) {
    throw new Error(
      `the continuation token has ${token.length} characters; allowed are ${MAX_TOKEN_CHARACTERS}`,
    );
  }
  return token;
}

function write(checkpoint: Checkpoint, binding: string): string {
  const body = JSON.stringify([
    checkpoint.firstJobId,
    checkpoint.startedAtMs,
    checkpoint.progress,
    checkpoint.idleInvocations,
    checkpoint.pins.map(({ etagDigest, versionId }) =>
      versionId === undefined || versionId.length > MAX_VERSION_ID_CHARACTERS
        ? [etagDigest]
        : [etagDigest, versionId],
    ),
    checkpoint.finished.map(encodeFinished).join(''),
    ...(checkpoint.uploads?.length ? [checkpoint.uploads] : []),
  ]);
  return `${FORMAT}.${digest(body + binding)}.${body}`;
}

/** Reads a token; `undefined` for one that is damaged, too old, of another format, or of another action, artifact or revision. */
export function decodeCheckpoint(
  token: string,
  job: { readonly binding: string; readonly artifactCount: number; readonly copyCount: number },
  nowMs: number,
): Checkpoint | undefined {
  const [, format, claimed, body] =
    /^(v\d+)\.([\w-]+)\.(\[.*\])$/s.exec(token.slice(0, MAX_TOKEN_CHARACTERS)) ?? [];
  if (format !== FORMAT || body === undefined || claimed !== digest(body + job.binding)) return undefined;
  const checkpoint = parseBody(body);
  if (checkpoint === undefined) return undefined;
  const ageMs = nowMs - checkpoint.startedAtMs;
  const fits = checkpoint.pins.length === job.artifactCount && checkpoint.finished.length === job.copyCount;
  return fits && ageMs >= -CLOCK_SKEW_MS && ageMs <= MAX_AGE_MS ? checkpoint : undefined;
}

/** A short digest of an ETag, which alone may be longer than its share of a token. */
export function etagDigest(etag: string): string {
  return digest(etag).slice(0, 12);
}

function parseBody(body: string): Checkpoint | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const [firstJobId, startedAtMs, progress, idleInvocations, pins, codes, uploads] = parsed as unknown[];
  if (typeof firstJobId !== 'string' || !/^[0-9A-Za-z-]{1,100}$/.test(firstJobId)) return undefined;
  if (!isCount(startedAtMs) || !isCount(progress) || !isCount(idleInvocations)) return undefined;
  if (!Array.isArray(pins) || !pins.every(isPin) || typeof codes !== 'string') return undefined;
  if (uploads !== undefined && !(Array.isArray(uploads) && uploads.every(isUpload))) return undefined;
  return {
    firstJobId,
    startedAtMs,
    progress,
    idleInvocations,
    pins: pins.map(([digestOfEtag, versionId]) => ({
      etagDigest: digestOfEtag,
      ...(versionId === undefined ? {} : { versionId }),
    })),
    finished: [...codes].map(decodeFinished),
    ...(uploads === undefined ? {} : { uploads }),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isPin(value: unknown): value is [string, string?] {
  return (
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= 2 &&
    value.every((item) => typeof item === 'string')
  );
}

function isUpload(value: unknown): value is UnfinishedUpload {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    isCount(value[0]) &&
    typeof value[1] === 'string' &&
    value[1] !== ''
  );
}

function encodeFinished(copy: FinishedCopy | undefined): string {
  if (copy === undefined) return CODES.charAt(0);
  return CODES.charAt(1 + STRATEGIES.indexOf(copy.strategy) * PROOFS.length + PROOFS.indexOf(copy.proof));
}

function decodeFinished(code: string): FinishedCopy | undefined {
  const index = CODES.indexOf(code) - 1;
  const strategy = STRATEGIES[Math.floor(index / PROOFS.length)];
  const proof = PROOFS[index % PROOFS.length];
  return index < 0 || strategy === undefined || proof === undefined ? undefined : { strategy, proof };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
