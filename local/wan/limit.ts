// The time that no client can beat: the longest chain of unavoidable round trips, and the bytes at full speed.
import { roundTripMs, type WanModel } from './model.ts';

/** One copy of a job: bytes from the home region to a region. */
export interface LimitedCopy {
  readonly sizeBytes: number;
  readonly region: string;
}

/** Connections, each with one copy request: Lambda allows 1,024 open files (Lambda quotas), of which a process needs some itself. */
const LIMIT_CONNECTIONS = 1_000;

/** The largest object that one CopyObject copies (S3 API, CopyObject). */
const MAX_COPY_OBJECT_BYTES = 5 * 1024 ** 3;

/** The smallest part that is not the last (S3 API, UploadPartCopy). */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/**
 * The limit of a job with these copies in milliseconds, warm: connections are open, nothing is computed. Every source is looked at,
 * no destination is: a conditional CopyObject needs no look before it.
 */
export function limitMs(model: WanModel, copies: readonly LimitedCopy[]): number {
  let longestChainMs = 0;
  let bytesInParts = 0;
  for (const { sizeBytes, region } of copies) {
    const copy = fastestCopy(model, sizeBytes, region);
    longestChainMs = Math.max(longestChainMs, copy.chainMs);
    bytesInParts += copy.usesParts ? sizeBytes : 0;
  }
  const lookMs = roundTripMs(model, model.homeRegion);
  return lookMs + longestChainMs + fullSpeedMs(model, bytesInParts) + model.codePipelineMs;
}

/**
 * The limit of a job in a new process, in milliseconds: connections to the farthest region have to be opened as well.
 *
 * @param startMs - start of the process and import of an empty bundle, as measured beside it.
 */
export function coldLimitMs(model: WanModel, copies: readonly LimitedCopy[], startMs: number): number {
  const farthestMs = Math.max(0, ...copies.map(({ region }) => roundTripMs(model, region)));
  return startMs + model.handshakeRoundTrips * farthestMs + limitMs(model, copies);
}

/** One CopyObject, or create, one part, complete: whichever is shorter. */
function fastestCopy(
  model: WanModel,
  sizeBytes: number,
  region: string,
): { readonly chainMs: number; readonly usesParts: boolean } {
  const tripMs = roundTripMs(model, region);
  const copyMs = (bytes: number): number =>
    tripMs + model.copyServiceMs + (bytes / model.copyBytesPerSecond) * 1000;
  const objectMs = sizeBytes <= MAX_COPY_OBJECT_BYTES ? copyMs(sizeBytes) : Number.POSITIVE_INFINITY;
  const partsMs = tripMs + copyMs(Math.min(sizeBytes, MIN_PART_BYTES)) + tripMs + model.multipartServiceMs;
  return partsMs + fullSpeedMs(model, sizeBytes) < objectMs
    ? { chainMs: partsMs, usesParts: true }
    : { chainMs: objectMs, usesParts: false };
}

function fullSpeedMs(model: WanModel, bytes: number): number {
  return (bytes / (LIMIT_CONNECTIONS * model.copyBytesPerSecond)) * 1000;
}
