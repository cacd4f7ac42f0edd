// Shows how far the copies are: a bar for each on a terminal, plain lines everywhere else.

import { constants } from 'node:os';
import type { Writable } from 'node:stream';
import { MultiBar, type SingleBar } from 'cli-progress';
import { formatBytes } from '../../../functions/sync-artifacts/result/summary.ts';
import { formatDuration } from '../quantity.ts';
import { type Paint, shorten } from './render.ts';

/** Something that grows to a known size. */
export interface Track {
  readonly id: string;
  readonly label: string;
  readonly totalBytes: number;
}

/** Shows tracks while they grow. */
export interface Progress {
  /** Sets how many bytes of a track are done, and optionally what is to be said about it. */
  update(id: string, doneBytes: number, note?: string): void;
  /** Prints a line without disturbing the bars. */
  print(line: string): void;
  stop(): void;
}

/** How often a plain log gets a line while nothing is finished. */
const PLAIN_INTERVAL_MS = 5_000;
/** Cells of a bar, as many as the terminal has room for. */
const MIN_BAR_CELLS = 8;
const MAX_BAR_CELLS = 28;
/** What a line has besides its label and its bar: gaps, percent, size and a note such as `multipart in 951 ms`. */
const OTHER_COLUMNS = 41;
/** Artifact names can have 100 characters. */
const MAX_LABEL = 44;
const INTERRUPTS = ['SIGINT', 'SIGTERM'] as const;

/** Bars on a terminal, lines of text elsewhere. */
export function startProgress(
  title: string,
  tracks: readonly Track[],
  out: Writable & { readonly isTTY?: boolean },
  paint: Paint,
): Progress {
  const isTerminal = out.isTTY === true && process.env.TERM !== 'dumb';
  return isTerminal ? bars(tracks, out, paint) : plainLines(title, tracks, out);
}

/** Shows nothing, for `--json`. */
export const SILENT: Progress = {
  update: () => undefined,
  print: () => undefined,
  stop: () => undefined,
};

function bars(tracks: readonly Track[], out: Writable, paint: Paint): Progress {
  const labelWidth = Math.min(MAX_LABEL, Math.max(0, ...tracks.map(({ label }) => label.length)));
  const sizeWidth = Math.max(0, ...tracks.map(({ totalBytes }) => formatBytes(totalBytes).length));
  const multi = new MultiBar({
    stream: out as NodeJS.WritableStream,
    hideCursor: true,
    gracefulExit: false,
    clearOnComplete: false,
    forceRedraw: false,
    emptyOnZero: false,
    autopadding: true,
    fps: 20,
    format: (_options, { progress, value, total, maxWidth }, payload: { label: string; note: string }) => {
      const room = maxWidth - labelWidth - OTHER_COLUMNS;
      const cells = Math.max(MIN_BAR_CELLS, Math.min(MAX_BAR_CELLS, room));
      const filled = Math.floor(progress * cells);
      const colour = progress >= 1 ? 'green' : 'cyan';
      // Two characters, since there may be no colours.
      const bar = paint(colour, '━'.repeat(filled)) + paint('dim', '─'.repeat(cells - filled));
      const percent = `${Math.floor(progress * 100)}%`.padStart(4);
      const size =
        progress >= 1
          ? formatBytes(total).padStart(sizeWidth)
          : `${formatBytes(value)} of ${formatBytes(total)}`;
      const label = shorten(payload.label, labelWidth).padEnd(labelWidth);
      return `  ${label}  ${bar} ${percent}  ${size}  ${paint('dim', payload.note)}`;
    },
  });
  const interrupted = (signal: NodeJS.Signals): void => {
    // The terminal gets its cursor back.
    multi.stop();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of INTERRUPTS) process.once(signal, interrupted);
  const byId = new Map<string, { bar: SingleBar; track: Track }>(
    tracks.map((track) => {
      const bar = multi.create(Math.max(track.totalBytes, 1), 0, { label: track.label, note: '' });
      return [track.id, { bar, track }];
    }),
  );
  return {
    update(id, doneBytes, note) {
      const entry = byId.get(id);
      if (!entry) return;
      const value = entry.track.totalBytes === 0 && note !== undefined ? 1 : doneBytes;
      entry.bar.update(Math.min(value, entry.bar.getTotal()), note === undefined ? {} : { note });
    },
    print: (line) => multi.log(`${line}\n`),
    stop: () => {
      // What stop() draws itself it cuts to the terminal's width with the colours' escape sequences counted in.
      multi.update();
      multi.stop();
      for (const signal of INTERRUPTS) process.off(signal, interrupted);
    },
  };
}

function plainLines(title: string, tracks: readonly Track[], out: Writable): Progress {
  const doneBytes = new Map<string, number>();
  const totalBytes = tracks.reduce((sum, track) => sum + track.totalBytes, 0);
  const started = performance.now();
  const print = (line: string): void => void out.write(`${line}\n`);
  const timer = setInterval(() => {
    const done = [...doneBytes.values()].reduce((sum, bytes) => sum + bytes, 0);
    const percent = totalBytes === 0 ? 0 : Math.floor((done / totalBytes) * 100);
    print(
      `  ${title}: ${percent}% (${formatBytes(done)}) after ${formatDuration(performance.now() - started)}`,
    );
  }, PLAIN_INTERVAL_MS);
  return {
    update(id, bytes, note) {
      const track = tracks.find((candidate) => candidate.id === id);
      if (!track) return;
      doneBytes.set(id, Math.min(bytes, track.totalBytes));
      if (note !== undefined) print(`  ${track.label}: ${formatBytes(track.totalBytes)}, ${note}`);
    },
    print,
    stop: () => clearInterval(timer),
  };
}
