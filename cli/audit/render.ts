// What audit prints: a table of the copies, and below it what is not as it was.
import { formatBytes, plural } from '../../functions/sync-artifacts/result/summary.ts';
import { type Column, table, wrap } from '../../local/replay/terminal/render.ts';
import { painter } from '../../local/replay/terminal/terminal.ts';
import type { Audit, AuditedCopy } from './audit.ts';

/** The audit as text that is at most `width` wide. */
export function renderAudit({ ok, copies }: Audit, width: number, colours: boolean): string {
  const paint = painter(colours);
  const told = copies.filter(({ state }) => state !== 'same');
  const parts = [
    table(AUDIT_COLUMNS, copies, width, paint),
    ...told.map((copy) => {
      const { bucket, key } = copy.destination;
      const mark = copy.ok ? paint('yellow', '!') : paint('red', '✗');
      return [
        `  ${mark} ${paint('bold', copy.state)}: ${copy.artifact} at s3://${bucket}/${key}`,
        ...copy.details.flatMap((detail) => wrap(`    ${detail}`, width - 2)),
      ].join('\n');
    }),
    paint(ok ? 'green' : 'red', auditSummary(copies)),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** One sentence for all of it. */
export function auditSummary(copies: readonly AuditedCopy[]): string {
  const wrong = copies.filter(({ ok }) => !ok).length;
  return wrong === 0
    ? `${copies.length === 1 ? 'The copy is' : `All ${copies.length} copies are`} what was built.`
    : `${plural(wrong, 'copy', 'copies')} of ${copies.length} cannot be shown to be what was built.`;
}

/** The columns; the page has the same. */
export const AUDIT_COLUMNS: readonly Column<AuditedCopy>[] = [
  { title: 'Artifact', shortest: 12, cell: ({ artifact }) => artifact },
  { title: 'Region', cell: ({ destination }) => destination.region ?? '' },
  { title: 'Destination', shortest: 20, cell: ({ destination }) => destination.bucket },
  { title: 'Size', align: 'right', dropped: 1, cell: ({ bytes }) => formatBytes(bytes) },
  { title: 'Revision', shortest: 9, cell: ({ revision }) => revision ?? '' },
  { title: 'Execution', shortest: 9, cell: ({ executionId }) => executionId ?? '' },
  { title: 'Since', cell: ({ found }) => found?.since?.replace(/:\d\d\.\d+Z$/, 'Z') ?? '' },
  { title: 'State', cell: ({ state, ok }) => `${ok ? '✓' : '✗'} ${state}` },
];
