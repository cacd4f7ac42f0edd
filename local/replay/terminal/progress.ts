// Shows how far things are: a bar for each on a terminal, plain lines everywhere else.
import { createLogUpdate } from 'log-update';
import { formatBytes, plural } from '../../../functions/sync-artifacts/result/summary.ts';
import { formatDuration } from '../quantity.ts';
import { shorten, shortenEnd, wrap } from './render.ts';
import type { Colour, Terminal } from './terminal.ts';

/** Something that grows to a known size. */
export interface Track {
  readonly id: string;
  readonly label: string;
  readonly totalBytes: number;
}

/** Shows tracks while they grow. */
interface Progress {
  /** Sets how many bytes of a track are done, and optionally a note when it is finished. */
  update(id: string, doneBytes: number, note?: string): void;
  /** Prints a line without disturbing the bars. */
  print(line: string): void;
  /** Takes the bars away. */
  stop(): void;
}

/** How often a plain log gets a line while nothing is finished. */
const PLAIN_INTERVAL_MS = 5_000;
const FRAME_INTERVAL_MS = 80;
const MAX_BAR_CELLS = 28;
/** A shorter bar says less than its percentage. */
const MIN_BAR_CELLS = 6;
/** Artifact names can have 100 characters. */
const MAX_LABEL = 44;
const MIN_LABEL = 12;
/** What stands beside a finished copy, mostly. */
const EXPECTED_NOTE = 'multipart in 999 ms';
const PERCENT = '100%';
/** Two spaces each before the label, the bar and the detail. */
const GAPS = 6;

interface State extends Track {
  doneBytes: number;
  note: string | undefined;
}

/** Bars on a terminal, lines of text elsewhere. `status` says what is waited for, if that is not plain to see. */
export function startProgress(
  title: string,
  tracks: readonly Track[],
  terminal: Terminal,
  status: () => string | undefined = () => undefined,
): Progress {
  const states = new Map(
    tracks.map((track): [string, State] => [track.id, { ...track, doneBytes: 0, note: undefined }]),
  );
  return terminal.redraws ? bars(states, terminal, status) : plainLines(title, states, terminal, status);
}

function update(states: ReadonlyMap<string, State>, id: string, doneBytes: number, note?: string) {
  const state = states.get(id);
  if (!state) return undefined;
  state.doneBytes = Math.min(doneBytes, state.totalBytes);
  if (note !== undefined) state.note = note;
  return state;
}

function bars(
  states: ReadonlyMap<string, State>,
  terminal: Terminal,
  status: () => string | undefined,
): Progress {
  // It counts the lines that it has drawn; all of them are kept shorter than the terminal is wide, and fewer than it is high.
  const draw = createLogUpdate(terminal.out as NodeJS.WritableStream);
  const render = (): void => void draw(terminal.adapt(frame([...states.values()], terminal, status())));
  const timer = setInterval(render, FRAME_INTERVAL_MS);
  render();
  return {
    update: (id, doneBytes, note) => void update(states, id, doneBytes, note),
    print(line) {
      draw.clear();
      for (const part of wrap(line, terminal.width() - 1)) terminal.print(part);
      render();
    },
    stop() {
      clearInterval(timer);
      draw.clear();
      draw.done();
    },
  };
}

/** All bars and the status, as far as there is room. */
function frame(states: readonly State[], terminal: Terminal, status: string | undefined): string {
  const width = terminal.width() - 1;
  // Two lines stay for the status and the cursor, one for what is left out.
  const room = Math.max(1, (terminal.out.rows ?? 24) - 3);
  const unfinished = states.filter(({ note }) => note === undefined);
  const shown = states.length <= room ? states : unfinished.slice(0, room);
  const hidden = states.length - shown.length;
  const lines = shown.map((state) => barLine(state, shown, width, terminal));
  if (hidden > 0)
    lines.push(
      `  … and ${plural(hidden, 'copy', 'copies')} more, ${states.length - unfinished.length} finished`,
    );
  if (status !== undefined) lines.push(terminal.paint('dim', shortenEnd(`  ${status}`, width)));
  return lines.join('\n');
}

function barLine(state: State, all: readonly State[], width: number, { paint }: Terminal): string {
  const { doneBytes, totalBytes, note } = state;
  const finished = note !== undefined;
  const progress = finished ? 1 : totalBytes === 0 ? 0 : doneBytes / totalBytes;
  const detailWidth = Math.max(
    ...all.map(
      ({ totalBytes: size, note: shown = EXPECTED_NOTE }) => formatBytes(size).length + shown.length + 2,
    ),
  );
  const labelWidth = Math.min(
    MAX_LABEL,
    Math.max(MIN_LABEL, width - detailWidth - PERCENT.length - GAPS),
    Math.max(...all.map(({ label }) => label.length)),
  );
  const label = shorten(state.label, labelWidth).padEnd(labelWidth);
  const percent = `${Math.floor(progress * 100)}%`.padStart(PERCENT.length);
  const detail = finished
    ? `${formatBytes(totalBytes)}  ${note}`
    : `${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`;
  const free = width - labelWidth - percent.length - detailWidth - GAPS - 1;
  const cells = free < MIN_BAR_CELLS ? 0 : Math.min(MAX_BAR_CELLS, free);
  const filled = Math.floor(progress * cells);
  const colour: Colour = finished ? 'green' : 'cyan';
  // Two characters, since there may be no colours.
  const bar =
    cells === 0 ? '' : `${paint(colour, '━'.repeat(filled))}${paint('dim', '─'.repeat(cells - filled))} `;
  const rest = shortenEnd(detail, width - labelWidth - percent.length - (cells === 0 ? 0 : cells + 1) - GAPS);
  return `  ${label}  ${bar}${percent}  ${finished ? rest : paint('dim', rest)}`;
}

function plainLines(
  title: string,
  states: ReadonlyMap<string, State>,
  terminal: Terminal,
  status: () => string | undefined,
): Progress {
  const started = performance.now();
  const all = [...states.values()];
  const totalBytes = all.reduce((sum, track) => sum + track.totalBytes, 0);
  const timer = setInterval(() => {
    const doneBytes = all.reduce((sum, state) => sum + state.doneBytes, 0);
    const percent = totalBytes === 0 ? 0 : Math.floor((doneBytes / totalBytes) * 100);
    const waiting = status();
    terminal.print(
      `  ${title}: ${percent}% (${formatBytes(doneBytes)}) after ${formatDuration(performance.now() - started)}${waiting === undefined ? '' : `. ${waiting}`}`,
    );
  }, PLAIN_INTERVAL_MS);
  return {
    update(id, doneBytes, note) {
      const state = update(states, id, doneBytes, note);
      if (state && note !== undefined)
        terminal.print(`  ${state.label}: ${formatBytes(state.totalBytes)}, ${note}`);
    },
    print: (line) => terminal.print(line),
    stop: () => clearInterval(timer),
  };
}
