// How large the parts of a job are: as few requests as keep every request slot busy until the end.
import { MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES } from '../aws/limits.ts';
import { COPY_BYTES_PER_MS, FAR_ROUND_TRIP_MS } from '../speeds.ts';

/** CPU time that it takes to send one more part request, in milliseconds: the larger part of what `npm run bench` shows for each. */
const REQUEST_CPU_MS = 0.35;
/** What one more connection costs besides, in milliseconds: a TLS handshake in a new process, where all code is still slow. */
const FIRST_CONNECTION_CPU_MS = 2;
/** The same in a process that had connections before: its code is compiled, and sessions are resumed. */
const CONNECTION_CPU_MS = 0.6;
/** Handshakes that begin before the answers that the first parts wait for cost nothing: this long, in milliseconds. */
const WAIT_MS = 2 * FAR_ROUND_TRIP_MS;
/** One part takes a few seconds at most, so that little is lost when an invocation ends; raised for objects with over 10 000 such parts. */
const COMFORTABLE_PART_BYTES = 512 * 1024 ** 2;
/** What bounds the parts of a job. */
export interface PartLimits {
  /** Copy requests in flight at once. */
  readonly maxConcurrency: number;
  /** Connections that earlier jobs had left open when this one began. */
  readonly openConnections: number;
  /** The Lambda limit: no request may be so large that an invocation does little else. */
  readonly timeLimitMs: number;
}

/**
 * Part size in bytes for all copies of a job, before each is cut evenly. With n parts, sending costs n x CPU and moving costs bytes /
 * (n x throughput): the sum is least at the square root of their ratio. A part beyond the connections that are open, or can be opened
 * while the job waits anyway, costs a handshake as well: then fewer parts are best. More parts than requests in flight go in waves, and only whole waves waste no request; so it is the smallest size
 * with which all copies together have no part more than that.
 */
export function commonPartBytes(
  sizesBytes: readonly number[],
  { maxConcurrency, openConnections, timeLimitMs }: PartLimits,
): number {
  const demandBytes = sizesBytes.reduce((sum, size) => sum + size, 0);
  // A whole second, since the first invocation and its continuations begin with slightly different times left.
  const limitMs = Math.ceil(timeLimitMs / 1000) * 1000;
  const comfortable = Math.min(COMFORTABLE_PART_BYTES, (limitMs / 8) * COPY_BYTES_PER_MS);
  const bestCount = (cpuMs: number): number => Math.sqrt(demandBytes / (COPY_BYTES_PER_MS * cpuMs));
  const connectionMs = openConnections === 0 ? FIRST_CONNECTION_CPU_MS : CONNECTION_CPU_MS;
  const ideal = Math.max(
    Math.min(bestCount(REQUEST_CPU_MS), openConnections + WAIT_MS / connectionMs),
    bestCount(REQUEST_CPU_MS + connectionMs),
  );
  const least = demandBytes / comfortable;
  const waves = Math.ceil(least / maxConcurrency);
  const parts = Math.max(ideal, least) < maxConcurrency ? Math.max(ideal, least) : waves * maxConcurrency;
  let [low, high] = [Math.max(1, Math.floor(demandBytes / parts)), Math.max(1, ...sizesBytes)];
  // With more copies than that, each may be one request and the slots are busy all the same.
  if (sizesBytes.length >= parts) return Math.min(low, comfortable);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const count = sizesBytes.reduce((sum, size) => sum + Math.ceil(size / middle), 0);
    if (count <= Math.max(parts, sizesBytes.length)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Size in bytes of the parts of one object: equal ones, not larger than the common size where S3's limits allow it. */
export function evenPartBytes(sizeBytes: number, commonBytes: number): number {
  const count = Math.max(1, Math.ceil(sizeBytes / commonBytes));
  const least = Math.max(MIN_PART_BYTES, Math.ceil(sizeBytes / MAX_PARTS));
  return Math.min(Math.max(least, Math.ceil(sizeBytes / count)), MAX_PART_BYTES);
}
