// How many copy requests a job will have in flight, known before anything is known of the destinations.
import { MIN_PART_BYTES } from '../aws/limits.ts';
import { COPY_BYTES_PER_MS, FAR_ROUND_TRIP_MS } from '../speeds.ts';
import { commonPartBytes, evenPartBytes, type PartLimits } from './part-size.ts';

/** About how many requests will be in flight to each destination at once. */
export function expectedRequests(
  sizesBytes: readonly number[],
  destinationCount: number,
  limits: PartLimits,
): number {
  const all = Array.from({ length: destinationCount }, () => sizesBytes).flat();
  const partBytes = commonPartBytes(all, limits);
  const requests = sizesBytes.map((size) =>
    (size - MIN_PART_BYTES) / COPY_BYTES_PER_MS <= 2 * FAR_ROUND_TRIP_MS
      ? 1
      : Math.ceil(size / evenPartBytes(size, partBytes)),
  );
  const share = Math.ceil(limits.maxConcurrency / destinationCount);
  return Math.min(
    share,
    requests.reduce((sum, count) => sum + count, 0),
  );
}
