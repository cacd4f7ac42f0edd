// The time that no client can beat: the longest chain of unavoidable round trips, and the bytes at full speed.
import { roundTripMs, type WanModel } from './model.ts';

/** One copy of a job: so many bytes from the home region to a region. */
export interface LimitedCopy {
  readonly sizeBytes: number;
  readonly region: string;
}

/** Copy requests that run at the same time in the limit's share of the bytes. */
export const LIMIT_CONCURRENCY = 256;

/** The largest object that one CopyObject copies (S3 API, CopyObject). */
const MAX_COPY_OBJECT_BYTES = 5 * 1024 ** 3;

/** The smallest part that is not the last (S3 API, UploadPartCopy). */
const MIN_PART_BYTES = 5 * 1024 ** 2;

/** The limit of a job with these copies in milliseconds, warm: connections are open, nothing is computed. */
export function limitMs(model: WanModel, copies: readonly LimitedCopy[]): number {
  let longestChainMs = 0;
  let bytesInParts = 0;
  for (const { sizeBytes, region } of copies) {
    const copy = fastestCopy(model, sizeBytes, region);
    longestChainMs = Math.max(longestChainMs, headsMs(model, region) + copy.chainMs);
    bytesInParts += copy.usesParts ? sizeBytes : 0;
  }
  return longestChainMs + model.codePipelineMs + fullSpeedMs(model, bytesInParts);
}

/** The HEADs of source and destination run side by side. */
function headsMs(model: WanModel, region: string): number {
  return Math.max(roundTripMs(model, model.homeRegion), roundTripMs(model, region));
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
  const partsMs = tripMs + copyMs(Math.min(sizeBytes, MIN_PART_BYTES)) + tripMs;
  return partsMs + fullSpeedMs(model, sizeBytes) < objectMs
    ? { chainMs: partsMs, usesParts: true }
    : { chainMs: objectMs, usesParts: false };
}

function fullSpeedMs(model: WanModel, bytes: number): number {
  return (bytes / (LIMIT_CONCURRENCY * model.copyBytesPerSecond)) * 1000;
}
