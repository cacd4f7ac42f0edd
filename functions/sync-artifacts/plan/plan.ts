// Decides how each copy is made: facts and limits in, plans out; no I/O.
import { createHash } from 'node:crypto';
import { MAX_COPY_OBJECT_BYTES, MAX_OBJECT_BYTES, MAX_PART_BYTES, MIN_PART_BYTES } from '../aws/limits.ts';
import { CHECKSUMS, isComputed } from '../checksums.ts';
import { ConfigurationError } from '../errors.ts';
import { isEnough, proofOfExisting } from '../proof/proof.ts';
import {
  COPY_BYTES_PER_MS,
  FAR_ROUND_TRIP_MS,
  NEAR_ROUND_TRIP_MS,
  SLOW_COPY_BYTES_PER_MS,
} from '../speeds.ts';
import type { CopyTask, Proof, SourceFacts, SyncJob } from '../types.ts';
import { groupBy } from '../util.ts';
import { type PartLayout, partCount, partSize } from './part-layout.ts';
import { commonPartBytes, evenPartBytes, type PartLimits } from './part-size.ts';
import { requireReachableProof } from './reachable-proof.ts';

/** How one copy is made. */
export type CopyPlan =
  | { readonly strategy: 'same-object' }
  | { readonly strategy: 'skip'; readonly proof: Proof }
  | { readonly strategy: 'object' }
  | { readonly strategy: 'multipart'; readonly layout: PartLayout }
  | { readonly strategy: 'relay'; readonly layout: PartLayout };

/** A copy with its plan. */
export interface PlannedCopy {
  readonly task: CopyTask;
  readonly plan: CopyPlan;
}

/** Limits that the plan keeps. */
export interface PlanLimits extends PartLimits {
  /** Bytes that a relay may hold in memory. */
  readonly relayMemoryBytes: number;
  /** Region of the function. */
  readonly region: string;
}

/** What a job asks of its copies. */
type PlannedJob = Pick<SyncJob, 'mode' | 'minimumProof'>;

/** Part size of a relay: the smaller, the shorter each part holds its share of the memory, and the more are on their way. */
const RELAY_PART_BYTES = MIN_PART_BYTES;

/**
 * Plans all copies of a job. The same facts give the same layouts in every invocation, whatever is finished by then, so that
 * an unfinished upload can be resumed.
 * @throws ConfigurationError for an object that S3 or the relay's memory cannot hold
 * @throws SyncError for a proof that no copy of the source can have
 */
export function planCopies(
  tasks: readonly CopyTask[],
  job: PlannedJob,
  limits: PlanLimits,
): readonly PlannedCopy[] {
  const partBytes = commonPartBytes(
    tasks.map(({ source }) => source.sizeBytes),
    limits,
  );
  const bySource = groupBy(tasks, ({ source }) => source);
  const planned = tasks.map((task) => {
    const siblings = bySource.get(task.source) ?? [task];
    return { task, plan: planCopy(task, siblings, job, partBytes, limits) };
  });
  if (job.mode === 'audit') return planned;
  for (const { task, plan } of planned) {
    if (plan.strategy !== 'same-object' && plan.strategy !== 'skip')
      requireReachableProof(task, plan, job.minimumProof);
  }
  return planned;
}

function planCopy(
  task: CopyTask,
  siblings: readonly CopyTask[],
  { mode, minimumProof }: PlannedJob,
  partBytes: number,
  limits: PlanLimits,
): CopyPlan {
  const { source, destination } = task;
  if (source.artifact.bucket === destination.bucket && source.artifact.key === task.key)
    return { strategy: 'same-object' };
  const proof = proofOfExisting(task);
  if (proof !== undefined && isEnough(proof.kind, minimumProof)) return { strategy: 'skip', proof };
  // Never made, so that nothing may be wrong with it.
  if (mode === 'audit') return { strategy: 'object' };
  if (source.sizeBytes > MAX_OBJECT_BYTES) {
    throw new ConfigurationError(
      `Artifact ${source.artifact.name} has ${source.sizeBytes} bytes; expected at most ${MAX_OBJECT_BYTES}.`,
    );
  }
  if (mode === 'relay' || source.readableBy === 'artifactCredentials') {
    return { strategy: 'relay', layout: relayLayout(source, siblings, limits) };
  }
  if (copiesInOneRequest(source, destination.region, limits)) return { strategy: 'object' };
  const layout = reproducedLayout(source) ?? uniformLayout(source, partBytes, [destination, task.key]);
  return { strategy: 'multipart', layout };
}

