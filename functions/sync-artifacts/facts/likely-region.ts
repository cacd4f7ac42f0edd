// Where a bucket probably is, for connections that are opened before S3 has said so; nothing else depends on it.
import type { JobContext } from '../context/context.ts';
import type { Settings } from '../settings.ts';
import type { DestinationRequest } from '../types.ts';

/** Regions as the names of buckets hold them: CodePipeline's own do, and those that have to be told apart by region. */
const REGION =
  /(?:^|-)((?:[a-z]{2}|us-gov)-(?:north|south|east|west|central|(?:north|south)(?:east|west))-\d)(?=-|$)/;

/** The region that is given, that this container has seen, or that the bucket's name holds; else that of the function. */
export function likelyRegion(
  { bucket, region }: Pick<DestinationRequest, 'bucket' | 'region'>,
  { facts, settings }: Pick<JobContext, 'facts'> & { readonly settings: Pick<Settings, 'region'> },
): string {
  return region ?? facts.region(bucket) ?? REGION.exec(bucket)?.[1] ?? settings.region;
}
