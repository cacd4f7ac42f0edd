// What all copy strategies give.

import type { ProvedObject } from '../proof/verify-copy.ts';
import type { CopyTask, StrategyName, WrittenObject } from '../types.ts';

/** A copy that is at its destination, but not proved yet. */
export interface FinishedCopyResult {
  readonly finished: true;
  readonly written: WrittenObject;
  /** Set when the copy was made otherwise than planned; `skip` when it turned out to be there already. */
  readonly strategy?: StrategyName;
  /** Set when a look at what is there has proved it. */
  readonly proved?: ProvedObject;
  /** The task as a look at its destination showed it, which nobody had taken when it began. */
  readonly task?: CopyTask;
}

/** A copy that the deadline stopped before anything of it was done. */
export const UNFINISHED = { finished: false, finishedParts: 0 } as const satisfies CopyResult;

/** How a copy ended: written, or stopped before the Lambda deadline with some parts done. */
export type CopyResult =
  | FinishedCopyResult
  | {
      readonly finished: false;
      readonly finishedParts: number;
      /** The upload to resume. */
      readonly uploadId?: string;
    };
