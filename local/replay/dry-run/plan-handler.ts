// A handler that reads a job's facts and plans its copies with the function's own modules, and copies nothing.

import { BucketCache } from '../../../functions/sync-artifacts/aws/bucket-cache.ts';
import { S3ClientPool } from '../../../functions/sync-artifacts/aws/s3-clients.ts';
import { deadlineOf } from '../../../functions/sync-artifacts/context/deadline.ts';
import { createContext } from '../../../functions/sync-artifacts/create-context.ts';
import type { JobFailure } from '../../../functions/sync-artifacts/errors.ts';
import { parseJob } from '../../../functions/sync-artifacts/job/parse-job.ts';
import { partCount, partSize } from '../../../functions/sync-artifacts/plan/part-layout.ts';
import type { PlannedCopy } from '../../../functions/sync-artifacts/plan/plan.ts';
import { toJobFailure } from '../../../functions/sync-artifacts/result/failure.ts';
import { JobReporter, type LambdaContext } from '../../../functions/sync-artifacts/result/job-reporter.ts';
import { assertValidSettings, readSettings } from '../../../functions/sync-artifacts/settings.ts';
import { planJob } from '../../../functions/sync-artifacts/sync.ts';
import { createTelemetry } from '../../../functions/sync-artifacts/telemetry/telemetry.ts';

/** One copy as it would be made. */
export interface PlanLine {
  readonly artifact: string;
  readonly bucket: string;
  readonly key: string;
  readonly region: string;
  readonly sizeBytes: number;
  readonly strategy: string;
  readonly readableBy: string;
  readonly kmsKeyId: string;
  /** Absent for copies in one request and for those that need none. */
  readonly parts?: { readonly count: number; readonly sizeBytes: number };
}

/** The last line that the handler prints. */
export type PlanAnswer = { readonly plan: readonly PlanLine[] } | { readonly failure: JobFailure };

/** The handler; it prints a PlanAnswer. */
export async function handler(event: unknown, lambda: LambdaContext): Promise<void> {
  console.log(JSON.stringify(await answer(event, lambda)));
}

async function answer(event: unknown, lambda: LambdaContext): Promise<PlanAnswer> {
  const settings = readSettings(process.env);
  const deadline = deadlineOf(() => lambda.getRemainingTimeInMillis(), settings.deadlineMarginMs);
  const onThrottled = (): void => undefined;
  try {
    assertValidSettings(settings);
    const job = parseJob(event, settings.destinationSets);
    const context = createContext(job, deadline, {
      settings,
      telemetry: createTelemetry(process.env),
      clients: new S3ClientPool(settings, onThrottled),
      reporter: new JobReporter(settings, onThrottled),
      facts: new BucketCache(settings.bucketCacheMs),
    });
    return { plan: (await planJob(job, context)).map(lineOf) };
  } catch (error) {
    return { failure: toJobFailure(error) };
  } finally {
    deadline.clear();
  }
}

function lineOf({ task, plan }: PlannedCopy): PlanLine {
  const { source, destination, key } = task;
  const layout = 'layout' in plan ? plan.layout : undefined;
  return {
    artifact: source.artifact.name,
    bucket: destination.bucket,
    key,
    region: destination.region,
    sizeBytes: source.sizeBytes,
    strategy: plan.strategy,
    readableBy: source.readableBy,
    kmsKeyId: destination.encryption.kmsKeyId,
    ...(layout ? { parts: { count: partCount(layout), sizeBytes: partSize(layout, 1) } } : {}),
  };
}
