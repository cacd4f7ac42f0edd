// The Range header of reads.
import { AwsError } from '../../aws-error.ts';

/** From `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A single byte range; undefined for a header that HTTP says to ignore. @throws InvalidRange */
export function parseRange(header: string, sizeBytes: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header.trim());
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, first = '', last = ''] = match;
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= sizeBytes || start >= end) {
    throw unsatisfiable('The requested range is not satisfiable', 'InvalidRange', sizeBytes);
  }
  return { start, end };
}

/** The 416 that names the actual size. */
export function unsatisfiable(message: string, code: string, sizeBytes: number): AwsError {
  return new AwsError(
    416,
    code,
    message,
    { ActualObjectSize: String(sizeBytes) },
    { 'content-range': `bytes */${sizeBytes}` },
  );
}
