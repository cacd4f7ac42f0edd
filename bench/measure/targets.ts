// The targets that the figures are held against.
import { DEFAULT_WAN_MODEL, roundTripMs } from '../../local/wan/model.ts';
import { THIS_FUNCTION } from '../contenders/functions.ts';
import type { BenchResult, CaseResult, ContenderResult } from './results.ts';
import { resultOf } from './results.ts';

/** One target and what was found. */
export interface Judgement {
  readonly what: string;
  readonly holds: boolean;
  readonly found: string;
}

const MIB = 1024 ** 2;
const WARM_LARGE_BYTES = 250 * MIB;
const NEVER_SLOWER_BYTES = 64 * MIB;
const PEERS = ['aws-cli', 'rclone', 's3transfer', 'one CopyObject each'];

/** How many times faster than a peer, by case: warm without the peer's process start, cold with it. */
const FASTER_THAN: readonly {
  readonly case: string;
  readonly peers: readonly string[];
  readonly temperature: 'cold' | 'warm';
  readonly factor: number;
}[] = [
  { case: '1gib-x1', peers: ['aws-cli', 's3transfer'], temperature: 'warm', factor: 6 },
  { case: '1gib-x1', peers: ['rclone', 'one CopyObject each'], temperature: 'warm', factor: 25 },
  { case: '7gib-x3', peers: ['aws-cli', 's3transfer'], temperature: 'warm', factor: 13 },
  { case: '1gib-x1', peers: ['aws-cli', 's3transfer'], temperature: 'cold', factor: 3 },
  { case: '7gib-x3', peers: ['aws-cli', 's3transfer'], temperature: 'cold', factor: 10 },
];

const SPEED_CASE = '7gib-x3';
const SPEED_BYTES_PER_SECOND = 10e9;
const RESIDENT_BYTES = 160e6;
const CPU_MS_PER_COPY_REQUEST = 0.6;

/** Holds every target that the measured cases can tell about against them. */
export function judge({ cases }: BenchResult): Judgement[] {
  return cases.flatMap((measured) => [
    ...limitTargets(measured),
    ...neverSlowerTargets(measured),
    ...fasterTargets(measured),
    ...(measured.benchCase.name === SPEED_CASE ? resourceTargets(measured) : []),
  ]);
}

function limitTargets(measured: CaseResult): Judgement[] {
  const { benchCase, limitMs } = measured;
  const judgements: Judgement[] = [];
  const warm = resultOf(measured, THIS_FUNCTION, 'warm');
  if (warm !== undefined) {
    const allowedMs = largestBytes(measured) >= WARM_LARGE_BYTES ? 1.3 * limitMs : 1.15 * limitMs + 20;
    judgements.push(within(`${benchCase.name} warm`, warm, allowedMs));
  }
  const cold = resultOf(measured, THIS_FUNCTION, 'cold');
  if (cold !== undefined) {
    judgements.push(within(`${benchCase.name} cold`, cold, 1.5 * limitMs + 2 * farthestMs(measured) + 200));
  }
  return judgements;
}

function neverSlowerTargets(measured: CaseResult): Judgement[] {
  const handicapMs = largestBytes(measured) >= NEVER_SLOWER_BYTES ? 0 : farthestMs(measured);
  return (['cold', 'warm'] as const).flatMap((temperature) => {
    const own = resultOf(measured, THIS_FUNCTION, temperature);
    return PEERS.flatMap((peer) => {
      const other = resultOf(measured, peer, temperature);
      return own === undefined || other === undefined
        ? []
        : [
            within(
              `${measured.benchCase.name} ${temperature} against ${peer}`,
              own,
              other.elapsedMs.median + handicapMs,
            ),
          ];
    });
  });
}

function fasterTargets(measured: CaseResult): Judgement[] {
  return FASTER_THAN.filter((target) => target.case === measured.benchCase.name).flatMap(
    ({ peers, temperature, factor }) =>
      peers.flatMap((peer) => {
        const own = resultOf(measured, THIS_FUNCTION, temperature);
        const other = resultOf(measured, peer, temperature);
        if (own === undefined || other === undefined) {
          return [];
        }
        const found = other.elapsedMs.median / own.elapsedMs.median;
        return [
          {
            what: `${measured.benchCase.name} ${temperature} at least ${factor} x faster than ${peer}`,
            holds: found >= factor,
            found: `${found.toFixed(1)} x`,
          },
        ];
      }),
  );
}

function resourceTargets(measured: CaseResult): Judgement[] {
  const warm = resultOf(measured, THIS_FUNCTION, 'warm');
  if (warm === undefined) {
    return [];
  }
  const { bytesPerSecond, peakResidentBytes = 0, cpuMsPerCopyRequest = 0 } = warm;
  const name = measured.benchCase.name;
  return [
    {
      what: `${name} warm at 10 GB/s or more`,
      holds: bytesPerSecond >= SPEED_BYTES_PER_SECOND,
      found: `${(bytesPerSecond / 1e9).toFixed(1)} GB/s`,
    },
    {
      what: `${name} warm at most 160 MB resident`,
      holds: peakResidentBytes <= RESIDENT_BYTES,
      found: `${(peakResidentBytes / 1e6).toFixed(0)} MB`,
    },
    {
      what: `${name} warm at most ${CPU_MS_PER_COPY_REQUEST} ms of CPU per copy request`,
      holds: cpuMsPerCopyRequest <= CPU_MS_PER_COPY_REQUEST,
      found: `${cpuMsPerCopyRequest.toFixed(2)} ms`,
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

function farthestMs({ benchCase }: CaseResult): number {
  return Math.max(...benchCase.regions.map((region) => roundTripMs(DEFAULT_WAN_MODEL, region)));
}
