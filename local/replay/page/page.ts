// The page of a replay: one self-contained HTML document without scripts, for screens light and dark, and for paper.
import { formatBytes, plural } from '../../../functions/sync-artifacts/result/summary.ts';
import { groupBy } from '../../../functions/sync-artifacts/util.ts';
import type { LoggedRequest } from '../../aws/state/request-log.ts';
import { formatDuration } from '../quantity.ts';
import type { CopyOutcome, JobOutcome, ReplayReport } from '../report-schema.ts';
import { strategyWords } from '../terminal/watch.ts';
import { pageOf } from './frame.ts';
import { html, type Markup } from './html.ts';
import { arrangeTimeline, type Bar } from './timeline.ts';
import { type Span, timelineSvg } from './timeline-svg.ts';

/** The document. `requests` are those of the function, in the last run. */
export function replayPage(report: ReplayReport, requests: readonly LoggedRequest[]): string {
  const starts = report.invocations.map(({ startedAt }) => Date.parse(startedAt));
  const beganAtMs = Math.min(...starts, ...requests.map(({ startedAt }) => startedAt.getTime()));
  const timeline = arrangeTimeline(requests, report.copies, beganAtMs);
  const bars = timeline.groups.flatMap((group) => group.bars);
  return pageOf(
    `Replay of ${report.event}: ${VERDICTS[report.verdict]}`,
    html`<header>
<h1>Replay of ${report.event}</h1>
<p>${report.shows}</p>
<p class="verdict ${report.verdict}">${VERDICTS[report.verdict]}</p>
</header>
${report.assumptions.map((assumption) => html`<p class="note">${assumption}</p>`)}
<section class="figures">${figures(report, bars)}</section>
<section>
<h2>What the pipeline shows</h2>
${resultHtml(report.result)}
</section>
<section>
<h2>Every request, by copy</h2>
<p class="legend">${LEGEND.map(([kind, text]) => html`<span><i class="swatch ${kind}"></i>${text}</span>`)}</p>
${timelineSvg(timeline, spans(report, beganAtMs))}
<p class="hint">Shaded: the function runs. Rest the pointer on a bar to read its request.</p>
</section>
<section>
<h2>Copies</h2>
${copiesTable(report.copies, bars)}
</section>
${variablesHtml(report.result)}
<section class="columns">
<div><h2>Requests</h2>${requestsTable(bars)}</div>
<div><h2>Memory</h2>${memoryTable(report)}</div>
</section>
<footer>Times are those of this machine${report.network ? ` under modelled latency, from ${report.network.homeRegion}` : ', without the latency of a network'}. They are not those of AWS.</footer>`,
  );
}

const VERDICTS: Readonly<Record<ReplayReport['verdict'], string>> = {
  succeeded: 'Succeeded',
  'failed-as-expected': 'Failed, as this sample is meant to',
  failed: 'Failed',
  'wrong-copies': 'Succeeded, but copies are wrong',
  'out-of-memory': 'Killed: out of memory',
  'no-result': 'No result',
};

const LEGEND: readonly (readonly [string, string])[] = [
  ['look', 'reads facts'],
  ['read', 'reads content'],
  ['write', 'copies or writes'],
  ['finish', 'begins or completes an upload'],
  ['clean', 'cleans up'],
  ['report', 'reports to CodePipeline'],
  ['failed', 'failed'],
  ['retry', 'further attempt (outlined)'],
];

type Figure = readonly [title: string, value: string, note: string];

function figures(report: ReplayReport, bars: readonly Bar[]): readonly Markup[] {
  const { jobMs, invocations, continuations, functionPeakBytes, memoryMib, network } = report;
  const failed = bars.filter((bar) => bar.failed).length;
  const struck = Object.entries(report.faults).filter(([, count]) => count > 0);
  const facts: Figure[] = [
    [
      'Time',
      formatDuration(jobMs),
      network?.limitMs === undefined ? '' : `at least ${formatDuration(network.limitMs)}`,
    ],
    ['Invocations', String(invocations.length), plural(continuations, 'continuation')],
    ['Requests', String(bars.length), failed === 0 ? 'none failed' : `${failed} failed`],
    [
      'Memory',
      functionPeakBytes === undefined ? 'unknown' : formatBytes(functionPeakBytes),
      `of ${memoryMib} MiB`,
    ],
    ['Read back', formatBytes(report.comparedBytes), comparedWords(report.copies)],
    ...struck.map(([kind, count]): Figure => ['Fault', kind, `struck ${plural(count, 'time')}`]),
  ];
  return facts.map(
    ([title, value, note]) =>
      html`<div><dt>${title}</dt><dd>${value}</dd><dd class="small">${note}</dd></div>`,
  );
}

function comparedWords(copies: readonly CopyOutcome[]): string {
  const compared = copies.filter(({ identical }) => identical !== undefined);
  if (compared.length === 0) return 'nothing compared';
  const wrong = compared.filter(({ identical }) => identical === false).length;
  return wrong === 0 ? 'byte for byte the same' : `${wrong} of ${compared.length} wrong`;
}

