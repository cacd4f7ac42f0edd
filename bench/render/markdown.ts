// The benchmark's results as Markdown tables.
import { ONE_COPY_OBJECT, THIS_FUNCTION, WITH_DESTINATION_SET } from '../contenders/functions.ts';
import { PEER_NAMES } from '../contenders/peers.ts';
import type { Temperature } from '../job/job.ts';
import { PHASES } from '../measure/phases.ts';
import type { BenchResult, CaseResult, ContenderResult } from '../measure/results.ts';
import { limitOf, resultOf } from '../measure/results.ts';

/** Columns of what it is compared with, in this order. */
const PEERS = [WITH_DESTINATION_SET, ...PEER_NAMES, ONE_COPY_OBJECT, 'bare loop of part copies'];

/** Times side by side, then what they cost, then how they were measured. */
export function renderMarkdown(result: BenchResult): string {
  return [
    'Seconds, median of the runs (in brackets: how many times as long as this function). Cold counts the start of the process, warm does not.',
    '',
    timesTable(result, 'cold'),
    '',
    timesTable(result, 'warm'),
    '',
    'Where the time of a cold job of this function goes, in milliseconds:',
    '',
    phasesTable(result),
    '',
    'What one warm job takes:',
    '',
    economyTable(result),
    '',
    footnote(result),
    '',
  ].join('\n');
}

function timesTable({ cases }: BenchResult, temperature: Temperature): string {
  const rows = cases.map((measured) => {
    const own = resultOf(measured, THIS_FUNCTION, temperature);
    return [
      measured.benchCase.title,
      seconds(limitOf(measured, temperature)),
      own === undefined ? '' : `**${seconds(own.elapsedMs.median)}** (${spreadText(own)})`,
      own === undefined ? '' : own.ratioToLimit.toFixed(2),
      ...PEERS.map((peer) => peerText(measured, own, peer, temperature)),
    ];
  });
  return table([`${temperature}`, 'limit', 'this function', 'ratio to limit', ...PEERS], rows);
}

function phasesTable({ cases }: BenchResult): string {
  const rows = cases.flatMap((measured) => {
    const { phases, elapsedMs } = resultOf(measured, THIS_FUNCTION, 'cold') ?? {};
    if (phases === undefined || elapsedMs === undefined) return [];
    const all = [...PHASES.map((phase) => phases[phase]), elapsedMs.median];
    return [[measured.benchCase.title, ...all.map((ms) => String(Math.round(ms)))]];
  });
  return table(['case', ...PHASES, 'in all'], rows);
}

function peerText(
  measured: CaseResult,
  own: ContenderResult | undefined,
  peer: string,
  temperature: Temperature,
): string {
  const result = resultOf(measured, peer, temperature);
  if (result === undefined) {
    return measured.absences.find(({ name }) => name === peer)?.reason ?? '';
  }
  const ratio = own === undefined ? '' : ` (${(result.elapsedMs.median / own.elapsedMs.median).toFixed(1)})`;
  return `${seconds(result.elapsedMs.median)}${ratio}`;
}

function economyTable({ cases }: BenchResult): string {
  const rows = cases.flatMap((measured) => {
    const own = resultOf(measured, THIS_FUNCTION, 'warm');
    if (own === undefined) return [];
    const { cost } = own;
    return [
      [
        measured.benchCase.title,
        requestsText(own.requests),
        `${(own.bytesPerSecond / 1e9).toFixed(2)} GB/s`,
        `${((own.cpuMs ?? 0) / 1000).toFixed(2)} s`,
        `${Math.round((own.peakResidentBytes ?? 0) / 1e6)} MB`,
        ...[cost.requestsUsd, cost.transferUsd, cost.lambdaUsd, cost.totalUsd].map(usd),
      ],
    ];
  });
  const costs = ['requests', 'transfer', 'Lambda', 'total'].map((part) => `${part} USD`);
  return table(['case', 'requests', 'speed', 'CPU', 'peak memory', ...costs], rows);
}

function requestsText(requests: Readonly<Record<string, number>>): string {
  return Object.entries(requests)
    .toSorted(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${count} ${kind.slice(kind.indexOf(' ') + 1)}`)
    .join(', ');
}

function footnote({ date, machine, conditions, cases }: BenchResult): string {
  const versions = new Map(
    cases.flatMap(({ results }) => results.map(({ name, version }) => [name, version] as const)),
  );
  const latenessMs = Math.max(
    ...cases.flatMap(({ results }) => results.map(({ serverLatenessP50Ms }) => serverLatenessP50Ms)),
  );
  return [
    `${date}, ${machine.cores} cores (${machine.model}), Node ${machine.node}, server and client on the same machine; ${conditions.tls ? 'TLS' : 'no TLS'}, ${conditions.oneCore ? 'one core' : 'all cores'} for each contender, S3 as in the ${conditions.profile} profile.`,
    [...versions].map(([name, version]) => `${name}: ${version}`).join('; '),
    `Answers left the modelled network at most ${latenessMs.toFixed(1)} ms late (the worst of all medians).`,
  ].join('\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  );
}

function spreadText({ elapsedMs }: ContenderResult): string {
  return `${seconds(elapsedMs.min)} to ${seconds(elapsedMs.max)}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? (ms / 1000).toFixed(2) : (ms / 1000).toFixed(1);
}

function usd(amount: number): string {
  return amount < 0.01 ? amount.toFixed(6) : amount.toFixed(4);
}
