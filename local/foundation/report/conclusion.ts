// Says in the end what came of a run: who acted, what was missing, and the verdict.
import { plural } from '../../../functions/sync-artifacts/result/summary.ts';
import type { Access } from '../../aws/state/access.ts';
import { section, table } from '../../replay/terminal/render.ts';
import type { Colour, Terminal } from '../../replay/terminal/terminal.ts';
import type { Step } from '../execution/steps.ts';
import type { RunOutcome } from '../run.ts';
import type { StatementNames, StatementUse } from '../statements/coverage.ts';
import { pictureOf } from './picture.ts';
import { deniedWords, verdictOf, whoWords } from './words.ts';

/** The table of roles, and the verdict. */
export function conclusion(
  { assumptions, nameOf, pipeline, steps, uses }: RunOutcome,
  { paint, width }: Terminal,
): string {
  const stages = new Set(pipeline?.stages.map(({ name }) => name));
  const actions = steps.filter(({ phase }) => stages.has(phase)).length;
  const failed = steps.filter(({ failure }) => failure !== undefined);
  const losses = steps.filter((step) => step.losses.length > 0);
  const count = steps.reduce((sum, { accesses }) => sum + accesses.length, 0);
  const [colour, lines]: [Colour, string[]] =
    failed.length > 0
      ? ['red', failed.flatMap((step) => failureLines(step, nameOf))]
      : losses.length > 0
        ? ['yellow', losses.flatMap((step) => lossLines(step, nameOf))]
        : [
            'green',
            [
              `${plural(actions, 'action')}, ${plural(count, 'access', 'accesses')}, each decided by the policies of the templates.`,
            ],
          ];
  return [
    ...(pipeline ? ['', `  ${pictureOf(pipeline, steps, { paint })}`] : []),
    '',
    table(
      [
        { title: 'Role', cell: ({ name }) => name },
        { title: 'Account', cell: ({ account }) => account },
        { title: 'Accesses', align: 'right', cell: ({ accesses }) => String(accesses) },
        { title: 'Statements used', align: 'right', cell: ({ used, of }) => `${used} of ${of}` },
      ],
      rolesOf(steps, uses),
      width(),
      paint,
    ),
    ...assumptions.map((assumption) => `  ${paint('yellow', '!')} ${assumption}`),
    '',
    section(verdictOf({ steps }), lines, width(), colour, paint),
  ].join('\n');
}

function failureLines({ accesses, failure, name }: Step, nameOf: StatementNames): string[] {
  const denied = accesses.findLast(({ effect }) => effect !== 'Allow');
  return [
    `${name}: ${failure?.code}`,
    ...(failure?.message.split('\n') ?? []).map((line) => `  ${line}`),
    ...(denied ? [`  ${deniedWords(denied, nameOf)}`] : []),
  ];
}

/** Each once. */
function lossLines({ losses, name, phase }: Step, nameOf: StatementNames): string[] {
  return [`${phase}: ${name}`, ...new Set(losses.map((access) => `  ${deniedWords(access, nameOf)}`))];
}

/** The roles of the templates that acted. */
function rolesOf(steps: readonly Step[], uses: readonly StatementUse[]) {
  const accesses = steps.flatMap((step) => step.accesses);
  const ofRoles = uses.filter(({ statement }) => statement.place === 'role');
  const roles = Map.groupBy(ofRoles, ({ deployedName, statement }) => `${statement.account} ${deployedName}`);
  return [...roles]
    .map(([role, own]) => {
      const [account = '', name = ''] = role.split(' ');
      const by = accesses.filter((access) => whoWords(access) === name && accountOf(access) === account);
      const used = own.filter((use) => use.steps.length > 0).length;
      return { name, account, accesses: by.length, used, of: own.length };
    })
    .filter((row) => row.accesses > 0);
}

function accountOf({ principalArn }: Access): string | undefined {
  return principalArn.split(':')[4];
}
