// Estimates what a planned job costs: the requests that its copies need, and the transfer between regions.
import { type Cost, costOf } from '../../pipeline/cost.ts';
import type { PlanLine } from './plan-handler.ts';

/** Reads of a copy's facts: the destination object and its bucket, and the proof afterwards. */
const READS_PER_COPY = 3;
/** What a relay reads at once decides how many reads it takes; one for each part is an upper bound. */
const WRITES: Readonly<Record<string, (parts: number) => Record<string, number>>> = {
  object: () => ({ 's3 CopyObject': 1 }),
  multipart: (parts) => ({
    's3 CreateMultipartUpload': 1,
    's3 UploadPartCopy': parts,
    's3 CompleteMultipartUpload': 1,
  }),
  relay: (parts) => ({
    's3 GetObject': parts,
    's3 CreateMultipartUpload': 1,
    's3 UploadPart': parts,
    's3 CompleteMultipartUpload': 1,
  }),
};

/** The estimate; Lambda time is not in it, since a plan does not know how long it takes. */
export function planCost(plan: readonly PlanLine[], homeRegion: string): Cost {
  const requests: Record<string, number> = {};
  const bytesByRegion: Record<string, number> = {};
  for (const { strategy, parts, region, sizeBytes } of plan) {
    const used = { 's3 HeadObject': READS_PER_COPY, ...WRITES[strategy]?.(parts?.count ?? 1) };
    for (const [request, count] of Object.entries(used)) requests[request] = (requests[request] ?? 0) + count;
    if (WRITES[strategy]) bytesByRegion[region] = (bytesByRegion[region] ?? 0) + sizeBytes;
  }
  return costOf({ requests, bytesByRegion, homeRegion });
}
