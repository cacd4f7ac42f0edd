// What all copy strategies give.
import type { WrittenObject } from '../verify.ts';

/** How a copy ended: written, or stopped before the Lambda deadline with some parts done. */
export type CopyResult =
  | { readonly finished: true; readonly written: WrittenObject }
  | { readonly finished: false; readonly finishedParts: number };
