// Puts together what a replay found: `--json` prints it, the terminal shows it as tables.
import { unzipSync } from 'fflate';
import { omitUndefined } from '../../functions/sync-artifacts/util.ts';
import { toBuffer } from '../aws/content/content.ts';
import { latest } from '../aws/state/buckets.ts';
import { hasFailed, type LoggedRequest } from '../aws/state/request-log.ts';
import type { World } from '../aws/state/world.ts';
import type { ArtifactLocation, ExpectedCopy, ReplayEvent } from '../pipeline/event/event.ts';
import type { JobRun } from '../pipeline/job-loop.ts';
import type { Comparison } from './compare/compare.ts';
import { type CopyLogEntry, parseCopyLine, parseLogLine } from './copy-log.ts';
import type { CopyOutcome, JobOutcome, ReplayVerdict, RunReport } from './report-schema.ts';

/** One run of the job as it was seen. */
export interface ObservedRun {
  readonly run: JobRun;
  /** Requests of the function; none are seen on the real AWS. */
  readonly requests: readonly LoggedRequest[];
  readonly jobMs: number;
  /** Undefined when nothing was compared. */
  readonly comparisons: readonly Comparison[] | undefined;
}

/** Puts a run together. */
export function runReport(event: ReplayEvent, world: World, observed: ObservedRun): RunReport {
  const { run, requests, jobMs } = observed;
  const manifest = event.outputs[0] && manifestIn(world, event.outputs[0]);
  const counts: Record<string, number> = {};
  for (const { operation } of requests) counts[operation] = (counts[operation] ?? 0) + 1;
  const result = outcomeOf(run);
  return {
    result,
    continuations: run.results.filter(({ input }) => input.continuationToken).length,
    copies: copiesOf(event.copies, observed, result),
    ...(manifest === undefined ? {} : { manifest }),
    invocations: run.invocations.map(({ lines, cpuMs, result: _unseen, ...invocation }) => ({
      ...invocation,
      startedAt: invocation.startedAt.toISOString(),
      initMs: Math.round(invocation.initMs),
      durationMs: Math.round(invocation.durationMs),
      ...(cpuMs === undefined ? {} : { cpuMs: Math.round(cpuMs) }),
      logs: lines.map((line) => parseLogLine(line) ?? line),
    })),
    requests: counts,
    jobMs: Math.round(jobMs),
  };
}

/** What came of a replay, given its last run. */
export function verdictOf(run: RunReport, expectedFailure: string | undefined): ReplayVerdict {
  const { result, invocations, copies } = run;
  if (invocations.some(({ outcome }) => outcome === 'out-of-memory')) return 'out-of-memory';
  if (result.status === 'NoAnswer') return 'no-result';
  if (result.status === 'Failed')
    return result.failureType === expectedFailure ? 'failed-as-expected' : 'failed';
  return copies.some(({ identical }) => identical === false) ? 'wrong-copies' : 'succeeded';
}

/** Most memory that the function used in any invocation; undefined where none was measured. */
export function peakBytes(runs: readonly (RunReport | undefined)[]): number | undefined {
  const invocations = runs.flatMap((run) => run?.invocations ?? []);
  const peaks = invocations.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}

/** The last result that CodePipeline accepted. */
function outcomeOf({ state, results, invocations }: JobRun): JobOutcome {
  const input = results.at(-1)?.input ?? {};
  const details = (input.executionDetails ?? input.failureDetails ?? {}) as Record<string, string>;
  const { externalExecutionId, summary, type: failureType = 'unknown', message = '' } = details;
  if (state === 'Succeeded') {
    const outputVariables = input.outputVariables as Record<string, string> | undefined;
    return { status: state, ...omitUndefined({ externalExecutionId, summary, outputVariables }) };
  }
  if (state === 'Failed')
    return { status: state, failureType, message, ...omitUndefined({ externalExecutionId }) };
  const reason = invocations.at(-1)?.errorMessage ?? 'the function returned without giving a result';
  return { status: 'NoAnswer', message: reason };
}

