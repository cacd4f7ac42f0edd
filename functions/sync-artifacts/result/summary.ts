// What a finished or continuing job says of itself to people and to later actions.
import type { CopyReport, Mode } from '../types.ts';

/** The sentence that the pipeline's console shows, such as `Synced 2 artifacts (312.4 MiB) to 3 regions in 8.2 s, 1 already there`. */
export function summarise(reports: readonly CopyReport[], durationMs: number, mode?: Mode): string {
  const { artifactCount, copiesSkipped } = totalsOf(reports);
  const sizes = new Map(reports.map(({ task }) => [task.source.artifact.name, task.source.sizeBytes]));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const regions = new Set(reports.map(({ task }) => task.destination.region)).size;
  if (mode === 'audit') {
    return `Found ${plural(artifactCount, 'artifact')} (${formatBytes(bytes)}) as built in ${plural(regions, 'region')} in ${formatSeconds(durationMs)}`;
  }
  const skipped = copiesSkipped === 0 ? '' : `, ${copiesSkipped} already there`;
  const proved = reports.filter(({ proof }) => proof?.kind === 'size-only').length;
  const weak = proved === 0 ? '' : `, ${proved} proved by size only`;
  return `Synced ${plural(artifactCount, 'artifact')} (${formatBytes(bytes)}) to ${plural(regions, 'region')} in ${formatSeconds(durationMs)}${skipped}${weak}`;
}

/** The sentence for a job that continues in another invocation. */
export function summariseProgress(
  finished: number,
  copies: number,
  doneBytes: number,
  totalBytes: number,
  durationMs: number,
): string {
  return `Synced ${finished} of ${plural(copies, 'copy', 'copies')}, ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, in ${formatSeconds(durationMs)}; continuing`;
}

/** Output variables of the action (DESIGN section 4), for `#{namespace.BytesCopied}`. */
export function outputVariables(reports: readonly CopyReport[], durationMs: number): Record<string, string> {
  const totals = totalsOf(reports);
  const variables: Record<string, string> = {
    ArtifactCount: String(totals.artifactCount),
    DestinationCount: String(totals.destinationCount),
    BytesCopied: String(totals.bytesCopied),
    CopiesSkipped: String(totals.copiesSkipped),
    DurationMs: String(Math.round(durationMs)),
  };
  for (const { task } of reports) {
    const { artifact, checksum, etag } = task.source;
    variables[`${artifact.name}_ObjectKey`] ??= task.key;
    variables[`${artifact.name}_Checksum`] ??=
      checksum === undefined ? `ETag:${etag}` : `${checksum.algorithm}:${checksum.value}`;
  }
  return variables;
}

/** Bytes in binary units, as artifacts are sized in quotas and on the command line: `1 byte`, `38 KiB`, `312.4 MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return plural(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  // What rounds up to 1024 of a unit is one of the next.
  const power = units.findIndex((_, index) => bytes / 1024 ** (index + 1) < 1023.95);
  const index = power < 0 ? units.length - 1 : power;
  return `${(bytes / 1024 ** (index + 1)).toFixed(1).replace(/\.0$/, '')} ${units[index]}`;
}

/** Milliseconds as seconds with one decimal. */
export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** `1 region`, `3 regions`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function totalsOf(reports: readonly CopyReport[]) {
  const made = reports.filter(({ strategy }) => strategy !== 'skip' && strategy !== 'same-object');
  return {
    artifactCount: new Set(reports.map(({ task }) => task.source.artifact.name)).size,
    destinationCount: new Set(reports.map(({ task }) => task.destination.bucket)).size,
    /** Bytes that were copied, by this and earlier invocations; nothing for what was there already. */
    bytesCopied: made.reduce((sum, { task }) => sum + task.source.sizeBytes, 0),
    copiesSkipped: reports.length - made.length,
  };
}
