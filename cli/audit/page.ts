// The page of an audit: one self-contained HTML document without scripts.
import { pageOf } from '../../local/replay/page/frame.ts';
import { html } from '../../local/replay/page/html.ts';
import type { Audit } from './audit.ts';
import { AUDIT_COLUMNS, auditSummary } from './render.ts';

/** The document; `subject` is what was audited. */
export function auditPage({ ok, copies }: Audit, subject: string): string {
  return pageOf(
    `Audit of ${subject}`,
    html`<header>
<h1>Audit of ${subject}</h1>
<p class="verdict ${ok ? 'succeeded' : 'failed'}">${auditSummary(copies)}</p>
</header>
<section>
<h2>Copies</h2>
<table>
<thead><tr>${AUDIT_COLUMNS.map(({ title }) => html`<th>${title}</th>`)}<th>Details</th></tr></thead>
<tbody>
${copies.map(
  (copy) =>
    html`<tr>${AUDIT_COLUMNS.map(({ cell }) => html`<td>${cell(copy)}</td>`)}<td>${copy.details.join(' ')}</td></tr>`,
)}
</tbody>
</table>
</section>`,
  );
}
