// What doctor prints: what was looked at, what is wrong, and the statements to add, by the place where they belong.
import type { AllowStatement } from '../../functions/sync-artifacts/result/advice.ts';
import { plural } from '../../functions/sync-artifacts/result/summary.ts';
import { table, wrap } from '../../local/replay/terminal/render.ts';
import { type Paint, painter } from '../../local/replay/terminal/terminal.ts';
import type { DiagnosedDestination, Diagnosis, DoctorFinding } from './diagnosis.ts';

/** The diagnosis as text that is at most `width` wide, but for what is to be pasted. */
export function renderDiagnosis(diagnosis: Diagnosis, width: number, colours: boolean): string {
  const paint = painter(colours);
  const { destinations } = diagnosis;
  const findings = diagnosis.findings.toSorted((a, b) => a.severity.localeCompare(b.severity));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const mark = { error: paint('red', '✗'), warning: paint('yellow', '!') } as const;
  const parts = [
    head(diagnosis),
    ...(destinations.length === 0 ? [] : [table(COLUMNS, destinations, width, paint)]),
    ...findings.map((finding) => findingText(finding, mark[finding.severity], width, paint)),
    ...statementsByPlace(findings).map(
      ([place, statements]) =>
        `${paint('bold', `Add to the ${place}:`)}\n\n${JSON.stringify(statements, null, 2)}`,
    ),
    errors > 0
      ? paint(
          'red',
          `${plural(errors, 'error')}, ${plural(warnings, 'warning')}: jobs will fail, or it could not be seen that they will not.`,
        )
      : warnings > 0
        ? paint('yellow', `No error, ${plural(warnings, 'warning')}.`)
        : paint('green', 'Nothing is wrong.'),
  ];
  return `${parts.join('\n\n')}\n`;
}

const COLUMNS = [
  { title: 'Destination', shortest: 20, cell: ({ bucket }: DiagnosedDestination) => bucket },
  { title: 'Region', cell: ({ region }: DiagnosedDestination) => region ?? 'not found' },
  {
    title: 'Key',
    shortest: 16,
    cell: ({ kmsKey }: DiagnosedDestination) => kmsKey?.replace(/^.*?:(?:key\/)?(?=[^:]*$)/, '') ?? '',
  },
  { title: 'Versioning', cell: ({ versioning }: DiagnosedDestination) => versioning ?? '?' },
  {
    title: 'Object Lock',
    dropped: 1,
    cell: ({ objectLock }: DiagnosedDestination) =>
      objectLock === undefined ? '?' : objectLock ? 'on' : 'off',
  },
  { title: 'Upload', cell: ({ writable }: DiagnosedDestination) => (writable ? '✓ started' : '✗ refused') },
];

function head({ action, function: fn, sources }: Diagnosis): string {
  const lines = [
    ...(action === undefined
      ? []
      : [`  Pipeline   ${action.pipeline}, action ${action.stage}/${action.name}`]),
    ...(fn === undefined
      ? []
      : [
          `  Function   ${fn.arn}`,
          `             ${fn.runtime}, ${fn.memoryMiB} MiB, ${fn.timeoutSeconds} s, code ${fn.codeSha256}`,
          `  Role       ${fn.roleArn}`,
        ]),
    ...(fn === undefined
      ? []
      : sources.length === 0
        ? ['  Sources    none tried: no earlier execution has made the input artifacts']
        : sources.map(
            ({ artifact, bucket, key }, index) =>
              `${index === 0 ? '  Sources    ' : '             '}${artifact}: s3://${bucket}/${key}`,
          )),
  ];
  return lines.join('\n');
}

function findingText(
  { where, what, why, remedy }: DoctorFinding,
  mark: string,
  width: number,
  paint: Paint,
): string {
  const indented = (text: string): string[] => wrap(`    ${text}`, width - 2);
  return [
    `  ${mark} ${paint('bold', where)}`,
    ...indented(what),
    ...(why === undefined ? [] : indented(why)),
    ...(remedy?.command === undefined ? [] : [`    → ${remedy.command}`]),
    ...(remedy?.statement === undefined
      ? []
      : [`    → statement for the ${remedy.place ?? 'policy'}, below`]),
  ].join('\n');
}

/** Statements on the same resource are one. */
function statementsByPlace(findings: readonly DoctorFinding[]): [string, AllowStatement[]][] {
  const places = new Map<string, Map<string, AllowStatement>>();
  for (const { place, statement } of findings.flatMap(({ remedy }) => remedy ?? [])) {
    if (place === undefined || statement === undefined) continue;
    const statements = places.get(place) ?? new Map<string, AllowStatement>();
    const { Action, ...rest } = statement;
    const key = JSON.stringify(rest);
    const actions = new Set([...(statements.get(key)?.Action ?? []), ...Action]);
    statements.set(key, { ...statement, Action: [...actions].sort() });
    places.set(place, statements);
  }
  return [...places].map(([place, statements]) => [place, [...statements.values()]]);
}
