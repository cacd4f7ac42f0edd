// Runs one case with every contender, one after the other, on the same server.

import { costOf } from '../../local/pipeline/cost.ts';
import { coldLimitMs, limitMs } from '../../local/wan/limit.ts';
import { LAMBDA_MEMORY_MB, THIS_FUNCTION, WITH_DESTINATION_SET } from '../contenders/functions.ts';
import { type BenchCase, copiesOf, HOME_REGION, totalBytes } from '../job/cases.ts';
import { type BenchJob, type Contender, type Sample, TEMPERATURES } from '../job/job.ts';
import type { BenchServer } from '../server/bench-server.ts';
import type { RunReport } from '../server/server-messages.ts';
import { measureEmptyStart } from './empty-start.ts';
import { medianPhases, phasesOf } from './phases.ts';
import type { Absence, CaseResult, ContenderResult } from './results.ts';
import { spread } from './statistics.ts';

/** How to measure. */
interface MeasureOptions {
  /** Runs of each contender that count. */
  readonly runs: number;
  /** After this time a contender other than this function gets no further run of the case, in milliseconds. */
  readonly patienceMs: number;
  /** Told about each step, for people who wait. */
  readonly onProgress: (text: string) => void;
}

interface Run {
  readonly sample: Sample;
  readonly report: RunReport;
}

/** Measures one case. A peer that fails is absent. @throws when this function fails, or copies wrongly. */
export async function measureCase(
  server: BenchServer,
  benchCase: BenchCase,
  contenders: readonly Contender[],
  options: MeasureOptions,
): Promise<CaseResult> {
  const job = await server.prepare(benchCase);
  const emptyStartMs = await measureEmptyStart(job);
  const copies = copiesOf(benchCase);
  const limits = {
    warm: limitMs(server.model, copies),
    cold: coldLimitMs(server.model, copies, emptyStartMs),
  };
  const results: ContenderResult[] = [];
  const absences: Absence[] = [];
  for (const contender of contenders) {
    const version = await contender.version();
    const reason = version === undefined ? 'not installed' : contender.cannot?.(job);
    if (version === undefined || reason !== undefined) {
      absences.push({ name: contender.name, reason: reason ?? 'not installed' });
      continue;
    }
    const runs = await runsOf(server, job, contender, options).catch((error: unknown) => {
      if (contender.name === THIS_FUNCTION) {
        throw error;
      }
      options.onProgress(`${benchCase.name}  ${contender.name} failed: ${String(error)}`);
      return [];
    });
    if (runs.length === 0) {
      absences.push({ name: contender.name, reason: 'failed' });
    }
    for (const temperature of TEMPERATURES) {
      const counted = runs.filter(({ sample }) => sample.temperature === temperature);
      if (counted.length === 0) continue;
      const measured = { name: contender.name, version, temperature };
      const result = summarise(benchCase, measured, counted, limits[temperature]);
      results.push(result);
      options.onProgress(
        `${benchCase.name}  ${contender.name}, ${temperature}: ${Math.round(result.elapsedMs.median)} ms, ${result.ratioToLimit.toFixed(2)} x the limit`,
      );
    }
  }
  const bytes = totalBytes(benchCase);
  return { benchCase, bytes, limitMs: limits.warm, coldLimitMs: limits.cold, results, absences };
}

async function runsOf(
  server: BenchServer,
  job: BenchJob,
  contender: Contender,
  options: MeasureOptions,
): Promise<Run[]> {
  const runs: Run[] = [];
  await using contest = await contender.open(job);
  const isOwn = contender.name === THIS_FUNCTION || contender.name === WITH_DESTINATION_SET;
  const startMs = performance.now();
  for (let run = -contest.warmUps; run < options.runs; run++) {
    const impatient = !isOwn && performance.now() - startMs > options.patienceMs;
    if (impatient && run > 0) break;
    // What takes this long is warm after one run.
    if (impatient) run = 0;
    const event = await server.begin(contest.userParameters);
    const samples = await contest.run(event);
    const report = await server.report();
    if (report.problems.length > 0) {
      throw new Error(
        `${contender.name} did not copy right: ${report.problems.join('; ')} (job ${report.jobState}; refusals ${JSON.stringify(report.refusals)})`,
      );
    }
    if (run >= 0) {
      runs.push(...samples.map((sample) => ({ sample, report })));
    }
  }
  return runs;
}

function summarise(
  benchCase: BenchCase,
  measured: Pick<ContenderResult, 'name' | 'version' | 'temperature'>,
  runs: readonly Run[],
  limit: number,
): ContenderResult {
  const elapsedMs = spread(runs.map(({ sample }) => sample.elapsedMs));
  const requests = runs.at(-1)?.report.requests ?? {};
  const copyRequests = (requests['s3 UploadPartCopy'] ?? 0) + (requests['s3 CopyObject'] ?? 0);
  const cpuMs = median(runs.map(({ sample }) => sample.cpuMs));
  const importMs = median(runs.map(({ sample }) => sample.importMs));
  const phases = medianPhases(runs.flatMap(({ sample, report }) => phasesOf(sample, report) ?? []));
  const peakResidentBytes = median(runs.map(({ sample }) => sample.peakResidentBytes));
  const artifactBytes = benchCase.artifacts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    ...measured,
    runs: runs.length,
    elapsedMs,
    ratioToLimit: elapsedMs.median / limit,
    bytesPerSecond: (totalBytes(benchCase) / elapsedMs.median) * 1000,
    ...(importMs !== undefined && { importMs }),
    ...(phases !== undefined && { phases }),
    ...(cpuMs !== undefined && { cpuMs }),
    ...(cpuMs !== undefined && copyRequests > 0 && { cpuMsPerCopyRequest: cpuMs / copyRequests }),
    ...(peakResidentBytes !== undefined && { peakResidentBytes }),
    requests,
    refusals: runs.at(-1)?.report.refusals ?? {},
    cost: costOf({
      homeRegion: HOME_REGION,
      requests,
      bytesByRegion: Object.fromEntries(benchCase.regions.map((region) => [region, artifactBytes])),
      ...(cpuMs !== undefined && { lambda: { billedMs: elapsedMs.median, memoryMb: LAMBDA_MEMORY_MB } }),
    }),
    serverLatenessP50Ms: median(runs.map(({ report }) => report.latenessP50Ms)) ?? 0,
    serverLatenessP99Ms: median(runs.map(({ report }) => report.latenessP99Ms)) ?? 0,
    serverCpuMs: median(runs.map(({ report }) => report.serverCpuMs)) ?? 0,
  };
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : spread(known).median;
}
