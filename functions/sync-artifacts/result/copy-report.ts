// Reports a finished copy: to the log, to the metrics, and as data for summary and manifest.

import type { JobContext } from '../context/context.ts';
import type { PlannedCopy } from '../plan/plan.ts';
import type { CopyReport, FinishedCopy, Mode, ObjectFacts, Proof } from '../types.ts';
import { omitUndefined } from '../util.ts';

/** Logs and counts a copy that this invocation made, or found made by somebody else when it was about to. */
export function reportCopied(
  report: CopyReport & { readonly durationMs: number },
  mode: Mode,
  context: JobContext,
): CopyReport {
  const { task, strategy, durationMs } = report;
  const { telemetry } = context;
  const { sizeBytes } = task.source;
  const dimensions = { DestinationRegion: task.destination.region };
  if (strategy === 'skip') {
    telemetry.count('CopiesSkipped', dimensions);
  } else {
    telemetry.record('CopyLatency', durationMs, dimensions);
    telemetry.record('CopyThroughput', sizeBytes / (Math.max(1, durationMs) / 1000), dimensions);
    telemetry.record('BytesCopied', sizeBytes, dimensions);
    telemetry.count('ArtifactsCopied', dimensions);
    if (strategy === 'relay' && mode === 'auto') telemetry.count('RelayFallbacks', dimensions);
  }
  log(report, context);
  return report;
}

/** Reports a copy that needed no work in this invocation: it was there before, or an earlier invocation of the job made it. */
export function reportSkipped(
  { task, plan }: PlannedCopy,
  proof: Proof | undefined,
  earlier: FinishedCopy | undefined,
  context: JobContext,
): CopyReport {
  const made = earlier !== undefined && earlier.strategy !== 'skip' && earlier.strategy !== 'same-object';
  if (earlier === undefined) {
    context.telemetry.count('CopiesSkipped', { DestinationRegion: task.destination.region });
  }
  const { versionId, etag, checksum }: Partial<ObjectFacts> =
    (plan.strategy === 'same-object' ? task.source : task.existing) ?? {};
  const report: CopyReport = {
    task,
    strategy: earlier?.strategy ?? plan.strategy,
    ...omitUndefined({ proof, versionId, etag, checksum }),
    ...(made ? {} : { durationMs: 0 }),
  };
  log(report, context);
  return report;
}

function log({ task, strategy, proof, durationMs }: CopyReport, context: JobContext): void {
  context.telemetry.info('Copy finished', {
    artifact: task.source.artifact.name,
    bucket: task.destination.bucket,
    key: task.key,
    region: task.destination.region,
    sizeBytes: task.source.sizeBytes,
    strategy,
    proof: proof?.kind,
    proofAlgorithm: proof?.algorithm,
    kmsKeyArn: proof?.kmsKeyArn,
    durationMs,
  });
}