/**
 * One request, when it is not slower than create + parts + complete, or when only it keeps a checksum that can be compared: all but
 * CRCs of a whole object cannot be had from parts.
 */
function copiesInOneRequest(source: SourceFacts, region: string, limits: PlanLimits): boolean {
  const { sizeBytes, checksum } = source;
  if (sizeBytes > MAX_COPY_OBJECT_BYTES) return false;
  if (sizeBytes === 0) return true;
  if (source.partSizesBytes !== undefined) return false;
  // An invocation must get it done; parts can be resumed in the next one.
  if (sizeBytes / SLOW_COPY_BYTES_PER_MS > limits.timeLimitMs / 4) return false;
  if (checksum?.type === 'FULL_OBJECT' && !CHECKSUMS[checksum.algorithm].wholeFromParts) return true;
  const roundTripMs = region === limits.region ? NEAR_ROUND_TRIP_MS : FAR_ROUND_TRIP_MS;
  const savedMs = (sizeBytes - MIN_PART_BYTES) / COPY_BYTES_PER_MS;
  return savedMs <= 2 * roundTripMs;
}

/** The part boundaries of a source with a COMPOSITE checksum, so that the copy's checksum comes out the same. */
function reproducedLayout({ partSizesBytes, sizeBytes }: SourceFacts): PartLayout | undefined {
  if (partSizesBytes === undefined) return undefined;
  const copyable = partSizesBytes.every(
    (size, index) =>
      size <= MAX_PART_BYTES && (size >= MIN_PART_BYTES || (index === partSizesBytes.length - 1 && size > 0)),
  );
  return copyable ? { kind: 'reproduced', sizeBytes, partSizesBytes } : undefined;
}

/**
 * Equal parts, with a few bytes more that depend on the pinned source and on what CreateMultipartUpload sets. S3 lists neither for an
 * unfinished upload; so its part size tells whether it is of this very copy.
 */
function uniformLayout(
  source: SourceFacts,
  commonBytes: number,
  destination: readonly unknown[],
): PartLayout {
  const { sizeBytes } = source;
  const identity = JSON.stringify([
    source.etag,
    source.versionId,
    source.sizeBytes,
    source.headers,
    Object.entries(source.metadata).sort(),
    source.tags,
    source.checksum,
    destination,
  ]);
  const fingerprint = createHash('sha256').update(identity).digest().readUInt16BE(0);
  const partSizeBytes = Math.min(evenPartBytes(sizeBytes, commonBytes) + fingerprint, MAX_PART_BYTES);
  return { kind: 'uniform', sizeBytes, partSizeBytes };
}

/** One layout for all destinations, so that one read can serve them. */
function relayLayout(
  source: SourceFacts,
  siblings: readonly CopyTask[],
  { relayMemoryBytes }: PlanLimits,
): PartLayout {
  // Part by part, only what the function computes can be held against the source's checksums.
  const isComparable = source.checksum !== undefined && isComputed(source.checksum.algorithm);
  const reproduced = isComparable ? reproducedLayout(source) : undefined;
  const places = siblings.map(({ destination, key }) => [destination, key]);
  const layout = reproduced ?? uniformLayout(source, RELAY_PART_BYTES, places);
  const largest = layout.kind === 'uniform' ? partSize(layout, 1) : Math.max(...layout.partSizesBytes);
  if (largest <= relayMemoryBytes) return layout;
  throw new ConfigurationError(
    `Artifact ${source.artifact.name} of ${source.sizeBytes} bytes is relayed in ${partCount(layout)} parts of up to ${largest} bytes, but SYNC_RELAY_MEMORY_MIB allows ${relayMemoryBytes}: allow the function's role to read the source, or raise SYNC_RELAY_MEMORY_MIB and the function's memory.`,
  );
}
