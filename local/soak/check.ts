// What must hold after every job of the soak, whatever went wrong while it ran.
import { isDeepStrictEqual } from 'node:util';
import { firstDifference } from '../aws/content/content.ts';
import type { FaultKind } from '../aws/faults/fault-kinds.ts';
import { latest } from '../aws/state/buckets.ts';
import type { LoggedRequest } from '../aws/state/request-log.ts';
import type { World } from '../aws/state/world.ts';
import type { JobRun } from '../pipeline/job-loop.ts';
import type { SoakJob } from './job.ts';
import type { StagedCopy, StagedJob } from './stage.ts';

/** Everything that is known of a finished job. */
export interface Aftermath {
  readonly soak: SoakJob;
  readonly staged: StagedJob;
  readonly world: World;
  readonly run: JobRun;
  readonly struck: ReadonlyMap<FaultKind, number>;
  readonly requests: readonly LoggedRequest[];
  readonly secrets: readonly string[];
}

/** The promises that a job broke, in words; none for a job that went as it should. */
export function violations(aftermath: Aftermath): string[] {
  const { run, staged, world } = aftermath;
  const succeeded = run.state === 'Succeeded';
  return [
    ...oneFinalResult(run),
    ...rightOutcome(aftermath),
    ...staged.copies.flatMap((copy) =>
      succeeded ? wrongCopy(copy, aftermath) : wrongRemainder(copy, world),
    ),
    ...(run.lost === undefined ? uploadsLeft(staged, world) : []),
    ...strangersUploadsGone(staged, world),
    ...leaks(aftermath),
    ...strangersBuckets(aftermath),
  ];
}

/** The failure types that lasting faults may end with. */
const FAILURES: Partial<Readonly<Record<FaultKind, readonly string[]>>> = {
  'key-disabled': ['ConfigurationError'],
  'bucket-deleted': ['ConfigurationError'],
  'source-overwritten': ['RevisionOutOfSync'],
  'source-deleted': ['RevisionOutOfSync', 'RevisionUnavailable'],
};

/** How the run ended: the failure type, `Succeeded`, or `NoAnswer`. */
export function outcomeOf({ state, results }: JobRun): string {
  if (state !== 'Failed') return state === 'Succeeded' ? state : 'NoAnswer';
  const { type } = (results.at(-1)?.input.failureDetails ?? {}) as { readonly type?: string };
  return type ?? 'Failed';
}

function rightOutcome({ run, soak, struck }: Aftermath): string[] {
  const outcome = outcomeOf(run);
  if (run.lost !== undefined) return outcome === 'JobFailed' ? [] : [`a lost job ended as ${outcome}`];
  const lasting = [...struck.keys()].find((kind) => FAILURES[kind] !== undefined);
  const survives = lasting === undefined || (lasting.startsWith('source-') && soak.sourceVersioned);
  const expected = survives ? ['Succeeded'] : (FAILURES[lasting] ?? []);
  if (expected.includes(outcome)) return [];
  const { message = '' } = (run.results.at(-1)?.input.failureDetails ?? {}) as { readonly message?: string };
  return [`ended as ${outcome} instead of ${expected.join(' or ')}: ${message}`];
}

function oneFinalResult({ results, state }: JobRun): string[] {
  const final = results.filter(({ input }) => input.continuationToken === undefined);
  if (final.length === 1) return [];
  return [`had ${final.length} final results and is ${state}`];
}

function wrongCopy(
  { artifact, bucket: bucketName, key, kmsKeyArn, content, tags }: StagedCopy,
  { world, struck, soak }: Aftermath,
): string[] {
  const where = `${bucketName}/${key}`;
  const bucket = world.buckets.get(bucketName);
  const made = bucket && latest(bucket, key);
  if (made === undefined || made.deleteMarker) return [`succeeded, but ${where} is not there`];
  const problems: string[] = [];
  const offset = firstDifference(made.content, content);
  if (offset !== undefined) problems.push(`succeeded, but ${where} differs from byte ${offset} on`);
  if (made.encryption.algorithm !== 'aws:kms' || made.encryption.keyArn !== kmsKeyArn)
    problems.push(`succeeded, but ${where} is encrypted with ${made.encryption.keyArn ?? 'nothing'}`);
  if (made.metadata.artifact !== artifact.name || made.headers['content-type'] !== 'application/zip')
    problems.push(`succeeded, but ${where} has other headers or metadata`);
  // Tags that may not be read are reported and left out; a denial that heals later looks the same.
  const mayRead = soak.roleMayReadSource && !struck.has('access-denied');
  if (mayRead && !isDeepStrictEqual({ ...made.tags }, { ...tags }))
    problems.push(`succeeded, but ${where} has other tags: ${JSON.stringify(made.tags)}`);
  return problems;
}

/** After a failure there is what was there before, or a right copy. */
function wrongRemainder(copy: StagedCopy, world: World): string[] {
  const bucket = world.buckets.get(copy.bucket);
  const left = bucket && latest(bucket, copy.key);
  if (left === undefined) return [];
  const where = `${copy.bucket}/${copy.key}`;
  if (left.deleteMarker) return [`failed, and ${where} is hidden by a delete marker`];
  if (left.versionId === copy.existingVersionId && left.etag === copy.existingEtag) return [];
  const same = firstDifference(left.content, copy.content) === undefined;
  return same && left.encryption.keyArn === copy.kmsKeyArn ? [] : [`failed, and left a wrong ${where}`];
}

function uploadsLeft({ bucketNames, strangersUploads }: StagedJob, world: World): string[] {
  return [...bucketNames].flatMap((name) =>
    [...(world.buckets.get(name)?.uploads.values() ?? [])]
      .filter(({ uploadId }) => !strangersUploads.has(uploadId))
      .map(({ key, parts }) => `left an unfinished upload with ${parts.size} parts at ${name}/${key}`),
  );
}

function strangersUploadsGone({ copies, strangersUploads }: StagedJob, world: World): string[] {
  const buckets = [...new Set(copies.map(({ bucket }) => bucket))].flatMap(
    (name) => world.buckets.get(name) ?? [],
  );
  const there = new Set(buckets.flatMap(({ uploads }) => [...uploads.keys()]));
  return [...strangersUploads]
    .filter((id) => !there.has(id) && buckets.some(({ name }) => id.endsWith(name)))
    .map((id) => `aborted the upload ${id}, which was not its own`);
}

function leaks({ run, secrets }: Aftermath): string[] {
  const output = [
    ...run.invocations.flatMap(({ lines, errorMessage = '' }) => [...lines, errorMessage]),
    ...(run.lost?.lines ?? []),
    JSON.stringify(run.results),
  ].join('\n');
  return secrets.filter((secret) => output.includes(secret)).map(() => 'a secret is in the output');
}

function strangersBuckets({ requests, staged }: Aftermath): string[] {
  const strange = new Set(
    requests.flatMap(({ bucket }) => (bucket && !staged.bucketNames.has(bucket) ? [bucket] : [])),
  );
  return [...strange].map((bucket) => `asked for bucket ${bucket}, which the job does not name`);
}
