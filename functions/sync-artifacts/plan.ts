// Decides how each copy is made: facts and limits in, plans out; no I/O.
import { createHash } from 'node:crypto';
import { ConfigurationError } from './failure.ts';
import {
  MAX_COPY_OBJECT_BYTES,
  MAX_OBJECT_BYTES,
  MAX_PART_BYTES,
  MAX_PARTS,
  MIN_PART_BYTES,
  type PartLayout,
  partCount,
  partSize,
} from './part-layout.ts';
import type { CopyTask, Mode, Proof, SourceFacts } from './types.ts';
import { proveExisting } from './verify.ts';

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
export interface PlanLimits {
  /** Copy requests in flight at once. */
  readonly maxConcurrency: number;
  /** Bytes that a relay may hold in memory. */
  readonly relayMemoryBytes: number;
  /** Region of the function. */
  readonly region: string;
  /** The Lambda limit: no request may be so large that an invocation does little else. */
  readonly timeLimitMs: number;
}

/** Bytes per millisecond of one copy request (AWS-FACTS "Speed": 60 to 85 MB/s). */
const COPY_BYTES_PER_MS = 80_000;
/** What a slow copy request still moves per millisecond. */
const SLOW_BYTES_PER_MS = 60_000;
/** CPU time that one more part request costs the function, in milliseconds (`npm run bench`, CPU per copy request). */
const REQUEST_CPU_MS = 0.6;
/** One part takes a few seconds at most, so that little is lost when an invocation ends; raised for objects with over 10 000 such parts. */
const COMFORTABLE_PART_BYTES = 512 * 1024 ** 2;
/** Part size of a relay: large enough that latency is small beside transfer, small enough that several fit into memory. */
const RELAY_PART_BYTES = 8 * 1024 ** 2;
/** Uploads of differently pinned or encrypted objects differ in part size by up to this many bytes. */
const FINGERPRINT_RANGE_BYTES = 65_536;
/** Round trip between continents in milliseconds: from when on parallel parts beat one request. */
const FAR_ROUND_TRIP_MS = 75;
const NEAR_ROUND_TRIP_MS = 2;

/**
 * Plans all copies of a job. The same facts give the same layouts in every invocation, whatever is finished by then, so that
 * an unfinished upload can be gone on with.
 * @throws ConfigurationError for an object that S3 or the relay's memory cannot hold.
 */
export function planCopies(
  tasks: readonly CopyTask[],
  mode: Mode,
  limits: PlanLimits,
): readonly PlannedCopy[] {
  const demandBytes = tasks.reduce((sum, { source }) => sum + source.sizeBytes, 0);
  return tasks.map((task) => ({ task, plan: planCopy(task, mode, demandBytes, limits) }));
}

/** About how many requests will be in flight to each destination at once, known before anything is known of the destinations. */
export function expectedRequests(
  sizesBytes: readonly number[],
  destinationCount: number,
  limits: PlanLimits,
): number {
  const demandBytes = destinationCount * sizesBytes.reduce((sum, size) => sum + size, 0);
  const requests = sizesBytes.map((size) =>
    (size - MIN_PART_BYTES) / COPY_BYTES_PER_MS <= 2 * FAR_ROUND_TRIP_MS
      ? 1
      : Math.ceil(size / partSizeFor(size, demandBytes, limits)),
  );
  const share = Math.ceil(limits.maxConcurrency / destinationCount);
  return Math.min(
    share,
    requests.reduce((sum, count) => sum + count, 0),
  );
}

function planCopy(task: CopyTask, mode: Mode, demandBytes: number, limits: PlanLimits): CopyPlan {
  const { source, destination } = task;
  if (source.artifact.bucket === destination.bucket && source.artifact.key === task.key)
    return { strategy: 'same-object' };
  const proof = proveExisting(task);
  if (proof !== undefined) return { strategy: 'skip', proof };
  if (source.sizeBytes > MAX_OBJECT_BYTES) {
    throw new ConfigurationError(
      `Artifact ${source.artifact.name} has ${source.sizeBytes} bytes; allowed are at most ${MAX_OBJECT_BYTES}.`,
    );
  }
  if (mode === 'relay' || source.readableBy === 'artifactCredentials') {
    return { strategy: 'relay', layout: relayLayout(source, limits) };
  }
  if (copiesInOneRequest(source, destination.region, limits)) return { strategy: 'object' };
  const layout = reproducedLayout(source) ?? {
    kind: 'uniform',
    sizeBytes: source.sizeBytes,
    partSizeBytes: fingerprinted(partSizeFor(source.sizeBytes, demandBytes, limits), source, [
      destination,
      task.key,
    ]),
  };
  return { strategy: 'multipart', layout };
}

