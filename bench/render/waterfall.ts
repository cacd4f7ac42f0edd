// One job as an SVG waterfall: a bar for each request, over the phases of the job.
import { PHASES, type Phases } from '../measure/phases.ts';
import type { TimelineEntry } from '../server/server-messages.ts';
import { picture, text } from './svg.ts';

/** What is drawn. */
interface Waterfall {
  readonly title: string;
  readonly elapsedMs: number;
  readonly phases: Phases;
  /** In milliseconds since the start of the process. */
  readonly timeline: readonly TimelineEntry[];
}

const WIDTH = 880;
const LABEL_WIDTH = 220;
const ROW_HEIGHT = 11;
const PHASES_TOP = 30;
const TOP = 72;
/** Rows for requests of one kind and region; more of them share rows. */
const MAX_ROWS_OF_A_KIND = 16;
const PHASE_COLOURS: Readonly<Record<keyof Phases, string>> = {
  start: '#8c959f',
  import: '#6e7781',
  connect: '#bf8700',
  look: '#0969da',
  copy: '#1a7f37',
  prove: '#8250df',
  report: '#57606a',
};
const COLOURS: readonly (readonly [RegExp, string])[] = [
  [/^(?:Head|Get|List)/, '#0969da'],
  [/^(?:Copy|Upload|Create|Complete|Put(?!Job))/, '#1a7f37'],
  [/^PutJob/, '#57606a'],
];

/** Draws it; text colours fit light and dark pages. */
export function renderWaterfall({ title, elapsedMs, phases, timeline }: Waterfall): string {
  const x = (ms: number): number => LABEL_WIDTH + (ms / elapsedMs) * (WIDTH - LABEL_WIDTH - 10);
  const pieces = [text(0, 16, title, 'font-weight="600"'), ...phaseBar(phases, x)];
  let y = TOP;
  for (const { label, rows } of lanesOf(timeline)) {
    pieces.push(text(LABEL_WIDTH - 8, y + 9, label, 'text-anchor="end"'));
    for (const row of rows) {
      for (const entry of row) pieces.push(...bars(entry, x, y));
      y += ROW_HEIGHT;
    }
    y += 4;
  }
  for (const ms of ticks(elapsedMs))
    pieces.push(
      `<line x1="${fixed(x(ms))}" y1="${TOP - 6}" x2="${fixed(x(ms))}" y2="${y}" stroke="#8c959f" stroke-opacity=".3"/>`,
      text(x(ms), TOP - 10, `${ms} ms`, 'text-anchor="middle"'),
    );
  const style = 'text{font:11px system-ui,sans-serif;fill:#6e7781}';
  return picture({ width: WIDTH, height: y, label: title, style }, pieces);
}

function phaseBar(phases: Phases, x: (ms: number) => number): string[] {
  let fromMs = 0;
  return PHASES.flatMap((phase) => {
    const toMs = fromMs + Math.max(0, phases[phase]);
    const [left, right] = [x(fromMs), x(toMs)];
    fromMs = toMs;
    const wide = right - left > 40;
    return [
      `<rect x="${fixed(left)}" y="${PHASES_TOP}" width="${fixed(right - left)}" height="14" fill="${PHASE_COLOURS[phase]}"><title>${phase} ${Math.round(phases[phase])} ms</title></rect>`,
      ...(wide
        ? [`<text x="${fixed(left + 4)}" y="${PHASES_TOP + 11}" style="fill:#fff">${phase}</text>`]
        : []),
    ];
  });
}

/** Requests of one operation and region side by side, those that do not overlap in one row. */
function lanesOf(timeline: readonly TimelineEntry[]): { label: string; rows: TimelineEntry[][] }[] {
  const lanes = new Map<string, TimelineEntry[][]>();
  for (const entry of timeline) {
    const label = `${entry.operation} ${entry.region}`;
    const rows = lanes.get(label) ?? [];
    lanes.set(label, rows);
    const free = rows.find((row) => (row.at(-1)?.endMs ?? 0) <= entry.startMs);
    if (free !== undefined) free.push(entry);
    else if (rows.length < MAX_ROWS_OF_A_KIND) rows.push([entry]);
    else rows[rows.length - 1]?.push(entry);
  }
  return [...lanes].map(([label, rows]) => ({ label, rows }));
}

function bars(
  { operation, status, startMs, endMs, connectMs }: TimelineEntry,
  x: (ms: number) => number,
  y: number,
): string[] {
  const colour =
    status >= 400 ? '#cf222e' : (COLOURS.find(([kind]) => kind.test(operation))?.[1] ?? '#8c959f');
  const bar = (fromMs: number, toMs: number, fill: string): string =>
    `<rect x="${fixed(x(fromMs))}" y="${y}" width="${fixed(Math.max(1, x(toMs) - x(fromMs)))}" height="${ROW_HEIGHT - 2}" fill="${fill}"><title>${operation} ${status}: ${Math.round(startMs)} to ${Math.round(endMs)} ms</title></rect>`;
  const open = startMs + Math.min(connectMs, endMs - startMs);
  return [...(connectMs > 0 ? [bar(startMs, open, PHASE_COLOURS.connect)] : []), bar(open, endMs, colour)];
}

function ticks(elapsedMs: number): number[] {
  const step =
    [50, 100, 200, 500, 1000, 2000, 5000].find((candidate) => elapsedMs / candidate <= 10) ?? 10_000;
  return Array.from({ length: Math.floor(elapsedMs / step) + 1 }, (_, index) => index * step);
}

function fixed(value: number): string {
  return value.toFixed(1);
}
