// Statements in templates: their names, taking them out, and seeing that each of them is needed.
import { describe, expect, it } from 'vitest';
import { findStatement, without } from '../../../local/foundation/statements/change.ts';
import { removeEach } from '../../../local/foundation/statements/each-statement.ts';
import { statementsOf, type TemplateStatement } from '../../../local/foundation/statements/inventory.ts';
import { declared, foundation, release, statement } from './sample.ts';

describe('the statements of the templates', () => {
  it('have a name each, which finds them again', () => {
    const ids = declared.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const each of declared) expect(findStatement(declared, each.id)).toBe(each);
  });

  it('are all that the templates hold', () => {
    const count = foundation.stacks.reduce(
      (sum, { template }) => sum + JSON.stringify(template).split('"Effect":').length - 1,
      0,
    );
    expect(declared).toHaveLength(count);
  });
});

describe('a statement that is taken out', () => {
  it('is gone, and no other', () => {
    for (const gone of declared) {
      const left = statementsOf(without(foundation.stacks, gone)).map(contentOf);
      const others = declared.filter((each) => each !== gone).map(contentOf);
      // A trust policy cannot be empty: its only statement denies.
      const denying = contentOf({ ...gone, effect: 'Deny' });
      const expected = gone.label === 'trust' ? [...others, denying] : others;
      expect(left.toSorted()).toEqual(expected.toSorted());
    }
  });

  it('is missed by a step, which says so', async () => {
    const some = [
      'artsync-artifacts-111122223333-us-east-1/DenyWritesUnderOtherKeys',
      'artsync-lost-job/AnswerJobs',
      'artsync-sync-artifacts/FindSources',
      'artsync-access-logs-111122223333-us-east-1/#3',
    ].map(statement);
    const removals = [];
    for await (const removal of removeEach(foundation, release, some)) removals.push(removal);
    expect(removals.map(({ step }) => step)).toEqual([
      'Afterwards: Refusals',
      'Afterwards: Lost job',
      'Afterwards: Missing revision',
      'Afterwards: Access logs',
    ]);
    expect(removals.map(({ message }) => message)).toEqual([
      expect.stringMatching(/Not refused: a write without KMS in artsync-artifacts-111122223333-us-east-1/),
      expect.stringMatching(/Nobody failed the job/),
      expect.stringMatching(/^PermissionError: HeadObject/),
      expect.stringMatching(
        /^\(succeeds without\) .*bucket policy allows logging\.s3\.amazonaws\.com s3:PutObject/,
      ),
    ]);
  });
});

/** What a statement says and where, whatever its number is. */
function contentOf({ actions, condition, effect, policyName, resource, stack }: TemplateStatement): string {
  return JSON.stringify([stack, resource, policyName, effect, actions, condition]);
}
