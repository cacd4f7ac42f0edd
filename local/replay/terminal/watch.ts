// Turns what happens in a replay into progress: bytes from requests, the end of a copy from the function's own word.
import { formatBytes } from '../../../functions/sync-artifacts/result/summary.ts';
import { hasFailed, type LoggedRequest } from '../../aws/state/request-log.ts';
import type { ExpectedCopy } from '../../pipeline/event/event.ts';
import type { Stage } from '../../pipeline/set-up.ts';
import { bytesToCompare } from '../compare/compare.ts';
import { parseCopyLine } from '../copy-log.ts';
import { formatDuration } from '../quantity.ts';
import { copyId } from '../report.ts';
import { Activity } from './activity.ts';
import { startProgress, type Track } from './progress.ts';
import type { Terminal } from './terminal.ts';

const WRITES: ReadonlySet<string> = new Set(['CopyObject', 'UploadPartCopy', 'PutObject', 'UploadPart']);

const STRATEGY_WORDS: Readonly<Record<string, string>> = {
  object: 'CopyObject',
  multipart: 'multipart',
  relay: 'relayed',
  skip: 'already there',
  'same-object': 'is the source',
};

/** What a strategy of the function is called where people read it. */
export function strategyWords(strategy: string): string {
  return STRATEGY_WORDS[strategy] ?? strategy;
}

/** Shows the copies while the function runs. `sizesBytes` is unknown on the real AWS, where each copy gets a line when it is done. */
export function watchCopies(
  copies: readonly ExpectedCopy[],
  sizesBytes: ReadonlyMap<string, number> | undefined,
  terminal: Terminal,
) {
  const tracks = copies.flatMap(({ artifact, destination, key }): Track[] => {
    const totalBytes = sizesBytes?.get(artifact.name);
    const id = copyId({ bucket: destination.bucket, key });
    const label = `${artifact.name} → ${destination.region}`;
    return totalBytes === undefined ? [] : [{ id, label, totalBytes }];
  });
  const activity = new Activity(copies.length);
  const progress = startProgress('Copying', tracks, terminal, () => activity.describe());
  const doneBytes = new Map<string, number>();
  const finished = new Set<string>();
  return {
    print: (line: string): void => progress.print(line),
    stop: (): void => progress.stop(),
    onRequest(request: LoggedRequest): void {
      const { operation, bucket, key, bytes } = request;
      const isWrite = WRITES.has(operation);
      activity.onRequest(request, isWrite);
      if (!isWrite || hasFailed(request) || !bucket || !key) return;
      const id = copyId({ bucket, key });
      const done = (doneBytes.get(id) ?? 0) + bytes;
      doneBytes.set(id, done);
      progress.update(id, done);
    },
    onLine(line: string): void {
      const copy = parseCopyLine(line);
      // A continued job tells of finished copies again.
      if (!copy || finished.has(copyId(copy))) return;
      finished.add(copyId(copy));
      activity.onFinished();
      const time = copy.durationMs ? ` in ${formatDuration(copy.durationMs)}` : '';
      const note = `${strategyWords(copy.strategy)}${time}`;
      if (sizesBytes) progress.update(copyId(copy), copy.sizeBytes, note);
      else progress.print(`  ${copy.artifact} → ${copy.region}: ${formatBytes(copy.sizeBytes)}, ${note}`);
    },
  };
}

/** Shows a comparison while it runs. */
export async function compareWithProgress<T>(
  terminal: Terminal,
  stage: Stage,
  copies: readonly ExpectedCopy[],
  compare: (onBytes: (bytes: number) => void) => Promise<T>,
): Promise<T> {
  const track: Track = { id: 'compare', label: 'Comparing', totalBytes: bytesToCompare(stage, copies) };
  const progress = startProgress('Comparing', [track], terminal);
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
