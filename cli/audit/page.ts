// The page of an audit: one self-contained HTML document without scripts.
import { html, Markup } from '../../local/replay/page/html.ts';
import { STYLE } from '../../local/replay/page/style.ts';
import type { Audit } from './audit.ts';
import { AUDIT_COLUMNS, auditSummary } from './render.ts';

/** The document; `subject` is what was audited. */
export function auditPage({ ok, copies }: Audit, subject: string): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${`Audit of ${subject}`}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
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
</section>
</body>
</html>
`;
  return page.text;
}
