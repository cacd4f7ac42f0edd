// Statements that no step of a run uses, each with the reason why it is there.
import type { StatementUse } from './coverage.ts';
import type { TemplateStatement } from './inventory.ts';

/** Why no step uses a statement; undefined for one that should be used. */
export function reasonOf({ place }: TemplateStatement): string | undefined {
  // The only ones: whoever adds a statement that no step uses has to say here what it is for.
  return place === 'other' ? 'topics are plain records here, whose policies nothing evaluates' : undefined;
}

/** Statements that no step used, and for which there is no reason. */
export function unexplained(uses: readonly StatementUse[]): TemplateStatement[] {
  return uses
    .filter(({ steps }) => steps.length === 0)
    .flatMap(({ statement }) => (reasonOf(statement) ? [] : [statement]));
}
