// Continuation token <-> state of an unfinished job. The token is a hint: what it says is checked against the job and S3 before use.
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { CLOCK_SKEW_MS } from '../speeds.ts';
import type { Checkpoint, FinishedCopy, ProofKind, StrategyName } from '../types.ts';
import { omitUndefined } from '../util.ts';

/** CodePipeline API, limit of PutJobSuccessResult's continuationToken. */
const MAX_TOKEN_CHARACTERS = 2048;

/** Changes whenever the meaning of a token does: an older token then is a clean start. */
const FORMAT = 'v3';
/** CodePipeline quotas: an action with continuation tokens ends after 24 hours. */
const MAX_AGE_MS = 24 * 3_600_000;
/** S3's version ids have 32 characters; one that is much longer stays out, and the ETag alone pins the source. */
const MAX_VERSION_ID_CHARACTERS = 100;

/** One character each, no two the same; a strategy or proof that has none does not compile. */
const STRATEGY_CODES = {
  'same-object': 's',
  skip: 'k',
  object: 'o',
  multipart: 'm',
  relay: 'r',
} as const satisfies Record<StrategyName, string>;
const PROOF_CODES = {
  'size-only': 's',
  etag: 'e',
  relayed: 'r',
  composite: 'c',
  checksum: 'k',
} as const satisfies Record<ProofKind, string>;

/** A copy that is not finished, or whose finish has no room. */
const UNFINISHED = '.';
/** A finished copy: strategy, proof, and the identity of the object. */
const FINISHED = /\.|([a-z])([a-z])([\w-]{6})/gy;

/** What S3 shows again needs no word of an earlier invocation; what it cannot show again is copied again without it. */
const SHOWN_BY_S3: readonly ProofKind[] = ['checksum', 'composite', 'etag'];

/**
 * Writes a token, bound to the action's configuration and inputs. Where there is no room for all copies that are finished (about two
 * hundred), the next invocation looks at the others as if they had been there before; uploads take what room is left.
 * @throws Error when it does not fit, which no valid job brings about
 */
export function encodeCheckpoint(checkpoint: Checkpoint, binding: string): string {
  const withoutUploads = { ...checkpoint, uploads: [] };
  const excess = write(withoutUploads, binding).length - MAX_TOKEN_CHARACTERS;
  const finished = excess > 0 ? leaveOut(checkpoint.finished, excess) : checkpoint.finished;
  const uploads = checkpoint.uploads ?? [];
  for (let count = uploads.length; count >= 0; count--) {
    const token = write({ ...checkpoint, finished, uploads: uploads.slice(0, count) }, binding);
    if (token.length <= MAX_TOKEN_CHARACTERS) return token;
  }
  const { length } = write({ ...withoutUploads, finished }, binding);
  throw new Error(
    `the continuation token has ${length} characters; at most ${MAX_TOKEN_CHARACTERS} are taken`,
  );
}

/** Makes room: first of copies that S3 shows to be right without a word of ours. */
function leaveOut(finished: Checkpoint['finished'], characters: number): Checkpoint['finished'] {
  let left = characters;
  const kept = [...finished];
  for (const shownByS3 of [true, false]) {
    for (const [index, copy] of kept.entries()) {
      if (left <= 0 || copy === undefined || SHOWN_BY_S3.includes(copy.proof) !== shownByS3) continue;
      left -= encodeFinished(copy).length - UNFINISHED.length;
      kept[index] = undefined;
    }
  }
  return kept;
}

function write(checkpoint: Checkpoint, binding: string): string {
  const body = JSON.stringify([
    checkpoint.firstJobId,
    checkpoint.startedAtMs,
    checkpoint.progress,
    checkpoint.idleInvocations,
    checkpoint.openConnections,
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

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** The fields of a token, in the order in which `write` has them. */
const bodySchema = v.pipe(
  v.string(),
  v.parseJson(),
  v.tuple([
    v.pipe(v.string(), v.regex(/^[0-9A-Za-z-]{1,100}$/)),
    ...([count, count, count, count] as const),
    v.array(v.union([v.strictTuple([v.string()]), v.strictTuple([v.string(), v.string()])])),
    v.string(),
    v.optional(v.array(v.strictTuple([count, v.pipe(v.string(), v.nonEmpty())]))),
  ]),
);

function parseBody(body: string): Checkpoint | undefined {
  const parsed = v.safeParse(bodySchema, body);
  if (!parsed.success) return undefined;
  const [firstJobId, startedAtMs, progress, idleInvocations, openConnections, pins, codes, uploads] =
    parsed.output;
  const finished = decodeFinished(codes);
  if (finished === undefined) return undefined;
  return {
    firstJobId,
    startedAtMs,
    progress,
    idleInvocations,
    openConnections,
    pins: pins.map(([etagDigest, versionId]) => ({ etagDigest, ...omitUndefined({ versionId }) })),
    finished,
    ...omitUndefined({ uploads }),
  };
}

function encodeFinished(copy: FinishedCopy | undefined): string {
  return copy === undefined
    ? UNFINISHED
    : `${STRATEGY_CODES[copy.strategy]}${PROOF_CODES[copy.proof]}${copy.identity}`;
}

function decodeFinished(codes: string): Checkpoint['finished'] | undefined {
  const matches = [...codes.matchAll(FINISHED)];
  if (matches.map(([match]) => match).join('') !== codes) return undefined;
  return matches.map(([, strategyCode, proofCode, identity = '']) => {
    const strategy = nameOf(STRATEGY_CODES, strategyCode);
    const proof = nameOf(PROOF_CODES, proofCode);
    return strategy && proof && { strategy, proof, identity };
  });
}

function nameOf<Name extends string>(codes: Readonly<Record<Name, string>>, code: string | undefined) {
  return (Object.keys(codes) as Name[]).find((name) => codes[name] === code);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}
