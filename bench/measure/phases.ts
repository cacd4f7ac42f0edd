// Where the time of a cold job goes: from the start of the process to the result, phase by phase.
import type { Sample } from '../job/job.ts';
import type { RunReport, TimelineEntry } from '../server/server-messages.ts';
import { spread } from './statistics.ts';

/** The phases, in the order in which they follow one another. */
export const PHASES = [
  // Until the runtime imports the function.
  'start',
  'import',
  // Waiting for connections to open, as far as requests waited for it.
  'connect',
  // From the handler's call until the first write: facts of sources and destinations.
  'look',
  // From the first write to the end of the last.
  'copy',
  // From there until the result is sent.
  'prove',
  // The result, and what the handler does after it.
  'report',
] as const;

/** Milliseconds of each phase; they add up to the whole. */
export type Phases = Readonly<Record<(typeof PHASES)[number], number>>;

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
  if (runs.length === 0) return undefined;
  const medians = PHASES.map((phase) => [phase, spread(runs.map((run) => run[phase])).median]);
  return Object.fromEntries(medians) as Phases;
}

function longestConnect(entries: readonly TimelineEntry[]): number {
  return Math.max(0, ...entries.map(({ connectMs }) => connectMs));
}