/**
 * One request, when it is not slower than create + parts + complete, or when only it keeps a checksum that can be compared: SHA-1 and
 * SHA-256 of a whole object cannot be had from parts (S3 user guide, checking object integrity).
 */
function copiesInOneRequest(source: SourceFacts, region: string, limits: PlanLimits): boolean {
  const { sizeBytes, checksum } = source;
  if (sizeBytes > MAX_COPY_OBJECT_BYTES) return false;
  if (sizeBytes === 0) return true;
  if (source.partSizesBytes !== undefined) return false;
  // An invocation must get it done; parts can be gone on with in the next one.
  if (sizeBytes / SLOW_BYTES_PER_MS > limits.timeLimitMs / 4) return false;
  if (checksum?.type === 'FULL_OBJECT' && (checksum.algorithm === 'SHA1' || checksum.algorithm === 'SHA256'))
    return true;
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
 * Part size in bytes. With n parts over the whole job, sending costs n x CPU and moving costs bytes / (n x throughput): the sum is
 * least at the square root of their ratio. More parts than requests in flight go in waves, and only whole waves waste no request.
 */
function partSizeFor(
  sizeBytes: number,
  demandBytes: number,
  { maxConcurrency, timeLimitMs }: PlanLimits,
): number {
  // A whole second, since the first invocation and its continuations begin with slightly different times left.
  const limitMs = Math.ceil(timeLimitMs / 1000) * 1000;
  const comfortable = Math.min(COMFORTABLE_PART_BYTES, (limitMs / 8) * COPY_BYTES_PER_MS);
  const ideal = Math.sqrt(demandBytes / (COPY_BYTES_PER_MS * REQUEST_CPU_MS));
  const least = demandBytes / comfortable;
  const waves = Math.ceil(least / maxConcurrency);
  const parts = Math.max(ideal, least) < maxConcurrency ? Math.max(ideal, least) : waves * maxConcurrency;
  // Rounded down: one part too many would be a wave of its own.
  const share = Math.max(1, Math.floor((parts * sizeBytes) / demandBytes));
  return withinLimits(sizeBytes, Math.ceil(sizeBytes / share));
}

function withinLimits(sizeBytes: number, wantedBytes: number): number {
  // Room for the fingerprint, which only ever adds.
  const least = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  return Math.min(Math.max(least, wantedBytes), MAX_PART_BYTES - FINGERPRINT_RANGE_BYTES);
}

/**
 * Adds a few bytes that depend on the pinned source and on what CreateMultipartUpload sets. S3 lists neither for an unfinished
 * upload; so its part size tells whether it is of this very copy.
 */
function fingerprinted(partSizeBytes: number, source: SourceFacts, destination: readonly unknown[]): number {
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
  return partSizeBytes + createHash('sha256').update(identity).digest().readUInt16BE(0);
}

/** One layout for all destinations, so that one read can serve them. */
function relayLayout(source: SourceFacts, { relayMemoryBytes }: PlanLimits): PartLayout {
  const reproduced = reproducedLayout(source);
  const layout: PartLayout = reproduced ?? {
    kind: 'uniform',
    sizeBytes: source.sizeBytes,
    partSizeBytes: fingerprinted(withinLimits(source.sizeBytes, RELAY_PART_BYTES), source, []),
  };
  const largest = layout.kind === 'uniform' ? partSize(layout, 1) : Math.max(...layout.partSizesBytes);
  if (largest <= relayMemoryBytes) return layout;
  throw new ConfigurationError(
    `Artifact ${source.artifact.name} of ${source.sizeBytes} bytes is relayed in ${partCount(layout)} parts of up to ${largest} bytes, but SYNC_RELAY_MEMORY_MIB allows ${relayMemoryBytes}: allow the function's role to read the source, or raise SYNC_RELAY_MEMORY_MIB and the function's memory.`,
  );
}
