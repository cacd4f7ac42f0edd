// Reads the facts of all sources and destinations of a job at the same time; what answers late is asked first.
import { setImmediate } from 'node:timers/promises';
import type { JobContext } from '../context/context.ts';
import { destinationKey } from '../job/destination-key.ts';
import type { Checkpoint, CopyTask, DestinationRequest, SourceFacts, SyncJob } from '../types.ts';
import { type DestinationReading, readDestination, readSameBucket } from './destination.ts';
import { readSource } from './source.ts';

/**
 * The copies of a job with all that is to be known before anything is written.
 * @param onSources  called with the sources while the destinations are still to answer
 */
export async function resolve(
  job: SyncJob,
  context: JobContext,
  checkpoint: Checkpoint | undefined,
  onSources: (sources: readonly SourceFacts[]) => void,
): Promise<readonly CopyTask[]> {
  // The destinations are far: their requests leave before those to the sources are made ready.
  const [destinations, sources] = await Promise.all([
    readDestinations(job, context),
    setImmediate()
      .then(() => readSources(job, context, checkpoint))
      .then((sources) => {
        onSources(sources);
        return sources;
      }),
  ]);
  return sources.flatMap((source, artifactIndex) =>
    destinations.map(({ facts, keys, existing }, destinationIndex): CopyTask => {
      const there = existing[artifactIndex];
      const index = artifactIndex * destinations.length + destinationIndex;
      const uploadId = checkpoint?.uploads?.find(([copy]) => copy === index)?.[1];
      return {
        index,
        source,
        destination: facts,
        key: keys[artifactIndex] ?? source.artifact.key,
        ...(there === undefined ? {} : { existing: there }),
        ...(uploadId === undefined ? {} : { uploadId }),
      };
    }),
  );
}

/**
 * Those first whose bucket took longest to answer the last look at it: what goes there is on its way while the requests to the others
 * are made ready, a good quarter of a millisecond of CPU each.
 */
export function slowestFirst<T>(
  items: readonly T[],
  bucketOf: (item: T) => string,
  { facts }: JobContext,
): readonly T[] {
  return items.toSorted((a, b) => facts.latencyMs(bucketOf(b)) - facts.latencyMs(bucketOf(a)));
}

interface DestinationState extends DestinationReading {
  /** The keys of the copies, in the order of the artifacts. */
  readonly keys: readonly string[];
}

/** In the order of the job. */
async function readDestinations(
  { artifacts, destinations, executionId }: SyncJob,
  context: JobContext,
): Promise<readonly DestinationState[]> {
  const look = async (destination: DestinationRequest): Promise<DestinationState> => {
    const keys = artifacts.map((artifact) => destinationKey(destination.keyTemplate, artifact, executionId));
    const isItself = artifacts.every(
      ({ bucket, key }, index) => bucket === destination.bucket && key === keys[index],
    );
    const startedMs = performance.now();
    const reading = isItself
      ? await readSameBucket(destination, context)
      : await readDestination(destination, keys, context);
    context.facts.setLatencyMs(destination.bucket, performance.now() - startedMs);
    return { keys, ...reading };
  };
  const started = slowestFirst(destinations, ({ bucket }) => bucket, context).map(
    (destination) => [destination, look(destination)] as const,
  );
  const looks = new Map(started);
  return await Promise.all(destinations.flatMap((destination) => looks.get(destination) ?? []));
}

function readSources(
  { artifacts, mode, accountId }: SyncJob,
  context: JobContext,
  checkpoint: Checkpoint | undefined,
): Promise<SourceFacts[]> {
  return Promise.all(
    artifacts.map((artifact, index) => {
      const pin = checkpoint?.pins[index];
      const pinned = pin && { ...pin, jobStartedAtMs: checkpoint.startedAtMs };
      return readSource(artifact, { mode, accountId }, context, pinned);
    }),
  );
}
