// Compares every destination object with its source: bytes over the wire, encryption key, headers, metadata and tags.

import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { firstDifference } from '../../aws/content/content.ts';
import type { EmbeddedAws } from '../../aws/embedded-aws.ts';
import { latest, type ObjectVersion } from '../../aws/state/buckets.ts';
import type { ExpectedCopy } from '../../pipeline/event/event.ts';
import { contentOf, type Stage } from '../../pipeline/set-up.ts';
import { siblingModule } from '../../sibling-module.ts';
import type { CompareMessage, CompareRequest, Verdict } from './compare-worker.ts';

/** What was found at one destination. */
export interface Comparison {
  readonly copy: ExpectedCopy;
  /** Everything that is not as it should be, in words; empty when the copy is right. */
  readonly problems: readonly string[];
  readonly bytesRead: number;
  readonly kmsKeyArn: string | undefined;
}

/** Above this size objects are compared as extents, and only samples of them go over the wire. */
const MAX_WIRE_BYTES = 8 * 2 ** 30;
const SAMPLES = 32;
const SAMPLE_BYTES = 16 * 2 ** 20;

/** Compares copies in a thread of its own, so that the embedded AWS can send on one core while another compares. */
export class Comparer implements AsyncDisposable {
  readonly #worker = new Worker(siblingModule(import.meta.url, 'compare-worker'));
  #last: Promise<unknown> = Promise.resolve();

  /** Compares all copies, one after the other; `onBytes` tells how many bytes more have been compared. */
  async compare(
    aws: EmbeddedAws,
    stage: Stage,
    copies: readonly ExpectedCopy[],
    onBytes: (bytes: number) => void = () => undefined,
  ): Promise<Comparison[]> {
    const results: Comparison[] = [];
    for (const copy of copies) {
      const compared = this.#last.then(() => compareCopy(aws, this.#worker, stage, copy, onBytes));
      this.#last = compared.catch(() => undefined);
      results.push(await compared);
    }
    return results;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}

/** How many bytes comparing will read. */
export function bytesToCompare(stage: Stage, copies: readonly ExpectedCopy[]): number {
  return copies.reduce((sum, { artifact }) => {
    const sizeBytes = stage.sizesBytes.get(artifact.name) ?? 0;
    return sum + (sizeBytes > MAX_WIRE_BYTES ? SAMPLES * SAMPLE_BYTES : sizeBytes);
  }, 0);
}

/** Names of the artifacts whose keys no longer hold the version that the job is about. */
export function changedSources(
  { world }: EmbeddedAws,
  stage: Stage,
  copies: readonly ExpectedCopy[],
): string[] {
  const changed = copies.filter(({ artifact }) => {
    const now = objectAt(world.buckets.get(artifact.bucket), artifact.key);
    const pinned = stage.sources.get(artifact.name);
    return pinned !== undefined && (now?.versionId !== pinned.versionId || now.etag !== pinned.etag);
  });
  return [...new Set(changed.map(({ artifact }) => artifact.name))];
}

async function compareCopy(
  { endpoint, world }: EmbeddedAws,
  worker: Worker,
  stage: Stage,
  copy: ExpectedCopy,
  onBytes: (bytes: number) => void,
): Promise<Comparison> {
  const { artifact, destination, key } = copy;
  const recipe = stage.recipes.get(artifact.name);
  const made = objectAt(world.buckets.get(destination.bucket), key);
  // The version that the job pinned, whatever the source's key holds by now.
  const source = stage.sources.get(artifact.name);
  if (!recipe || !source)
    return { copy, problems: ['there is no source'], bytesRead: 0, kmsKeyArn: undefined };
  if (!made) return { copy, problems: ['is not there'], bytesRead: 0, kmsKeyArn: undefined };
  const problems = propertyProblems(made, source);
  const request = {
    endpoint,
    credentials: stage.reader,
    region: destination.region,
    bucket: destination.bucket,
    key,
    recipe,
  };
  const ranges = source.sizeBytes > MAX_WIRE_BYTES ? sampleRanges(source.sizeBytes) : [undefined];
  if (source.sizeBytes > MAX_WIRE_BYTES) {
    const offset = firstDifference(made.content, contentOf(recipe));
    if (offset !== undefined) problems.push(`differs from its source from byte ${offset}`);
  }
  let bytesRead = 0;
  let found: Verdict | undefined;
  for (const range of ranges) {
    const count = (bytes: number): void => {
      bytesRead += bytes;
      onBytes(bytes);
    };
    found = await ask(worker, { ...request, ...(range && { range }) }, count);
    if (found.difference) problems.push(found.difference);
  }
  const wantedKey = stage.keyArns.get(destination.bucket);
  if (!found?.encryption?.startsWith('aws:kms') || found.kmsKeyArn !== wantedKey) {
    problems.push(
      `is encrypted with ${found?.kmsKeyArn ?? found?.encryption ?? 'nothing'}, not with ${wantedKey ?? 'a customer managed key'}`,
    );
  }
  return { copy, problems, bytesRead, kmsKeyArn: found?.kmsKeyArn };
}

function objectAt(bucket: Parameters<typeof latest>[0] | undefined, key: string): ObjectVersion | undefined {
  const version = bucket && latest(bucket, key);
  return version?.deleteMarker ? undefined : version;
}

function propertyProblems(made: ObjectVersion, source: ObjectVersion): string[] {
  const properties = ['headers', 'metadata', 'tags'] as const;
  return properties
    .filter((name) => !isDeepStrictEqual({ ...made[name] }, { ...source[name] }))
    .map((name) => `has other ${name} than its source`);
}

/** Both ends, and places between them that nobody can foresee. */
function sampleRanges(sizeBytes: number): { start: number; end: number }[] {
  const last = sizeBytes - SAMPLE_BYTES;
  const between = Array.from({ length: SAMPLES - 2 }, () =>
    Math.floor((randomInt(2 ** 47) / 2 ** 47) * last),
  );
  return [0, ...between, last].map((start) => ({ start, end: start + SAMPLE_BYTES }));
}

/** One request to the thread and its verdict. */
async function ask(
  worker: Worker,
  request: CompareRequest,
  onBytes: (bytes: number) => void,
): Promise<Verdict> {
  const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
  const receive = (message: CompareMessage): void => {
    if (message.type === 'progress') onBytes(message.bytes);
    else resolve(message);
  };
  worker.on('message', receive);
  worker.once('error', reject);
  worker.postMessage(request);
  try {
    return await promise;
  } finally {
    worker.off('message', receive);
    worker.off('error', reject);
  }
}
