// Writes at a destination only where it still is as it was seen, and decides what a refusal means.
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, httpStatus, isAccessDenied, S3RequestError } from '../aws/errors.ts';
import { isConditionUnsupported } from '../aws/other-servers.ts';
import type { JobContext } from '../context/context.ts';
import { ConfigurationError, SyncError } from '../errors.ts';
import { copyFields } from '../facts/object-fields.ts';
import { isElsewhere } from '../facts/resolve.ts';
import type { PlannedCopy } from '../plan/plan.ts';
import type { CopyTask, ObjectFacts } from '../types.ts';
import { type Look, lookAgain, provedCopy, withLook } from './look-again.ts';
import type { FinishedCopyResult } from './strategy.ts';

/** What S3 is to find at the destination: nothing, or the object of an ETag. Empty for a server that knows no conditions. */
export interface WriteCondition {
  readonly IfNoneMatch?: '*';
  readonly IfMatch?: string;
}

const NOTHING_THERE = { IfNoneMatch: '*' } as const satisfies WriteCondition;

/** How often a destination that keeps changing is looked at again before the job gives up. */
const MAX_LOOKS = 5;

/** How long the first look after a conflict waits, in milliseconds: whoever caused it is still at it. Doubled each time. */
const FIRST_CONFLICT_DELAY_MS = 100;

/**
 * Writes a copy on the condition that its destination is as it was seen. When S3 refuses, the destination is looked at again: what is
 * provably the copy by now is left as it is, whoever made it; other objects are replaced, unless the job must not overwrite.
 * @param write  sends the request
 * @param beforeReplacing  is asked before what turned out to be there is replaced; throws when it must not be
 * @throws SyncError when another object must not be replaced; what `write` throws where the destination is not the reason
 */
export async function writeConditionally<T>(
  task: CopyTask,
  context: JobContext,
  write: (condition: WriteCondition) => Promise<T>,
  beforeReplacing: (seen: CopyTask) => void = () => undefined,
): Promise<T | FinishedCopyResult> {
  const { bucket } = task.destination;
  const { existing } = task;
  let condition = conditionFor({ exists: existing !== undefined, ...existing }, bucket, context);
  let wasSame = false;
  for (let looks = 0; ; looks++) {
    try {
      return await write(condition);
    } catch (error) {
      if (isConditional(condition) && isConditionUnsupported(error)) {
        if (context.job.overwrite === 'never') throw cannotKeepNever(task, error);
        if (!context.facts.unconditionalBuckets.has(bucket)) {
          context.facts.unconditionalBuckets.add(bucket);
          context.telemetry.warn('The server knows no conditional writes; copies there are made without', {
            bucket,
          });
        }
        condition = {};
        continue;
      }
      const refusal = refusalOf(error, condition);
      if (refusal === undefined) throw withReplaced(error, condition, looks);
      if (looks >= MAX_LOOKS) throw neverStill(task, error);
      if (refusal === 'conflict')
        await sleep(FIRST_CONFLICT_DELAY_MS * 2 ** looks, undefined, { signal: context.signal });
      const now = await lookAgain(task, context);
      const seen = withLook(task, now);
      const proved = provedCopy(seen, context, error);
      if (proved !== undefined) return proved;
      if (refusal === 'unmet' && isSame(now, condition)) {
        // As it was seen: what was there has come and gone, or, when it happens again, the refusal is about the source of the copy.
        if (wasSame && isAboutSource(error)) throw error;
        wasSame = true;
        continue;
      }
      if (now.exists && context.job.overwrite === 'never') throw mustNotOverwrite(seen);
      if (now.exists) beforeReplacing(seen);
      context.telemetry.info(
        'The destination changed since it was looked at; the copy is written over what is there now',
        { ...copyFields(task), errorCode: errorCode(error) },
      );
      condition = conditionFor(now, bucket, context);
      if (now.exists && now.etag === undefined) {
        context.telemetry.warn(
          'What is at the destination may not be looked at; it is replaced without a condition: allow s3:GetObject there',
          copyFields(task),
        );
      }
    }
  }
}

/**
 * Writes a copy, without a look before it where its task is `unseen`: on the condition that nothing is there. Whatever keeps it from being
 * written, its destination is looked at then, and what follows is what would have followed had somebody looked before.
 * @param write  sends the request for a task
 * @param look  looks at the destination of a task
 * @param beforeReplacing  as of `writeConditionally`
 * @throws what `writeConditionally` throws, and what `write` throws where a look makes no difference
 */
