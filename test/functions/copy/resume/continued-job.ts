// Jobs whose first invocation ended before they were done, and their continuation tokens, whole or forged.
import { parseJob } from '../../../../functions/sync-artifacts/job/parse-job.ts';
import {
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../../../functions/sync-artifacts/result/checkpoint.ts';
import type { Checkpoint } from '../../../../functions/sync-artifacts/types.ts';
import type { EmbeddedAws } from '../../../../local/aws/embedded-aws.ts';
import type { Job } from '../../../../local/aws/state/code-pipeline/jobs.ts';
import { countOperations, createStage, MIB, runOnce, type Stage, type StageOptions } from './resume-stage.ts';

export const GIB = 1024 * MIB;
/** Few parts at a time, so that an invocation can end between them. */
export const SLOW = { SYNC_MAX_CONCURRENCY: '2' };

/** A Lambda limit that is as good as over once this invocation has copied n parts, and something else was asked for if need be. */
export function timeForParts(aws: EmbeddedAws, parts: number, other?: string): () => number {
  const before = aws.world.requests.length;
  const isOver = (): boolean => {
    const counts = countOperations(aws.world.requests.slice(before));
    return (counts.UploadPartCopy ?? 0) >= parts && (other === undefined || (counts[other] ?? 0) > 0);
  };
  return () => (isOver() ? 5_000 : 900_000);
}

export interface Continued {
  readonly stage: Stage;
  /** The job that CodePipeline made of the token. */
  readonly next: Job;
  readonly token: string;
}

/** A job whose first invocation ended after five parts, and another operation where one is named. */
export async function continueAfterParts(
  aws: EmbeddedAws,
  options: StageOptions,
  other?: string,
): Promise<Continued> {
  const stage = createStage(aws, options);
  let next: Job | undefined;
  const unsubscribe = aws.world.codePipeline.onJob((job) => {
    next = job;
  });
  const { result } = await runOnce(stage, { environment: SLOW, remainingMs: timeForParts(aws, 5, other) });
  unsubscribe();
  const token = result.input.continuationToken;
  if (next === undefined || typeof token !== 'string') throw new Error('the job did not continue');
  return { stage, next, token };
}

/** The event of a job with another token in place of its own. */
export function withToken({ job }: Stage, next: Job, continuationToken: string) {
  return {
    'CodePipeline.job': { ...job, id: next.id, data: { ...next.data, continuationToken } },
  };
}

/** What a token says, changed and with a valid digest: as somebody would forge it who knows how. */
export function forged({ stage, next, token }: Continued, change: (checkpoint: Checkpoint) => Checkpoint) {
  const { binding, artifacts, destinations } = parseJob(stage.job.event);
  const artifactCount = artifacts.length;
  const counts = { binding, artifactCount, copyCount: artifactCount * destinations.length };
  const checkpoint = decodeCheckpoint(token, counts, Date.now());
  if (checkpoint === undefined) throw new Error('the token is not valid');
  return withToken(stage, next, encodeCheckpoint(change(checkpoint), binding));
}
