// What all copy strategies give.

import type { StrategyName, WrittenObject } from '../types.ts';

/** How a copy ended: written, or stopped before the Lambda deadline with some parts done. */
export type CopyResult =
  | {
      readonly finished: true;
      readonly written: WrittenObject;
      /** Set when the copy was made otherwise than planned. */
      readonly strategy?: StrategyName;
    }
  | {
      readonly finished: false;
      readonly finishedParts: number;
      /** The upload to go on with. */
      readonly uploadId?: string;
    };
