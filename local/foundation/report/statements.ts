// The statements of the templates with what used them, and what happens without them.
import { wrap } from '../../replay/terminal/render.ts';
import type { Terminal } from '../../replay/terminal/terminal.ts';
import type { StatementUse } from '../statements/coverage.ts';
import type { Removal } from '../statements/each-statement.ts';
import { reasonOf } from '../statements/unused.ts';

/** The steps that used a statement, or why none does. */
export function useWords({ statement, steps }: StatementUse): string {
  const [first] = steps;
  if (first === undefined) return reasonOf(statement) ?? 'used by no step';
  const others = steps.length - 1;
  return `${first.phase}: ${first.name}${others > 0 ? `, and ${others} more` : ''}`;
}

/** Actions of a statement that nothing asked for, though other actions of it were. */
export function unusedActions({ actions, statement, steps }: StatementUse): string[] {
  return steps.length === 0
    ? []
    : statement.actions.filter((action) => !action.includes('*') && !actions.has(action));
}

/** Every statement under the role, bucket or key whose policy it is in. */
export function statementLines(uses: readonly StatementUse[], { paint, width }: Terminal): string {
  const labelWidth = Math.max(...uses.map(({ statement }) => statement.label.length));
  const lines: string[] = [];
  let heading = '';
  for (const use of uses) {
    const { account, label, owner, place, region } = use.statement;
    const where = `  ${paint('bold', owner)} ${paint('dim', `${PLACES[place]} ${account} ${region}`)}`;
    if (where !== heading) lines.push('', where);
    heading = where;
    const indent = ' '.repeat(labelWidth + 6);
    const colour = use.steps.length > 0 ? 'green' : reasonOf(use.statement) === undefined ? 'red' : 'dim';
    const [first = '', ...more] = wrap(`${indent}${useWords(use)}`, width());
    lines.push(`    ${label.padEnd(labelWidth)}  ${paint(colour, first.trimStart())}`, ...more);
    const unused = unusedActions(use);
    if (unused.length > 0) {
      lines.push(
        ...wrap(`${indent}not asked for: ${unused.join(', ')}`, width()).map((line) => paint('dim', line)),
      );
    }
  }
  return lines.join('\n');
}

const PLACES = { role: 'role', trust: 'role', key: 'key', bucket: 'bucket', other: 'policy' } as const;

/** What happens without a statement, as a row of a Markdown table. */
export function removalRow({ statement, step, message, reason }: Removal): string {
  const what = step ?? (reason === undefined ? '**nothing**' : 'nothing');
  const text = step === undefined ? (reason ?? '') : message.replaceAll(/\s*\n\s*/g, ' ');
  return `| ${statement.id} | ${what} | ${text.replaceAll('|', '\\|')} |`;
}

/** The same as JSON. */
export function removalDocument({ statement, step, message, reason }: Removal): object {
  return { statement: statement.id, step, message, reason };
}

/** The head of that table. */
export const REMOVAL_HEAD = '| without | fails | message |\n| --- | --- | --- |';
