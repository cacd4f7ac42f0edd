// Reads the facts of all sources and destinations of a job at the same time; what answers late is asked first.
import { setImmediate } from 'node:timers/promises';
import type { JobContext } from '../context/context.ts';
import { destinationKeys } from '../job/destination-key.ts';
import type { Checkpoint, CopyTask, DestinationRequest, SourceFacts, SyncJob } from '../types.ts';
import { omitUndefined } from '../util.ts';
import { type DestinationReading, knownDestination, readDestination, readSameBucket } from './destination.ts';
import { likelyRegion } from './likely-region.ts';
import { readSource } from './source.ts';

/**
 * The copies of a job with all that is to be known before anything is written.
 * @param maySkipLook  a write on the condition that nothing is there needs no look before it: where nothing else is to be found out of any
 * destination either, the copies are `unseen`
 * @param onSources  called with the sources while the destinations are still to answer
 */
export async function resolve(
  job: SyncJob,
  context: JobContext,
  checkpoint: Checkpoint | undefined,
  maySkipLook: boolean,
  onSources: (sources: readonly SourceFacts[]) => Promise<void>,
): Promise<readonly CopyTask[]> {
  const unseen = maySkipLook ? unseenDestinations(job, context) : undefined;
  // Handshakes take two round trips: they begin before S3 has said where a bucket is, and before the first request is made ready.
  await (unseen === undefined ? connectToLikely(job, context) : connectToKnown(job, unseen, context));
  const read = async (): Promise<readonly SourceFacts[]> => {
    // The destinations are far: their requests leave before those to the sources are made ready.
    if (unseen === undefined) await setImmediate();
    const reading = readSources(job, context, checkpoint);
    if (unseen === undefined) void setImmediate().then(() => context.onWaiting());
    const sources = await reading;
    void onSources(sources);
    return sources;
  };
  const [destinations, sources] = await Promise.all([unseen ?? readDestinations(job, context), read()]);
  return sources.flatMap((source, artifactIndex) =>
    destinations.map(({ facts, keys, existing, request }, destinationIndex): CopyTask => {
      const index = artifactIndex * destinations.length + destinationIndex;
      const uploadId = checkpoint?.uploads?.find(([copy]) => copy === index)?.[1];
      return {
        index,
        source,
        destination: facts,
        key: keys[artifactIndex] ?? source.artifact.key,
        ...omitUndefined({ existing: existing[artifactIndex], uploadId }),
        ...(unseen === undefined ? {} : { unseen: request }),
      };
    }),
  );
}

/** Looks beside copies cost a connection each, 2 ms of CPU: a small job has that while it waits (copy/early-looks.ts). */
const MAX_LOOKS_BESIDE = 16;

/** To each destination two connections for each artifact: to copy, and to look beside that. */
async function connectToKnown(
  { artifacts }: SyncJob,
  destinations: readonly DestinationState[],
  { s3 }: JobContext,
): Promise<void> {
  const copies = artifacts.length * destinations.length;
  const count = artifacts.length * (copies <= MAX_LOOKS_BESIDE ? 2 : 1);
  await s3.preconnect(destinations.map(({ facts: { bucket, region } }) => ({ bucket, region, count })));
}

/** As many connections as there are first requests: to a source two, to a destination one for its key and one for each artifact. */
async function connectToLikely({ destinations, artifacts }: SyncJob, context: JobContext): Promise<void> {
  const { region: home } = context.settings;
  await context.s3.preconnect([
    ...artifacts.map(({ bucket }) => ({ bucket, region: context.facts.region(bucket) ?? home, count: 2 })),
    ...destinations.map((destination) => ({
      bucket: destination.bucket,
      region: likelyRegion(destination, context),
      count: artifacts.length + 1,
    })),
  ]);
}

/**
 * The task with what is at its destination, as if somebody had looked before it began. Where its bucket turns out to be elsewhere, that is
 * corrected, too.
 * @throws ConfigurationError, S3RequestError
 */
export async function lookAt(task: CopyTask, context: JobContext): Promise<CopyTask> {
  const { unseen, ...seen } = task;
  if (unseen === undefined) return task;
  const { facts, existing } = await timed(unseen, readDestination(unseen, [task.key], context), context);
  return { ...seen, destination: facts, ...omitUndefined({ existing: existing[0] }) };
}

/** Did a look correct the region of a copy's bucket? */
export function isElsewhere(seen: CopyTask | undefined, task: CopyTask): boolean {
  return seen?.destination.region !== task.destination.region;
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
  readonly request: DestinationRequest;
  /** The keys of the copies, in the order of the artifacts. */
  readonly keys: readonly string[];
}

/**
 * The destinations of a job that may write without a look, in its order; `undefined` when one of them leaves anything to be found out,
 * so that no copy begins while another may turn out to have no key. A job that must not overwrite looks first, to fail before it has
 * written anything; so does one that only looks, and one whose proof may be too weak where servers ignore conditions.
 */
function unseenDestinations(job: SyncJob, { facts }: JobContext): readonly DestinationState[] | undefined {
  const { destinations, mode, overwrite, minimumProof } = job;
  if ((mode !== 'auto' && mode !== 'copy') || overwrite === 'never' || minimumProof === 'etag')
    return undefined;
  const states: DestinationState[] = [];
  for (const request of destinations) {
    const known = facts.unconditionalBuckets.has(request.bucket)
      ? undefined
      : knownDestination(request, { facts });
    if (known === undefined) return undefined;
    states.push({ request, facts: known, keys: destinationKeys(request, job), existing: [] });
  }
  return states;
}

/** In the order of the job. */
async function readDestinations(job: SyncJob, context: JobContext): Promise<readonly DestinationState[]> {
  const { artifacts, destinations } = job;
  const look = async (request: DestinationRequest): Promise<DestinationState> => {
    const keys = destinationKeys(request, job);
    const isItself = artifacts.every(
      ({ bucket, key }, index) => bucket === request.bucket && key === keys[index],
    );
    const read = isItself ? readSameBucket(request, context) : readDestination(request, keys, context);
    return { request, keys, ...(await timed(request, read, context)) };
  };
  const inOrder = slowestFirst(destinations, ({ bucket }) => bucket, context);
  const looks = new Map(inOrder.map((request) => [request, look(request)]));
  return await Promise.all(destinations.flatMap((request) => looks.get(request) ?? []));
}

/** Notes how long a bucket took to answer a look at it. */
async function timed<T>({ bucket }: DestinationRequest, look: Promise<T>, { facts }: JobContext): Promise<T> {
  const startedMs = performance.now();
  const seen = await look;
  facts.setLatencyMs(bucket, performance.now() - startedMs);
  return seen;
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
