// Reads the function's JSON log lines for what it says about each finished copy.

import { parsed, record, text } from '../pipeline/event/json.ts';

/** What the function logs when a copy has been made and proved, or found to be there already. */
export interface CopyLogEntry {
  readonly artifact: string;
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
  readonly sizeBytes: number;
  readonly strategy: string;
  readonly proof: string | undefined;
  readonly durationMs: number | undefined;
  readonly kmsKeyArn: string | undefined;
}

/** The copy that a log line tells of, if it is such a line. */
export function parseCopyLine(line: string): CopyLogEntry | undefined {
  if (!line.includes('"Copy finished"')) return undefined;
  const entry = parseLogLine(line);
  if (entry?.message !== 'Copy finished') return undefined;
  const { durationMs } = entry;
  return {
    artifact: String(entry.artifact),
    bucket: String(entry.bucket),
    key: String(entry.key),
    region: String(entry.region),
    sizeBytes: Number(entry.sizeBytes),
    strategy: String(entry.strategy),
    proof: text(entry.proof),
    durationMs: typeof durationMs === 'number' ? durationMs : undefined,
    kmsKeyArn: text(entry.kmsKeyArn),
  };
}

/** A structured log line as an object; undefined for anything else. */
export function parseLogLine(line: string): Record<string, unknown> | undefined {
  const entry = line.startsWith('{') ? parsed(line) : undefined;
  return entry === undefined ? undefined : record(entry);
}
