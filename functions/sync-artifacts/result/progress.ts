// Where a job stands: which copies were there, which are made and proved, and what the next invocation has to do.
import type { JobContext } from '../context/context.ts';
import { partSize } from '../plan/part-layout.ts';
import type { CopyPlan, PlannedCopy } from '../plan/plan.ts';
import { isEnough, isUnchanged, proofOfFinished } from '../proof/proof.ts';
import type { ProvedObject } from '../proof/verify-copy.ts';
import type { Checkpoint, CopyReport, StrategyName, SyncJob, UnfinishedUpload } from '../types.ts';
import { reportCopied, reportSkipped } from './copy-report.ts';

/** Where a job stands when an invocation ends without an error. */
export interface SyncOutcome {
  /** All copies, in the order of artifacts x destinations. */
  readonly planned: readonly PlannedCopy[];
  /** The finished ones at the same positions; `undefined` for one that the next invocation resumes. */
  readonly reports: readonly (CopyReport | undefined)[];
  /** Finished parts of the copies that are not finished. */
  readonly finishedParts: number;
  /** The uploads that they are in. */
  readonly uploads: readonly UnfinishedUpload[];
  /** Bytes that are where they belong, finished parts included. */
  readonly doneBytes: number;
}

/** Collects what becomes of the copies of one invocation, and reports each that is finished. */
export class SyncProgress {
  readonly #planned: readonly PlannedCopy[];
  readonly #job: SyncJob;
  readonly #checkpoint: Checkpoint | undefined;
  readonly #context: JobContext;
  readonly #startedAtMs: number;
  readonly #reports: (CopyReport | undefined)[];
  readonly #uploads: UnfinishedUpload[] = [];
  #finishedParts = 0;
  #doneBytes = 0;

  constructor(
    planned: readonly PlannedCopy[],
    job: SyncJob,
    checkpoint: Checkpoint | undefined,
    context: JobContext,
  ) {
    this.#planned = planned;
    this.#job = job;
    this.#checkpoint = checkpoint;
    this.#context = context;
    this.#startedAtMs = checkpoint?.startedAtMs ?? Date.now();
    this.#reports = planned.map(() => undefined);
  }

  /** Adds a copy that needs no work: it was there before, or an earlier invocation made it. `false` for one that is to be made. */
  addKnown(copy: PlannedCopy): boolean {
    const { task, plan } = copy;
    const claimed = this.#checkpoint?.finished[task.index];
    const isSource = plan.strategy === 'same-object';
    const earlier = claimed && (isSource || isUnchanged(task, claimed)) ? claimed : undefined;
    const proof = plan.strategy === 'skip' ? plan.proof : earlier && proofOfFinished(task, earlier);
    if (!isSource && (proof === undefined || !isEnough(proof.kind, this.#job.minimumProof))) return false;
    this.#add(reportSkipped(copy, isSource ? undefined : proof, earlier, this.#context));
    return true;
  }

  /** Takes back a copy that needed something more, for which there was no time. */
  reopen({ task }: PlannedCopy): void {
    if (this.#reports[task.index] === undefined) return;
    this.#reports[task.index] = undefined;
    this.#doneBytes -= task.source.sizeBytes;
  }

  /** Adds a copy that this invocation made and proved; with a strategy when it was made otherwise than planned. */
  addCopied({ task, plan }: PlannedCopy, strategy: StrategyName | undefined, proved: ProvedObject): void {
    const durationMs = Date.now() - this.#startedAtMs;
    const report = { task, strategy: strategy ?? plan.strategy, ...proved, durationMs };
    this.#add(reportCopied(report, this.#job.mode, this.#context));
  }

  /** Adds a copy that the deadline stopped. */
  addUnfinished(
    { task, plan }: PlannedCopy,
    { finishedParts, uploadId }: { readonly finishedParts: number; readonly uploadId?: string },
  ): void {
    this.#finishedParts += finishedParts;
    this.#doneBytes += partBytes(plan, finishedParts);
    if (uploadId !== undefined) this.#uploads.push([task.index, uploadId]);
  }

  outcome(): SyncOutcome {
    return {
      planned: this.#planned,
      reports: this.#reports,
      finishedParts: this.#finishedParts,
      uploads: this.#uploads,
      doneBytes: this.#doneBytes,
    };
  }

  #add(report: CopyReport): void {
    this.#reports[report.task.index] = report;
    this.#doneBytes += report.task.source.sizeBytes;
  }
}

function partBytes(plan: CopyPlan, parts: number): number {
  if (plan.strategy !== 'multipart' && plan.strategy !== 'relay') return 0;
  return Math.min(plan.layout.sizeBytes, parts * partSize(plan.layout, 1));
}
