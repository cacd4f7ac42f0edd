// Turns what happens in a replay into progress: bytes from requests, the end of a copy from the function's own word.

import type { LoggedRequest } from '../../aws/state/request-log.ts';
import type { ExpectedCopy } from '../../pipeline/event.ts';
import type { Stage } from '../../pipeline/set-up.ts';
import { bytesToCompare } from '../compare/compare.ts';
import { parseCopyLine } from '../copy-log.ts';
import type { ReplayOptions } from '../options.ts';
import { formatDuration } from '../quantity.ts';
import { copyId } from '../report.ts';
import { type Progress, SILENT, startProgress, type Track } from './progress.ts';
import type { Paint } from './render.ts';

/** What the copies' progress is told. */
export interface CopyWatch {
  readonly progress: Progress;
  onRequest(request: LoggedRequest): void;
  onLine(line: string): void;
}

const WRITES: ReadonlySet<string> = new Set(['CopyObject', 'UploadPartCopy', 'PutObject', 'UploadPart']);

/** Shows the copies while the function runs. */
export function watchCopies(
  options: ReplayOptions,
  copies: readonly ExpectedCopy[],
  stage: Stage,
  paint: Paint,
): CopyWatch {
  const tracks = copies
    .filter(({ artifact }) => stage.recipes.has(artifact.name))
    .map(({ artifact, destination, key }) => ({
      id: copyId({ bucket: destination.bucket, key }),
      label: `${artifact.name} → ${destination.region}`,
      totalBytes: stage.sizesBytes.get(artifact.name) ?? 0,
    }));
  const progress = options.json ? SILENT : startProgress('Copying', tracks, process.stdout, paint);
  const doneBytes = new Map<string, number>();
  const finished = new Set<string>();
  return {
    progress,
    onRequest({ operation, bucket, key, status, errorCode, bytes }) {
      if (!WRITES.has(operation) || status >= 300 || errorCode || !bucket || !key) return;
      const id = copyId({ bucket, key });
      const done = (doneBytes.get(id) ?? 0) + bytes;
      doneBytes.set(id, done);
      progress.update(id, done);
    },
    onLine(line) {
      if (options.verbose) {
        if (options.json) process.stderr.write(`${line}\n`);
        else progress.print(paint('dim', line));
      }
      const copy = parseCopyLine(line);
      // A continued job tells of finished copies again.
      if (!copy || finished.has(copyId(copy))) return;
      finished.add(copyId(copy));
      const track = tracks.find(({ id }) => id === copyId(copy));
      const time = copy.durationMs === undefined ? '' : ` in ${formatDuration(copy.durationMs)}`;
      progress.update(copyId(copy), track?.totalBytes ?? copy.sizeBytes, `${copy.strategy}${time}`);
    },
  };
}

/** Shows a comparison while it runs. */
export async function compareWithProgress<T>(
  options: ReplayOptions,
  paint: Paint,
  stage: Stage,
  copies: readonly ExpectedCopy[],
  compare: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const track: Track = { id: 'compare', label: 'Comparing', totalBytes: bytesToCompare(stage, copies) };
  const progress = options.json ? SILENT : startProgress('Comparing', [track], process.stdout, paint);
  let done = 0;
  try {
    return await compare((bytes) => {
      done += bytes;
      progress.update(track.id, done);
    });
  } finally {
    progress.stop();
  }
}
