// Every access of a run, step by step: who did what, and which statements decided.
import type { Access } from '../../aws/state/access.ts';
import { wrap } from '../../replay/terminal/render.ts';
import type { Terminal } from '../../replay/terminal/terminal.ts';
import type { Step } from '../execution/steps.ts';
import type { RunOutcome } from '../run.ts';
import type { StatementNames } from '../statements/coverage.ts';
import { resourceWords, whoWords } from './words.ts';

/** What one principal did with one resource by the same statements, in one step. */
interface AccessGroup {
  readonly who: string;
  readonly resource: string;
  /** Each once. */
  readonly actions: readonly string[];
  readonly effect: Access['effect'];
  readonly decidedBy: string;
}

/** The accesses of a step, in the order in which they began. */
export function groupAccesses({ accesses }: Pick<Step, 'accesses'>, nameOf: StatementNames): AccessGroup[] {
  const groups = new Map<string, AccessGroup & { actions: string[] }>();
  for (const access of accesses) {
    const { action, effect } = access;
    const [who, resource] = [whoWords(access), resourceWords(access.resource)];
    const decidedBy = decidedByWords(access, nameOf);
    const key = JSON.stringify([who, resource, decidedBy]);
    const group = groups.get(key) ?? { who, resource, actions: [], effect, decidedBy };
    if (!group.actions.includes(action)) group.actions.push(action);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A paragraph for each step; nothing is shortened, so that it can be searched. */
export function accessLines({ nameOf, steps }: RunOutcome, { paint, width }: Terminal): string {
  return steps
    .filter(({ accesses }) => accesses.length > 0)
    .flatMap((step) => [
      '',
      `  ${paint('bold', `${step.phase}: ${step.name}`)}`,
      ...groupAccesses(step, nameOf).flatMap(({ actions, decidedBy, effect, resource, who }) => [
        ...wrap(`    ${who}: ${actions.join(', ')}`, width()),
        ...wrap(`        on ${resource}`, width()),
        ...wrap(`        ${decidedBy}`, width()).map((line) =>
          paint(effect === 'Allow' ? 'dim' : 'red', line),
        ),
      ]),
    ])
    .join('\n');
}

/** `by artsync-pipeline/InvokeSync`, or what is missing. */
function decidedByWords(access: Access, nameOf: StatementNames): string {
  const { by, effect, missing } = access;
  if (effect === 'ImplicitDeny') return `denied: no statement of the ${missing} policy allows it`;
  const statements = by.map((reference) => nameOf(access, reference)).join(' and ');
  if (effect === 'ExplicitDeny') return `denied by ${statements}`;
  return statements === '' ? 'as the administrator of the account' : `by ${statements}`;
}