function copiesOf(
  expected: readonly ExpectedCopy[],
  observed: ObservedRun,
  outcome: JobOutcome,
): CopyOutcome[] {
  const { run, comparisons } = observed;
  // When it was killed, its requests broke off without telling anything.
  const answered = run.invocations.at(-1)?.outcome === 'ok';
  const logged = new Map<string, CopyLogEntry>();
  for (const line of run.invocations.flatMap(({ lines }) => lines)) {
    const entry = parseCopyLine(line);
    // A later invocation may find there what an earlier one has copied: the first one tells how.
    if (entry && !logged.has(copyId(entry))) logged.set(copyId(entry), entry);
  }
  return expected.map((copy) => {
    const { artifact, destination, key } = copy;
    const entry = logged.get(copyId({ bucket: destination.bucket, key }));
    const found = comparisons?.find((comparison) => comparison.copy === copy);
    const kmsKeyArn = found?.kmsKeyArn ?? entry?.kmsKeyArn;
    return {
      artifact: artifact.name,
      bucket: destination.bucket,
      key,
      region: destination.region,
      ...(entry ? finished(entry) : answered ? unfinished(copy, observed, outcome) : NOT_FINISHED),
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
      ...(found ? { identical: found.problems.length === 0, problems: [...found.problems] } : {}),
    };
  });
}

type Progress = Pick<CopyOutcome, 'status' | 'error' | 'sizeBytes' | 'strategy' | 'proof' | 'durationMs'>;

function finished({ strategy, sizeBytes, proof, durationMs }: CopyLogEntry): Progress {
  const status = strategy === 'skip' ? 'already-there' : strategy === 'same-object' ? 'is-source' : 'copied';
  const rounded = durationMs === undefined ? undefined : Math.round(durationMs);
  return { status, sizeBytes, strategy, ...omitUndefined({ proof, durationMs: rounded }) };
}

const NOT_FINISHED = { status: 'not-finished' } as const;

/** A copy without an end failed if the last answer about it, or about its bucket, was an error, or if the job failed because of it. */
function unfinished(
  { destination, key, artifact }: ExpectedCopy,
  { requests }: ObservedRun,
  { message = '' }: JobOutcome,
): Progress {
  const about = (bucket: string, objectKey: string): LoggedRequest | undefined =>
    requests.findLast(
      (request) =>
        request.bucket === bucket &&
        (request.key === undefined || request.key === objectKey) &&
        request.operation !== 'AbortMultipartUpload',
    );
  const written = about(destination.bucket, key);
  const read = about(artifact.bucket, artifact.key);
  const last = written && hasFailed(written) && !isAbsence(written) ? written : read;
  if (!last || !hasFailed(last))
    return message.includes(`s3://${copyId({ bucket: destination.bucket, key })}`)
      ? { status: 'failed' }
      : NOT_FINISHED;
  const { operation, status: httpStatus, errorCode: code } = last;
  return { status: 'failed', error: { operation, httpStatus, ...omitUndefined({ code }) } };
}

/** That nothing is at a destination yet. */
function isAbsence({ operation, status }: LoggedRequest): boolean {
  return operation === 'HeadObject' && status === 404;
}

/** Identifies a copy by where it goes. */
export function copyId({ bucket, key }: { readonly bucket: string; readonly key: string }): string {
  return `${bucket}/${key}`;
}

/** The manifest in the output artifact's zip, if it was written. */
function manifestIn(world: World, { bucket, key }: ArtifactLocation): unknown {
  const found = world.buckets.get(bucket);
  const version = found && latest(found, key);
  if (!version || version.deleteMarker) return undefined;
  const [file] = Object.values(unzipSync(toBuffer(version.content)));
  return file && (JSON.parse(Buffer.from(file).toString('utf8')) as unknown);
}
