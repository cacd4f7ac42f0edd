// Draws the time line of a job as SVG; colours come from the page, light or dark.
import { formatBytes } from '../../../functions/sync-artifacts/result/summary.ts';
import { formatDuration } from '../quantity.ts';
import { shortenEnd } from '../terminal/render.ts';
import { html, type Markup } from './html.ts';
import type { Bar, Group, Timeline } from './timeline.ts';

/** When an invocation ran, since the job began. */
export interface Span {
  readonly label: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
}

const WIDTH = 1100;
const LEFT = 210;
/** What fits into the column of titles. */
const TITLE_CHARACTERS = 36;
const TOP = 34;
const GROUP_GAP = 14;
/** A group of many lanes gets thinner ones. */
const MAX_GROUP_HEIGHT = 110;
const MIN_GROUP_HEIGHT = 26;
const MAX_LANE_HEIGHT = 8;
/** A request that is too short to be seen is drawn this wide. */
const MIN_BAR_WIDTH = 1.5;
const TICKS = 8;

/** The picture: one row for each group, one bar for each request, a band for each invocation. */
export function timelineSvg({ groups, endMs }: Timeline, invocations: readonly Span[]): Markup {
  const lastMs = Math.max(endMs, ...invocations.map((span) => span.endMs));
  const x = (ms: number): number => round(LEFT + (ms / lastMs) * (WIDTH - LEFT - 10));
  let top = TOP;
  const rows = groups.map((group) => {
    const row = { group, top, height: heightOf(group) };
    top += row.height + GROUP_GAP;
    return row;
  });
  const bottom = top;
  return html`<svg class="timeline" viewBox="0 0 ${WIDTH} ${bottom + 22}" role="img" aria-label="Every request of the job by copy and time">
${invocations.map(
  ({ label, startMs, endMs: end, failed }, index) =>
    html`<rect class="invocation${failed ? ' failed' : ''}" x="${x(startMs)}" y="${TOP - 16}" width="${round(Math.max(2, x(end) - x(startMs)))}" height="${bottom - TOP + 10}"><title>${label}</title></rect>
<text class="small" x="${x(startMs) + 4}" y="${TOP - 20}">${invocations.length > 12 ? index + 1 : label}</text>`,
)}
${ticks(lastMs).map(
  (ms) =>
    html`<line class="tick" x1="${x(ms)}" x2="${x(ms)}" y1="${TOP - 6}" y2="${bottom}"/><text class="small" text-anchor="middle" x="${x(ms)}" y="${bottom + 14}">${formatDuration(ms)}</text>`,
)}
${rows.map(
  ({ group, top: y, height }) =>
    html`<g><line class="rule" x1="0" x2="${WIDTH}" y1="${y + height + GROUP_GAP / 2}" y2="${y + height + GROUP_GAP / 2}"/>
<text class="group" x="0" y="${y + 11}">${shortenEnd(group.title, TITLE_CHARACTERS)}</text><text class="small" x="0" y="${y + 23}">${shortenEnd(group.detail, TITLE_CHARACTERS)}</text>
${group.bars.map((bar) => barSvg(bar, group, y, height, x))}</g>`,
)}
</svg>`;
}

function barSvg(bar: Bar, group: Group, top: number, height: number, x: (ms: number) => number): Markup {
  const lane = height / group.lanes;
  const thickness = Math.min(MAX_LANE_HEIGHT, lane * 0.86);
  const left = x(bar.startMs);
  const width = round(Math.max(MIN_BAR_WIDTH, x(bar.endMs) - left));
  const classes = `bar ${bar.kind}${bar.failed ? ' failed' : ''}${bar.isRetry ? ' retry' : ''}`;
  return html`<rect class="${classes}" x="${left}" y="${round(top + bar.lane * lane)}" width="${width}" height="${round(thickness)}"><title>${describe(bar)}</title></rect>`;
}

/** The tooltip of a bar. */
function describe({ request, startMs, endMs, isRetry }: Bar): string {
  const { operation, partNumber, region, status, errorCode, bytes } = request;
  return [
    `${operation}${partNumber === undefined ? '' : ` part ${partNumber}`} in ${region}`,
    `${formatDuration(endMs - startMs)} from ${formatDuration(startMs)} on`,
    status === 0 ? 'the connection broke' : `${status}${errorCode === undefined ? '' : ` ${errorCode}`}`,
    ...(bytes > 0 ? [formatBytes(bytes)] : []),
    ...(isRetry ? ['a further attempt'] : []),
  ].join(', ');
}

function heightOf({ lanes }: Group): number {
  return Math.max(MIN_GROUP_HEIGHT, Math.min(MAX_GROUP_HEIGHT, lanes * MAX_LANE_HEIGHT));
}

/** Round times, about TICKS of them. */
function ticks(endMs: number): number[] {
  const rough = endMs / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough;
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
