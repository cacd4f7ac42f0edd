// What a replay found, as one document: `--json` prints it, the terminal shows it as tables.
import { unzipSync } from 'fflate';
import { toBuffer } from '../aws/content/content.ts';
import { latest } from '../aws/state/buckets.ts';
import type { JobState } from '../aws/state/code-pipeline-jobs.ts';
import type { World } from '../aws/state/world.ts';
import type { ArtifactLocation, ExpectedCopy, ReplayEvent } from '../pipeline/event.ts';
import type { JobRun } from '../pipeline/job-loop.ts';
import type { Scenario } from '../pipeline/scenarios.ts';
import type { Comparison } from './compare/compare.ts';
import { type CopyLogEntry, parseCopyLine, parseLogLine } from './copy-log.ts';
import type { NetworkReport } from './modelled-network.ts';

/** The job result as the pipeline sees it. */
export interface JobOutcome {
  /** `NoAnswer`: CodePipeline would wait for 20 minutes and fail the action. */
  readonly status: 'Succeeded' | 'Failed' | 'NoAnswer';
  readonly failureType?: string;
  readonly message?: string;
  readonly summary?: string;
  readonly externalExecutionId?: string;
  readonly outputVariables?: Readonly<Record<string, string>>;
}

/** One copy: what the function says about it and what the replay found. */
export interface CopyOutcome {
  readonly artifact: string;
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
  readonly sizeBytes?: number;
  readonly strategy?: string;
  readonly proof?: string;
  readonly durationMs?: number;
  readonly kmsKeyArn?: string;
  /** Whether the bytes, key, headers, metadata and tags are right; absent when nothing was compared. */
  readonly identical?: boolean;
  readonly problems?: readonly string[];
}

/** One invocation of the function. */
export interface InvocationOutcome {
  readonly jobId: string;
  readonly requestId: string;
  readonly attempt: number;
  readonly outcome: string;
  readonly errorMessage?: string;
  readonly initMs: number;
  readonly durationMs: number;
  readonly peakMemoryBytes?: number;
  readonly cpuMs?: number;
  /** Structured lines as objects, others as text. */
  readonly logs: readonly unknown[];
}

/** A whole replay. */
export interface ReplayReport {
  readonly event: string;
  readonly shows: string;
  readonly expectedFailure?: string;
  /** The job succeeded and every copy is right. */
  readonly passed: boolean;
  readonly result: JobOutcome;
  readonly continuations: number;
  readonly copies: readonly CopyOutcome[];
  readonly manifest?: unknown;
  readonly invocations: readonly InvocationOutcome[];
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** Requests that the embedded AWS answered to the function, by operation. */
  readonly requests: Readonly<Record<string, number>>;
  /** With `--wan` only. */
  readonly network?: NetworkReport;
  readonly jobMs: number;
  readonly compareMs: number;
  readonly comparedBytes: number;
  readonly functionPeakBytes?: number;
  readonly embeddedAwsPeakBytes: number;
}

/** What the report is made of. */
export interface Findings {
  readonly eventFile: string;
  readonly scenario: Scenario;
  readonly event: ReplayEvent;
  readonly world: World;
  readonly run: JobRun;
  readonly requests: Readonly<Record<string, number>>;
  readonly struck: ReadonlyMap<string, number>;
  readonly network?: NetworkReport | undefined;
  /** Undefined when the job failed, so that there is nothing to compare. */
  readonly comparisons: readonly Comparison[] | undefined;
  readonly jobMs: number;
  readonly compareMs: number;
}

/** Puts the findings of a replay together. */
export function reportOf(findings: Findings): ReplayReport {
  const { eventFile, scenario, event, world, run, requests, struck, network, comparisons, jobMs, compareMs } =
    findings;
  const result = outcomeOf(run);
  const right = comparisons?.every(({ problems }) => problems.length === 0) ?? false;
  const peaks = run.invocations.flatMap(({ peakMemoryBytes }) => peakMemoryBytes ?? []);
  const manifest = event.outputs[0] && manifestIn(world, event.outputs[0]);
  return {
    event: eventFile,
    shows: scenario.shows,
    ...(scenario.fails ? { expectedFailure: scenario.fails } : {}),
    passed: result.status === 'Succeeded' && right,
    result,
    continuations: run.results.filter(({ input }) => input.continuationToken).length,
    copies: copiesOf(event.copies, run, comparisons),
    ...(manifest === undefined ? {} : { manifest }),
    invocations: run.invocations.map(({ lines, ...invocation }) => ({
      ...invocation,
      logs: lines.map((line) => parseLogLine(line) ?? line),
    })),
    faults: Object.fromEntries(struck),
    requests,
    ...(network ? { network } : {}),
    jobMs,
    compareMs,
    comparedBytes: comparisons?.reduce((sum, { bytesRead }) => sum + bytesRead, 0) ?? 0,
    ...(peaks.length > 0 ? { functionPeakBytes: Math.max(...peaks) } : {}),
    embeddedAwsPeakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** The last result that CodePipeline accepted. */
export function outcomeOf({
  state,
  results,
  invocations,
}: { readonly state: JobState } & JobRun): JobOutcome {
  const input = results.at(-1)?.input ?? {};
  const details = (input.executionDetails ?? input.failureDetails ?? {}) as Record<string, string>;
  const { externalExecutionId } = details;
  const id = externalExecutionId === undefined ? {} : { externalExecutionId };
  if (state === 'Succeeded') {
    const variables = input.outputVariables as Record<string, string> | undefined;
    return {
      status: 'Succeeded',
      ...id,
      ...(details.summary === undefined ? {} : { summary: details.summary }),
      ...(variables === undefined ? {} : { outputVariables: variables }),
    };
  }
  if (state === 'Failed') {
    return {
      status: 'Failed',
      ...id,
      failureType: details.type ?? 'unknown',
      message: details.message ?? '',
    };
  }
  const reason = invocations.at(-1)?.errorMessage ?? 'the function returned without giving a result';
  return { status: 'NoAnswer', message: reason };
}

function copiesOf(
  expected: readonly ExpectedCopy[],
  { invocations }: JobRun,
  comparisons: readonly Comparison[] | undefined,
): CopyOutcome[] {
  const logged = new Map<string, CopyLogEntry>();
  for (const line of invocations.flatMap(({ lines }) => lines)) {
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
      ...(entry
        ? {
            sizeBytes: entry.sizeBytes,
            strategy: entry.strategy,
            proof: entry.proof,
            ...(entry.durationMs === undefined ? {} : { durationMs: entry.durationMs }),
          }
        : {}),
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
      ...(found ? { identical: found.problems.length === 0, problems: found.problems } : {}),
    };
  });
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