export async function writeFirst<T>(
  task: CopyTask,
  context: JobContext,
  write: (task: CopyTask, condition: WriteCondition) => Promise<T>,
  look: (task: CopyTask) => Promise<CopyTask>,
  beforeReplacing: (seen: CopyTask) => void,
): Promise<T | FinishedCopyResult> {
  let seen = task;
  if (task.unseen !== undefined) {
    const firstSentMs = Date.now();
    try {
      return await write(task, NOTHING_THERE);
    } catch (error) {
      if (context.signal.aborted) throw error;
      seen = await look(task);
      const proved = provedCopy(seen, context, error, firstSentMs);
      if (proved !== undefined) return proved;
      const isCondition = refusalOf(error, NOTHING_THERE) !== undefined || isConditionUnsupported(error);
      if (seen.existing === undefined && !isElsewhere(seen, task) && !isCondition) throw error;
      if (seen.existing !== undefined) beforeReplacing(seen);
    }
  }
  return await writeConditionally(seen, context, (condition) => write(seen, condition), beforeReplacing);
}

/** @throws SyncError when a copy that is to be made would replace another object; nothing was written by then. */
export function refuseToOverwrite(copies: readonly PlannedCopy[]): void {
  const other = copies.find(({ task }) => task.existing !== undefined);
  if (other !== undefined) throw mustNotOverwrite(other.task);
}

/**
 * The failure of a job that must leave what is at a destination.
 * @param task  with what is there, as far as it may be read
 */
export function mustNotOverwrite({ source, destination, key, existing: there }: CopyTask): SyncError {
  const { artifact } = source;
  return new SyncError(
    'JobFailed',
    `Overwrite is "never", and s3://${destination.bucket}/${key} in ${destination.region} has an object (${shown(there)}) that cannot be shown to be the copy of s3://${artifact.bucket}/${artifact.key} (${shown(source)}); it was left as it is. Remove it, choose another Key, or set Overwrite to "replace".`,
  );
}

function shown(facts: ObjectFacts | undefined): string {
  if (facts === undefined) return 'which the role may not read';
  const { sizeBytes, etag, versionId } = facts;
  return `${sizeBytes} bytes, ETag ${etag}${versionId === undefined ? '' : `, version ${versionId}`}`;
}

function conditionFor(
  { exists, etag = '' }: Pick<Look, 'exists' | 'etag'>,
  bucket: string,
  { facts, job }: JobContext,
): WriteCondition {
  if (facts.unconditionalBuckets.has(bucket)) return {};
  if (!exists || job.overwrite === 'never') return NOTHING_THERE;
  return etag === '' ? {} : { IfMatch: etag };
}

function cannotKeepNever({ destination }: CopyTask, cause: unknown): ConfigurationError {
  return new ConfigurationError(
    `Overwrite is "never", but the server of bucket ${destination.bucket} answered that it does not know conditional writes: nothing can keep it from overwriting. Set Overwrite to "replace" or use another destination.`,
    { cause },
  );
}

function neverStill({ destination, key }: CopyTask, cause: unknown): SyncError {
  return new SyncError(
    'JobFailed',
    `The object at s3://${destination.bucket}/${key} in ${destination.region} changed each of ${MAX_LOOKS} times that the copy was to be written over what was seen there (${errorCode(cause)}). Look at what else writes to this key, then retry the stage.`,
    { cause },
  );
}

function isAboutSource(error: unknown): boolean {
  return error instanceof S3RequestError && error.target.copySource !== undefined;
}

/** A denial means something else where an object was to be replaced: some bucket policies allow that never, or not without a condition. */
function withReplaced(error: unknown, { IfNoneMatch, IfMatch }: WriteCondition, looks: number): unknown {
  if (!(error instanceof S3RequestError) || !isAccessDenied(error) || IfNoneMatch !== undefined) return error;
  if (IfMatch === undefined && looks === 0) return error;
  const replaces = IfMatch === undefined ? 'unseen' : 'seen';
  return new S3RequestError({ ...error.target, replaces }, error.cause);
}

/** What S3 says by refusing: the condition does not hold, or did not hold for a moment. A copy's own source gives the same answers. */
function refusalOf(error: unknown, condition: WriteCondition): 'unmet' | 'conflict' | undefined {
  if (!(error instanceof S3RequestError) || !isConditional(condition)) return undefined;
  const code = errorCode(error);
  if (code === 'ConditionalRequestConflict') return 'conflict';
  if (code === 'PreconditionFailed' || httpStatus(error) === 412) return 'unmet';
  return code === 'NoSuchKey' && condition.IfMatch !== undefined ? 'unmet' : undefined;
}

function isConditional({ IfNoneMatch, IfMatch }: WriteCondition): boolean {
  return IfNoneMatch !== undefined || IfMatch !== undefined;
}

function isSame(now: Look, { IfMatch }: WriteCondition): boolean {
  return IfMatch === undefined ? !now.exists : now.etag === IfMatch;
}
