// The results of the benchmark as data: what is written to JSON and rendered as table and chart.

import type { Cost } from '../../local/pipeline/cost.ts';
import type { BenchCase } from '../job/cases.ts';
import type { Temperature } from '../job/job.ts';
import type { BenchServerOptions } from '../server/server-messages.ts';
import type { Phases } from './phases.ts';
import type { Spread } from './statistics.ts';

/** One contender in one case, cold or warm. */
export interface ContenderResult {
  readonly name: string;
  readonly version: string;
  readonly temperature: Temperature;
  readonly runs: number;
  readonly elapsedMs: Spread;
  /** Median over the limit of the case. */
  readonly ratioToLimit: number;
  readonly bytesPerSecond: number;
  readonly importMs?: number;
  /** Medians, cold only. */
  readonly phases?: Phases;
  /** Medians of the function's process; absent for programs that do not tell. */
  readonly cpuMs?: number;
  readonly cpuMsPerCopyRequest?: number;
  readonly peakResidentBytes?: number;
  /** Requests of one run. */
  readonly requests: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  readonly cost: Cost;
  /** How late the server's answers left by the model's clock: medians over the runs. */
  readonly serverLatenessP50Ms: number;
  readonly serverLatenessP99Ms: number;
  readonly serverCpuMs: number;
}

/** A contender that did not take part in a case, and why. */
export interface Absence {
  readonly name: string;
  readonly reason: string;
}

/** One case. */
export interface CaseResult {
  readonly benchCase: BenchCase;
  readonly bytes: number;
  /** What no client can beat, warm and cold. */
  readonly limitMs: number;
  readonly coldLimitMs: number;
  readonly results: readonly ContenderResult[];
  readonly absences: readonly Absence[];
}

/** A whole run of the benchmark. */
export interface BenchResult {
  readonly date: string;
  readonly machine: { readonly cores: number; readonly model: string; readonly node: string };
  readonly conditions: BenchServerOptions;
  readonly cases: readonly CaseResult[];
}

/** The limit that a contender is held against. */
export function limitOf({ limitMs, coldLimitMs }: CaseResult, temperature: Temperature): number {
  return temperature === 'cold' ? coldLimitMs : limitMs;
}

/** A contender's result in a case, if it took part. */
export function resultOf(
  { results }: CaseResult,
  name: string,
  temperature: Temperature,
): ContenderResult | undefined {
  return results.find((result) => result.name === name && result.temperature === temperature);
}
