// Opens connections for the copies of a job while its destinations are still being read.
import type { JobContext } from '../context/context.ts';
import { likelyRegion } from '../facts/likely-region.ts';
import { expectedRequests } from '../plan/expected-requests.ts';
import type { PartLimits } from '../plan/part-size.ts';
import type { SourceFacts, SyncJob } from '../types.ts';

/** Has connections ready for the copies when the destinations have answered. */
export function preconnectCopies(
  { destinations }: Pick<SyncJob, 'destinations'>,
  sources: readonly SourceFacts[],
  limits: PartLimits,
  context: JobContext,
): void {
  const copied = sources.filter(({ readableBy }) => readableBy === 'role').map(({ sizeBytes }) => sizeBytes);
  const count = expectedRequests(copied, destinations.length, limits);
  void context.s3.preconnect(
    destinations.map((destination) => ({
      bucket: destination.bucket,
      region: likelyRegion(destination, context),
      count,
    })),
  );
}
