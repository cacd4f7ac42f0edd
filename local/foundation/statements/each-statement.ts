// Takes out each statement in turn, and sees which step fails: one whose removal fails nothing is more than is needed.

import type { CdkApp } from '../../cloudformation/cdk/cdk-app.ts';
import { deniedWords } from '../report/words.ts';
import { type RunOutcome, runFoundation } from '../run.ts';
import { without } from './change.ts';
import { statementsOf, type TemplateStatement } from './inventory.ts';
import { reasonOf } from './unused.ts';

/** What happens without a statement. */
export interface Removal {
  readonly statement: TemplateStatement;
  /** `PHASE: STEP` that fails first, or loses something; undefined when nothing does. */
  readonly step: string | undefined;
  /** Of AWS, or of the function. */
  readonly message: string;
  /** Why it may be removed without a failure. */
  readonly reason: string | undefined;
}

/** Removes one statement after the other, those of `only` or all. */
export async function* removeEach(
  foundation: CdkApp,
  release: Uint8Array,
  only?: readonly TemplateStatement[],
): AsyncGenerator<Removal> {
  const declared = statementsOf(foundation.stacks);
  for (const statement of only ?? declared) {
    const outcome = await runFoundation({
      ...foundation,
      stacks: without(foundation.stacks, statement),
      declared,
      release,
      approve: () => Promise.resolve(true),
      rarities: true,
    });
    yield { statement, ...consequenceOf(outcome), reason: reasonOf(statement) };
  }
}

function consequenceOf({ nameOf, steps }: RunOutcome): Pick<Removal, 'step' | 'message'> {
  const step = steps.find(({ failure, losses }) => failure !== undefined || losses.length > 0);
  if (step === undefined) return { step: undefined, message: '' };
  const { failure, losses, name, phase } = step;
  return {
    step: `${phase}: ${name}`,
    message: failure
      ? `${failure.code}: ${failure.message}`
      : `(succeeds without) ${losses.map((access) => deniedWords(access, nameOf))[0] ?? ''}`,
  };
}
