// The benchmark's results as an SVG bar chart that needs no library and no fonts of its own.
import { ONE_COPY_OBJECT, THIS_FUNCTION, WITH_DESTINATION_SET } from '../contenders/functions.ts';
import { PEER_NAMES } from '../contenders/peers.ts';
import type { BenchResult, CaseResult } from '../measure/results.ts';
import { resultOf } from '../measure/results.ts';
import { picture, text } from './svg.ts';

const WIDTH = 880;
const LABEL_WIDTH = 170;
const VALUE_WIDTH = 110;
const BAR_HEIGHT = 13;
const BAR_GAP = 3;
const CASE_GAP = 30;
const TOP = 64;

const OWN = [THIS_FUNCTION, WITH_DESTINATION_SET];
const SERIES = [...OWN, ...PEER_NAMES, ONE_COPY_OBJECT];

interface Bar {
  readonly label: string;
  readonly ms: number;
  readonly colour: string;
}

/** Cold times of every case, on a logarithmic axis; a line marks the limit. */
export function renderChart({ cases }: BenchResult): string {
  const groups = cases.map((measured) => ({ measured, bars: barsOf(measured) }));
  const all = groups.flatMap(({ measured, bars }) => [measured.coldLimitMs, ...bars.map(({ ms }) => ms)]);
  const minMs = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const maxMs = Math.max(...all);
  const chartWidth = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const x = (ms: number): number =>
    LABEL_WIDTH + (Math.log10(ms / minMs) / Math.log10(maxMs / minMs)) * chartWidth;
  const pieces: string[] = [];
  let y = TOP;
  for (const { measured, bars } of groups) {
    pieces.push(text(0, y, measured.benchCase.title, 'font-weight="600"'));
    y += 8;
    const top = y;
    for (const { label, ms, colour } of bars) {
      pieces.push(
        text(LABEL_WIDTH - 8, y + 10, label, 'text-anchor="end" class="label"'),
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${Math.max(1, x(ms) - LABEL_WIDTH).toFixed(1)}" height="${BAR_HEIGHT}" fill="${colour}" rx="2"/>`,
        text(x(ms) + 6, y + 10, seconds(ms), 'class="label"'),
      );
      y += BAR_HEIGHT + BAR_GAP;
    }
    const limitX = x(measured.coldLimitMs).toFixed(1);
    pieces.push(`<line x1="${limitX}" y1="${top - 2}" x2="${limitX}" y2="${y}" class="limit"/>`);
    y += CASE_GAP;
  }
  const style =
    'text{font:13px system-ui,sans-serif;fill:#57606a}.label{font-size:11px}.limit{stroke:#cf222e;stroke-width:1.5;stroke-dasharray:3 2}';
  return picture({ width: WIDTH, height: y, label: 'Time to copy, cold, by case and tool', style }, [
    text(0, 16, 'Time to copy, process start included (logarithmic)', 'font-weight="600"'),
    `<line x1="0" y1="32" x2="18" y2="32" class="limit"/>`,
    text(24, 36, 'what no client can beat on the modelled network', 'class="label"'),
    ...pieces,
  ]);
}

function barsOf(measured: CaseResult): Bar[] {
  return SERIES.flatMap((label) => {
    const result = resultOf(measured, label, 'cold');
    const colour = OWN.includes(label) ? '#1a7f37' : '#8c959f';
    return result === undefined ? [] : [{ label, ms: result.elapsedMs.median, colour }];
  });
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
