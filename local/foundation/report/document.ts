// The document of `--json`: steps with their accesses, and the use of every statement.
import type { RunOutcome } from '../run.ts';
import { reasonOf } from '../statements/unused.ts';
import { unusedActions } from './statements.ts';

/** Plain JSON; `schema` changes when what it says changes its meaning. */
export function documentOf({ assumptions, pipeline, steps, succeeded, uses }: RunOutcome): object {
  return {
    schema: 1,
    succeeded,
    assumptions,
    pipeline: pipeline?.name,
    steps: steps.map(({ durationMs, ...step }) => ({ ...step, durationMs: Math.round(durationMs) })),
    statements: uses.map((use) => ({
      id: use.statement.id,
      effect: use.statement.effect,
      usedBy: use.steps.map(({ name, phase }) => `${phase}: ${name}`),
      unusedActions: unusedActions(use),
      unusedBecause: use.steps.length === 0 ? reasonOf(use.statement) : undefined,
    })),
  };
}
