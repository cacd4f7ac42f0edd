// Where the time of a cold job goes: from the start of the process to the result, phase by phase.
import type { Sample } from '../job/job.ts';
import type { RunReport, TimelineEntry } from '../server/server-messages.ts';
import { spread } from './statistics.ts';

/** Milliseconds of each phase, one after the other; they add up to the whole. */
export interface Phases {
  /** Until the runtime imports the function. */
  readonly start: number;
  readonly import: number;
  /** Waiting for connections to open, as far as requests waited for it. */
  readonly connect: number;
  /** From the handler's call until the first write: facts of sources and destinations. */
  readonly look: number;
  /** From the first write to the end of the last. */
  readonly copy: number;
  /** From there until the result is sent. */
  readonly prove: number;
  /** The result, and what the handler does after it. */
  readonly report: number;
}

const WRITES = new Set([
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'UploadPart',
  'CompleteMultipartUpload',
  'PutObject',
]);

/** The phases of one run; `undefined` when its timeline lacks what they begin and end with. */
export function phasesOf(sample: Sample, { timeline, beganAtMs }: RunReport): Phases | undefined {
  const { startedAtMs, importMs = 0, elapsedMs } = sample;
  const writes = timeline.filter(({ operation }) => WRITES.has(operation));
  const result = timeline.find(({ operation }) => /^PutJob/.test(operation));
  const [first] = timeline;
  if (startedAtMs === undefined || first === undefined || result === undefined || writes.length === 0)
    return undefined;
  // The timeline counts from the run's beginning, shortly before the process was started.
  const before = startedAtMs - beganAtMs;
  const firstWrite = Math.min(...writes.map(({ startMs }) => startMs)) - before;
  const lastWrite = Math.max(...writes.map(({ endMs }) => endMs)) - before;
  const called = sample.readyMs ?? first.startMs - before;
  const looks = timeline.filter(({ startMs }) => startMs - before < firstWrite);
  const connectBefore = longestConnect(looks.filter(({ endMs }) => endMs - before <= firstWrite));
  const connectAfter = longestConnect(writes.slice(0, 1));
  return {
    start: called - importMs,
    import: importMs,
    connect: connectBefore + connectAfter,
    look: firstWrite - called - connectBefore,
    copy: lastWrite - firstWrite - connectAfter,
    prove: result.startMs - before - lastWrite,
    report: elapsedMs - (result.startMs - before),
  };
}

/** The median of each phase. */
export function medianPhases(runs: readonly Phases[]): Phases | undefined {
  const [first] = runs;
  if (first === undefined) return undefined;
  const median = (phase: keyof Phases): number => spread(runs.map((run) => run[phase])).median;
  return {
    start: median('start'),
    import: median('import'),
    connect: median('connect'),
    look: median('look'),
    copy: median('copy'),
    prove: median('prove'),
    report: median('report'),
  };
}

function longestConnect(entries: readonly TimelineEntry[]): number {
  return Math.max(0, ...entries.map(({ connectMs }) => connectMs));
}
