// Statements in templates: their names, taking them out, and seeing that each of them is needed.
import { describe, expect, it } from 'vitest';
import { findStatement, without } from '../../../local/foundation/statements/change.ts';
import { removeEach } from '../../../local/foundation/statements/each-statement.ts';
import { statementsOf, type TemplateStatement } from '../../../local/foundation/statements/inventory.ts';
import { release, type SampleFoundation, sample, small } from './sample.ts';

const { declared, stacks } = sample;

describe('the statements of the templates', () => {
  it('have a name each, which finds them again', () => {
    const ids = declared.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const each of declared) expect(findStatement(declared, each.id)).toBe(each);
  });

  it('are all that the templates hold', () => {
    const count = stacks.reduce(
      (sum, { template }) => sum + JSON.stringify(template).split('"Effect":').length - 1,
      0,
    );
    expect(declared).toHaveLength(count);
  });
});

describe('a statement that is taken out', () => {
  it('is gone, and no other', () => {
    for (const gone of declared) {
      const left = statementsOf(without(stacks, gone)).map(contentOf);
      const others = declared.filter((each) => each !== gone).map(contentOf);
      // A trust policy cannot be empty: its only statement denies.
      const denying = contentOf({ ...gone, effect: 'Deny' });
      const expected = gone.label === 'trust' ? [...others, denying] : others;
      expect(left.toSorted()).toEqual(expected.toSorted());
    }
  });

  it.each<[string, SampleFoundation, string, RegExp]>([
    [
      'small-artifacts-111122223333-eu-west-1/DenyWritesUnderOtherKeys',
      small,
      'Afterwards: Refusals',
      /Not refused: a write without KMS in small-artifacts-111122223333-eu-west-1/,
    ],
    ['artsync-lost-job/AnswerJobs', sample, 'Afterwards: Lost job', /Nobody failed the job/],
    [
      'artsync-sync-artifacts/FindSources',
      sample,
      'Afterwards: Missing revision',
      /^PermissionError: HeadObject/,
    ],
    [
      'small-access-logs-111122223333-eu-west-1/#3',
      small,
      'Afterwards: Access logs',
      /^\(succeeds without\) .*bucket policy allows logging\.s3\.amazonaws\.com s3:PutObject/,
    ],
  ])('is missed by a step, which says so: %s', async (id, foundation, step, message) => {
    const gone = findStatement(foundation.declared, id);
    const removals = [];
    for await (const removal of removeEach(foundation, release, [gone])) removals.push(removal);
    expect(removals).toEqual([
      expect.objectContaining({ statement: gone, step, message: expect.stringMatching(message) as string }),
    ]);
  });
});

/** What a statement says and where, whatever its number is. */
function contentOf({ actions, condition, effect, policyName, resource, stack }: TemplateStatement): string {
  return JSON.stringify([stack, resource, policyName, effect, actions, condition]);
}
