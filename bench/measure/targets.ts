// The targets that the figures are held against.
import { ONE_COPY_OBJECT, THIS_FUNCTION, WITH_DESTINATION_SET } from '../contenders/functions.ts';
import { PEER_NAMES } from '../contenders/peers.ts';
import { TEMPERATURES, type Temperature } from '../job/job.ts';
import type { WanProfile } from '../server/server-messages.ts';
import type { BenchResult, CaseResult, ContenderResult } from './results.ts';
import { resultOf } from './results.ts';

/** One target and what was found. */
interface Judgement {
  readonly what: string;
  readonly holds: boolean;
  readonly found: string;
}

const MIB = 1024 ** 2;
const SMALL_BYTES = 64 * MIB;

/** How many times faster than a peer, by case: warm without the peer's process start, cold with it. */
const FASTER_THAN: readonly {
  readonly case: string;
  readonly peers: readonly string[];
  readonly temperature: Temperature;
  readonly factor: number;
}[] = [
  { case: '1gib-x1', peers: ['aws-cli', 's3transfer'], temperature: 'warm', factor: 6 },
  { case: '1gib-x1', peers: ['rclone', 'one CopyObject each'], temperature: 'warm', factor: 25 },
  { case: '7gib-x3', peers: ['aws-cli', 's3transfer'], temperature: 'warm', factor: 13 },
  { case: '1gib-x1', peers: ['aws-cli', 's3transfer'], temperature: 'cold', factor: 3 },
  { case: '7gib-x3', peers: ['aws-cli', 's3transfer'], temperature: 'cold', factor: 10 },
];

/** Bytes per second of a warm job. */
const SPEEDS: Readonly<Record<string, number>> = { '7gib-x3': 18e9, '50gib-x1': 35e9 };
const RESIDENT_BYTES = 160e6;
const CPU_MS_PER_COPY_REQUEST = 0.6;
/** What a cold job may take besides its share of the limit, in milliseconds: the import of the function's code (`npm run bench:cold-start`). */
export const COLD_ALLOWANCE_MS = 60;

/** Holds every target that the measured cases can tell about against them. */
export function judge({ cases, conditions: { profile } }: BenchResult): Judgement[] {
  return cases.flatMap((measured) => [
    ...limitTargets(measured, profile),
    ...neverSlowerTargets(measured),
    // Factors and speeds are those of the typical S3: a slower one takes its time whoever asks.
    ...(profile === 'typical' ? [...fasterTargets(measured), ...speedTargets(measured)] : []),
    ...memoryTargets(measured),
  ]);
}

function limitTargets(measured: CaseResult, profile: WanProfile): Judgement[] {
  const factor = largestBytes(measured) < SMALL_BYTES || profile === 'pessimistic' ? 1.1 : 1.15;
  const allowedMs = {
    warm: factor * measured.limitMs + 10,
    cold: 1.25 * measured.coldLimitMs + COLD_ALLOWANCE_MS,
  };
  return (['warm', 'cold'] as const).flatMap((temperature) => {
    const own = resultOf(measured, THIS_FUNCTION, temperature);
    const what = `${measured.benchCase.name} ${temperature}`;
    return own === undefined ? [] : [within(what, own, allowedMs[temperature])];
  });
}

function neverSlowerTargets(measured: CaseResult): Judgement[] {
  return TEMPERATURES.flatMap((temperature) => {
    const against = (name: string, peer: string): Judgement[] =>
      compared(measured, name, peer, temperature, (own, other) => {
        const what = `${measured.benchCase.name} ${temperature}: ${name} against ${peer}`;
        return within(what, own, other.elapsedMs.median);
      });
    // One CopyObject looks at nothing: where it took part, the function that has nothing to look up is held against it.
    const withSet = resultOf(measured, WITH_DESTINATION_SET, temperature);
    const quickest = withSet === undefined ? THIS_FUNCTION : WITH_DESTINATION_SET;
    return [
      ...PEER_NAMES.flatMap((peer) => against(THIS_FUNCTION, peer)),
      ...against(quickest, ONE_COPY_OBJECT),
    ];
  });
}

function fasterTargets(measured: CaseResult): Judgement[] {
  const { name } = measured.benchCase;
  return FASTER_THAN.filter((target) => target.case === name).flatMap(({ peers, temperature, factor }) =>
    peers.flatMap((peer) =>
      compared(measured, THIS_FUNCTION, peer, temperature, (own, other) => {
        const found = other.elapsedMs.median / own.elapsedMs.median;
        return {
          what: `${name} ${temperature} at least ${factor} x faster than ${peer}`,
          holds: found >= factor,
          found: `${found.toFixed(1)} x`,
        };
      }),
    ),
  );
}

/** The judgement of two contenders, where both took part. */
function compared(
  measured: CaseResult,
  name: string,
  peer: string,
  temperature: Temperature,
  judgementOf: (own: ContenderResult, other: ContenderResult) => Judgement,
): Judgement[] {
  const own = resultOf(measured, name, temperature);
  const other = resultOf(measured, peer, temperature);
  return own === undefined || other === undefined ? [] : [judgementOf(own, other)];
}

function speedTargets(measured: CaseResult): Judgement[] {
  const { name } = measured.benchCase;
  const warm = resultOf(measured, THIS_FUNCTION, 'warm');
  const speed = SPEEDS[name];
  if (warm === undefined || speed === undefined) return [];
  const { bytesPerSecond, cpuMsPerCopyRequest } = warm;
  return [
    {
      what: `${name} warm at ${speed / 1e9} GB/s or more`,
      holds: bytesPerSecond >= speed,
      found: `${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
    },
    {
      what: `${name} warm at most ${CPU_MS_PER_COPY_REQUEST} ms of CPU per copy request`,
      holds: (cpuMsPerCopyRequest ?? Number.POSITIVE_INFINITY) <= CPU_MS_PER_COPY_REQUEST,
      found: `${cpuMsPerCopyRequest?.toFixed(2) ?? '?'} ms`,
    },
  ];
}

function memoryTargets(measured: CaseResult): Judgement[] {
  const warm = resultOf(measured, THIS_FUNCTION, 'warm');
  if (warm === undefined) return [];
  const { peakResidentBytes = 0 } = warm;
  return [
    {
      what: `${measured.benchCase.name} warm at most ${RESIDENT_BYTES / 1e6} MB resident`,
      holds: peakResidentBytes <= RESIDENT_BYTES,
      found: `${(peakResidentBytes / 1e6).toFixed(0)} MB`,
    },
  ];
}

function within(what: string, { elapsedMs }: ContenderResult, allowedMs: number): Judgement {
  return {
    what: `${what} within ${Math.round(allowedMs)} ms`,
    holds: elapsedMs.median <= allowedMs,
    found: `${Math.round(elapsedMs.median)} ms`,
  };
}

function largestBytes({ benchCase }: CaseResult): number {
  return Math.max(...benchCase.artifacts.map(({ sizeBytes }) => sizeBytes));
}
