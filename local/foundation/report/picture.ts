// The pipeline in one line: `✓ Source → ✓ Sync → … Dev → Test → Prod`.
import type { Terminal } from '../../replay/terminal/terminal.ts';
import type { PipelineDeclaration } from '../execution/declaration.ts';
import type { Step } from '../execution/steps.ts';

/** How far it is. `current` is the phase that runs, while one does. */
export function pictureOf(
  pipeline: PipelineDeclaration | undefined,
  steps: readonly Step[],
  { paint }: Pick<Terminal, 'paint'>,
  current?: string,
): string {
  return (pipeline?.stages ?? [])
    .map(({ name, actions }) => {
      // The last attempt at each action counts.
      const latest = actions.map((action) =>
        steps.findLast((step) => step.phase === name && step.name === action.name),
      );
      if (name === current) return paint('cyan', `… ${name}`);
      if (latest.some((step) => step?.failure)) return paint('red', `✗ ${name}`);
      return latest.includes(undefined) ? paint('dim', name) : paint('green', `✓ ${name}`);
    })
    .join(paint('dim', ' → '));
}