function resultHtml({ status, summary, failureType, message }: JobOutcome): Markup {
  const titles = { Succeeded: 'Succeeded', Failed: `Failed: ${failureType}`, NoAnswer: 'No answer' };
  const text = status === 'Succeeded' ? summary : message;
  return html`<div class="result ${status}"><p><strong>${titles[status]}</strong></p><p>${text}</p></div>`;
}

function variablesHtml({ outputVariables = {} }: JobOutcome): Markup {
  const variables = Object.entries(outputVariables);
  if (variables.length === 0) return html``;
  return html`<section><h2>Output variables</h2><table class="plain">${variables.map(
    ([name, value]) => html`<tr><th>${name}</th><td><code>${value}</code></td></tr>`,
  )}</table></section>`;
}

function copiesTable(copies: readonly CopyOutcome[], bars: readonly Bar[]): Markup {
  return html`<div class="scroll"><table>
<thead><tr><th>Artifact</th><th>Destination</th><th>Size</th><th>How</th><th>Proof</th><th>Time</th><th>Bytes</th></tr></thead>
<tbody>${copies.map((copy) => {
    const parts = new Set(
      bars.flatMap(({ request, failed }) =>
        !failed && request.bucket === copy.bucket && request.key === copy.key
          ? (request.partNumber ?? [])
          : [],
      ),
    ).size;
    const how = `${howCopied(copy)}${parts > 0 ? `, ${plural(parts, 'part')}` : ''}`;
    return html`<tr><td>${copy.artifact}</td><td>${copy.region}<br><code class="small">s3://${copy.bucket}/${copy.key}</code><br><code class="small">${copy.kmsKeyArn}</code></td><td class="number">${copy.sizeBytes === undefined ? '' : formatBytes(copy.sizeBytes)}</td><td class="how">${how}</td><td>${copy.proof}</td><td class="number">${copy.durationMs ? formatDuration(copy.durationMs) : ''}</td><td class="${copy.identical === false ? 'wrong' : 'right'}">${copy.identical === undefined ? '' : copy.identical ? '✓ same' : `✗ ${(copy.problems ?? []).join('; ')}`}</td></tr>`;
  })}</tbody></table></div>`;
}

function howCopied({ status, strategy = '', error }: CopyOutcome): string {
  if (status === 'failed')
    return error ? `failed: ${error.operation} ${error.httpStatus} ${error.code ?? ''}`.trim() : 'failed';
  return status === 'not-finished' ? 'not finished' : strategyWords(strategy);
}

function requestsTable(bars: readonly Bar[]): Markup {
  const rows = [...groupBy(bars, ({ request }) => request.operation)].toSorted(
    ([, one], [, other]) => other.length - one.length,
  );
  const most = rows[0]?.[1].length ?? 1;
  return html`<div class="scroll"><table class="plain">${rows.map(([operation, group]) => {
    const answered = group.filter(({ failed }) => !failed);
    const failed = group.length - answered.length;
    const bytes = answered.reduce((sum, { request }) => sum + request.bytes, 0);
    const width = Math.max(1, Math.round((group.length / most) * 100));
    return html`<tr><th>${operation}</th><td class="meter"><i class="swatch ${group[0]?.kind}" style="width:${width}%"></i></td><td class="number">${group.length}</td><td>${failed > 0 ? `${failed} failed` : ''}</td><td class="number">${bytes > 0 ? formatBytes(bytes) : ''}</td></tr>`;
  })}</table></div>`;
}

function memoryTable({ invocations, memoryMib }: ReplayReport): Markup {
  const limitBytes = memoryMib * 2 ** 20;
  return html`<div class="scroll"><table class="plain">${invocations.map(
    ({ peakMemoryBytes, outcome, durationMs, attempt }, index) => {
      const share =
        peakMemoryBytes === undefined ? 0 : Math.min(100, Math.round((peakMemoryBytes / limitBytes) * 100));
      const label = `Invocation ${index + 1}${attempt > 1 ? `, attempt ${attempt}` : ''}`;
      return html`<tr><th>${label}</th><td class="meter"><i class="swatch ${outcome === 'ok' ? 'write' : 'failed'}" style="width:${share}%"></i></td><td class="number">${peakMemoryBytes === undefined ? '' : formatBytes(peakMemoryBytes)}</td><td>${outcome === 'ok' ? '' : outcome}</td><td class="number">${formatDuration(durationMs)}</td></tr>`;
    },
  )}</table></div><p class="hint">The whole width is ${memoryMib} MiB.</p>`;
}

function spans({ invocations }: ReplayReport, beganAtMs: number): Span[] {
  return invocations.map(({ startedAt, durationMs, outcome, attempt }, index) => {
    const startMs = Date.parse(startedAt) - beganAtMs;
    const label = `${attempt > 1 ? 'attempt' : 'invocation'} ${attempt > 1 ? attempt : index + 1}${outcome === 'ok' ? '' : `: ${outcome}`}`;
    return { label, startMs, endMs: startMs + durationMs, failed: outcome !== 'ok' };
  });
}
