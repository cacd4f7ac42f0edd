// Reads the sizes and durations that a user types, such as 2GiB, 10MB, 20s or 5min.

const SIZE_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['B', 1],
  ...['K', 'M', 'G', 'T'].flatMap((prefix, index): [string, number][] => [
    [`${prefix}B`, 1000 ** (index + 1)],
    [`${prefix}IB`, 1024 ** (index + 1)],
  ]),
]);

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['min', 60_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** Bytes in a size such as `2GiB`, `1.5MB` or `4096`; undefined when it is not one. */
export function parseSizeBytes(text: string): number | undefined {
  return inUnit(text.toUpperCase(), SIZE_UNITS);
}

/** Milliseconds in a duration such as `20s`, `5min` or `1500ms`; undefined when it is not one. */
export function parseDurationMs(text: string): number | undefined {
  return inUnit(text, DURATION_UNITS_MS);
}

function inUnit(text: string, units: ReadonlyMap<string, number>): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = units.get(unit);
  return amount === undefined || factor === undefined ? undefined : Math.round(Number(amount) * factor);
}

/** A duration as people read it, such as `812 ms`, `8.2 s`, `3 min 05 s` or `12 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return inTwo(seconds, 'min', 's');
  return inTwo(Math.round(seconds / 60), 'h', 'min');
}

/** Sixty of the smaller unit are one of the larger. */
function inTwo(amount: number, large: string, small: string): string {
  const rest = amount % 60;
  return `${Math.floor(amount / 60)} ${large}${rest === 0 ? '' : ` ${String(rest).padStart(2, '0')} ${small}`}`;
}
