// What a job may leave in the buckets: right copies after a success, what was there before after a failure, and nothing else.
import { isDeepStrictEqual } from 'node:util';
import { firstDifference } from '../aws/content/content.ts';
import { latest, type ObjectVersion } from '../aws/state/buckets.ts';
import type { Aftermath } from './check.ts';
import { bucketsOf, type StagedCopy } from './stage.ts';

/** What is wrong with the objects and uploads that a job left. */
export function wrongObjects(aftermath: Aftermath): string[] {
  const { run, staged } = aftermath;
  const judge = run.state === 'Succeeded' ? wrongCopy : wrongRemainder;
  return [
    ...staged.copies.flatMap((copy) => [...judge(copy, aftermath), ...lostVersion(copy, aftermath)]),
    ...otherKeys(aftermath),
    ...(run.lost === undefined ? uploadsLeft(aftermath) : []),
    ...othersUploadsGone(aftermath),
  ];
}

function current({ bucket, key }: StagedCopy, { world }: Aftermath): ObjectVersion | undefined {
  const found = world.buckets.get(bucket);
  return found && latest(found, key);
}

function wrongCopy(copy: StagedCopy, aftermath: Aftermath): string[] {
  const where = `${copy.bucket}/${copy.key}`;
  const made = current(copy, aftermath);
  if (made === undefined || made.deleteMarker) return [`succeeded, but ${where} is not there`];
  const problems: string[] = [];
  const offset = firstDifference(made.content, copy.content);
  if (offset !== undefined) problems.push(`succeeded, but ${where} differs from byte ${offset} on`);
  if (made.encryption.algorithm !== 'aws:kms' || made.encryption.keyArn !== copy.kmsKeyArn)
    problems.push(`succeeded, but ${where} is encrypted with ${made.encryption.keyArn ?? 'nothing'}`);
  if (made.metadata.artifact !== copy.artifact.name || made.headers['content-type'] !== 'application/zip')
    problems.push(`succeeded, but ${where} has other headers or metadata`);
  // Tags that may not be read are reported and left out; a denial that heals later looks the same.
  const mayRead = aftermath.soak.roleMayReadSource && !aftermath.struck.has('access-denied');
  if (mayRead && !isDeepStrictEqual({ ...made.tags }, { ...copy.tags }))
    problems.push(`succeeded, but ${where} has other tags: ${JSON.stringify(made.tags)}`);
  return problems;
}

/** After a failure there is what was there before, or a right copy. */
function wrongRemainder(copy: StagedCopy, aftermath: Aftermath): string[] {
  // What a deleted bucket held is gone by no fault of the job's.
  if (!aftermath.world.buckets.has(copy.bucket)) return [];
  const where = `${copy.bucket}/${copy.key}`;
  const left = current(copy, aftermath);
  if (left === undefined)
    return copy.existing === undefined || isBeyondReturn(copy, aftermath)
      ? []
      : [`failed, and what was at ${where} is gone`];
  if (left.deleteMarker) return [`failed, and ${where} is hidden by a delete marker`];
  if (left === copy.existing) return [];
  const same = firstDifference(left.content, copy.content) === undefined;
  return same && left.encryption.keyArn === copy.kmsKeyArn ? [] : [`failed, and left a wrong ${where}`];
}

/** Bytes that changed unseen show only when the copy is there: without versions, S3 keeps nothing that could be given back. */
function isBeyondReturn({ existing }: StagedCopy, { struck }: Aftermath): boolean {
  return existing?.versionId === 'null' && struck.has('source-corrupted');
}

/** A version that was there before stays, whatever is written over it. */
function lostVersion({ bucket, key, existing }: StagedCopy, { world }: Aftermath): string[] {
  const versions = world.buckets.get(bucket)?.objects.get(key);
  if (existing === undefined || existing.versionId === 'null' || versions === undefined) return [];
  return versions.includes(existing) ? [] : [`removed version ${existing.versionId} of ${bucket}/${key}`];
}

function otherKeys({ staged: { copies }, world }: Aftermath): string[] {
  return destinationsOf(copies, world).flatMap(({ name, objects }) => {
    const expected = new Set(copies.flatMap(({ bucket, key }) => (bucket === name ? [key] : [])));
    return [...objects.keys()]
      .filter((key) => !expected.has(key))
      .map((key) => `wrote ${name}/${key}, which the job does not name`);
  });
}

function uploadsLeft({ staged: { bucketNames, strangersUploads }, world }: Aftermath): string[] {
  return bucketsOf(world, bucketNames).flatMap(({ name, uploads }) =>
    [...uploads.values()]
      .filter(({ uploadId }) => !strangersUploads.has(uploadId))
      .map(({ key, parts }) => `left an unfinished upload with ${parts.size} parts at ${name}/${key}`),
  );
}

function othersUploadsGone({ staged: { copies, strangersUploads }, world }: Aftermath): string[] {
  const buckets = destinationsOf(copies, world);
  const there = new Set(buckets.flatMap(({ uploads }) => [...uploads.keys()]));
  return [...strangersUploads]
    .filter((id) => !there.has(id) && buckets.some(({ name }) => id.endsWith(name)))
    .map((id) => `aborted the upload ${id}, which was not its own`);
}

function destinationsOf(copies: readonly StagedCopy[], world: Aftermath['world']) {
  return bucketsOf(
    world,
    copies.map(({ bucket }) => bucket),
  );
}
