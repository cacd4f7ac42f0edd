// Holds what copies ought to be against what is in the buckets now.
import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import limitConcurrency from 'p-limit';
import { toFacts } from '../../functions/sync-artifacts/facts/head-object.ts';
import { compareBytes, describeDifference } from '../../functions/sync-artifacts/proof/proof.ts';
import type { ObjectFacts } from '../../functions/sync-artifacts/types.ts';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { type AwsClients, awsMessage, isDenied } from '../aws-clients.ts';
import { compareByReading, compareDescriptions, headOf, statusOf } from './compare.ts';
import type { ExpectedCopy, ExpectedObject } from './expected.ts';

/**
 * What became of a copy. `same`: it is what was copied; `rewritten`: it was written again with the same bytes; `replaced`: other
 * bytes are there; `vanished`: nothing is there; `re-encrypted`: it has another key; `changed`: headers, metadata or tags differ from
 * the source's; `unproved`: nothing shows that the bytes are the same or not; `unknown`: it may not be looked at.
 */
type CopyState =
  | 'same'
  | 'rewritten'
  | 'replaced'
  | 'vanished'
  | 're-encrypted'
  | 'changed'
  | 'unproved'
  | 'unknown';

/** One copy with what was found. */
export interface AuditedCopy extends ExpectedCopy {
  readonly state: CopyState;
  /** `same` or `rewritten`: what is there is what was built. */
  readonly ok: boolean;
  /** What shows it, or what is wrong, in sentences. */
  readonly details: readonly string[];
  /** The object that is there now. */
  readonly found?: {
    readonly bytes: number;
    readonly versionId?: string;
    readonly kmsKeyArn?: string;
    /** When it was written. */
    readonly since?: string;
  };
}

/** The whole audit; `--json` prints it. */
export interface Audit {
  /** Changes when a reader of version 1 could misread it. */
  readonly version: 1;
  readonly ok: boolean;
  readonly copies: readonly AuditedCopy[];
}

/** Copies looked at at once. */
const CONCURRENCY = 16;

/** Audits copies; `deep` reads and hashes every byte instead of believing checksums that S3 stored. */
export async function audit(
  expected: readonly ExpectedCopy[],
  aws: AwsClients,
  deep: boolean,
): Promise<Audit> {
  const region = await aws.region();
  const limit = limitConcurrency(CONCURRENCY);
  const copies = await Promise.all(
    expected.map((copy) => limit(async () => await auditCopy(copy, aws, region, deep))),
  );
  return { version: 1, ok: copies.every(({ ok }) => ok), copies };
}

async function auditCopy(
  expected: ExpectedCopy,
  aws: AwsClients,
  region: string,
  deep: boolean,
): Promise<AuditedCopy> {
  const { destination } = expected;
  const client = aws.s3(destination.region ?? region);
  const verdict = (state: CopyState, ...details: string[]): AuditedCopy => ({
    ...expected,
    state,
    ok: state === 'same' || state === 'rewritten',
    details,
  });
  let stored: ObjectFacts;
  let expiration: string | undefined;
  try {
    const { versionId: _, ...current } = destination;
    const output = await client.send(new HeadObjectCommand(headOf(current)));
    stored = toFacts(output);
    expiration = output.Expiration;
  } catch (error) {
    if (statusOf(error) === 404) return verdict('vanished', await whatIsLeft(client, destination));
    const need = isDenied(error)
      ? ' It takes s3:GetObject, s3:GetObjectVersion and s3:ListBucket on it, and kms:Decrypt on its key.'
      : '';
    return verdict('unknown', `HeadObject: ${awsMessage(error)}.${need}`);
  }
  const found = {
    bytes: stored.sizeBytes,
    ...omitUndefined({
      versionId: stored.versionId,
      kmsKeyArn: stored.kmsKeyArn,
      since: stored.lastModified?.toISOString(),
    }),
  };
  let judged: Judgement;
  try {
    judged = await judge(expected, stored, client, aws.s3(expected.source.region ?? region), deep);
  } catch (error) {
    judged = { state: 'unknown', details: [`Reading failed: ${awsMessage(error)}.`] };
  }
  const expires = /expiry-date="([^"]+)"/.exec(expiration ?? '')?.[1];
  const more = expires === undefined ? [] : [`It expires on ${expires}.`];
  return { ...verdict(judged.state, ...judged.details, ...more), found };
}

interface Judgement {
  readonly state: CopyState;
  readonly details: readonly string[];
}

async function judge(
  expected: ExpectedCopy,
  stored: ObjectFacts,
  client: S3Client,
  sourceClient: S3Client,
  deep: boolean,
): Promise<Judgement> {
  const { destination, kmsKeyArn } = expected;
  const original = factsOf(expected);
  const bytes = compareBytes(original, stored, false);
  if (bytes === 'different') {
    return { state: 'replaced', details: [`It has ${describeDifference(original, stored)}.`] };
  }
  const isKeyRight =
    expected.isSource === true ||
    (stored.kmsKeyArn !== undefined && (kmsKeyArn === undefined || kmsKeyArn === stored.kmsKeyArn));
  if (!isKeyRight) {
    const key = stored.kmsKeyArn ?? `no KMS key (${stored.encryption ?? 'not encrypted'})`;
    return { state: 're-encrypted', details: [`It has ${key} instead of ${kmsKeyArn ?? 'a KMS key'}.`] };
  }
  const { differing, notes } = await compareDescriptions(expected, stored, client, sourceClient);
  if (differing.length > 0) {
    return { state: 'changed', details: [`Its ${differing.join(', ')} differ from the source's.`] };
  }
  const isVersion = destination.versionId !== undefined && destination.versionId === stored.versionId;
  const state = destination.versionId === undefined || isVersion ? 'same' : 'rewritten';
  const other =
    state === 'rewritten'
      ? [`It is version ${stored.versionId ?? 'null'}, not ${destination.versionId}.`]
      : [];
  if (deep) {
    const read = await compareByReading(expected, stored, client, sourceClient);
    return { state: read.same ? state : 'replaced', details: [...other, read.detail, ...notes] };
  }
  // A version never changes.
  if (isVersion) {
    const proof = bytes.kind === 'checksum' ? ', with the same checksum' : '';
    return { state, details: [`It is the very version${proof}.`, ...notes] };
  }
  if (bytes.kind === 'size-only') {
    return {
      state: 'unproved',
      details: [...other, 'Only the size could be compared: --deep reads and hashes the bytes.', ...notes],
    };
  }
  return { state, details: [...other, `Same ${bytes.algorithm ?? 'ETag'}.`, ...notes] };
}

/** What the copy ought to be, in the terms of S3. */
function factsOf({ bytes, checksum, source }: ExpectedCopy): ObjectFacts {
  return {
    sizeBytes: bytes,
    etag: source.eTag ?? '',
    headers: {},
    metadata: {},
    ...omitUndefined({ checksum }),
  };
}

/** Where nothing is current, the version that was written may still be there. */
async function whatIsLeft(client: S3Client, destination: ExpectedObject): Promise<string> {
  const { bucket, key, versionId } = destination;
  if (versionId === undefined) return `There is no s3://${bucket}/${key}.`;
  try {
    await client.send(new HeadObjectCommand(headOf(destination)));
    return `It is hidden by a delete marker; version ${versionId} is still there: delete the marker to have it back.`;
  } catch {
    return `There is no s3://${bucket}/${key}, nor its version ${versionId}.`;
  }
}
