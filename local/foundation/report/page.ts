// The page of a run: the pipeline, its steps with their accesses, and the use of every statement, as one HTML document.

import { pageOf } from '../../replay/page/frame.ts';
import { html, Markup } from '../../replay/page/html.ts';
import { formatDuration } from '../../replay/quantity.ts';
import type { Step } from '../execution/steps.ts';
import type { RunOutcome } from '../run.ts';
import type { StatementNames } from '../statements/coverage.ts';
import { groupAccesses } from './accesses.ts';
import { pictureOf } from './picture.ts';
import { unusedActions, useWords } from './statements.ts';
import { deniedWords, verdictOf, whoWords } from './words.ts';

/** The document. */
export function pageOfRun(outcome: RunOutcome): string {
  const { nameOf, pipeline, steps, succeeded, uses } = outcome;
  const title = `Run of ${pipeline?.name ?? 'the foundation'}`;
  const phases = [...new Set(steps.map(({ phase }) => phase))];
  const accesses = steps.flatMap((step) => step.accesses);
  return pageOf(
    title,
    html`<header>
<h1>${title}</h1>
<p class="verdict ${succeeded ? 'succeeded' : 'failed'}">${verdictOf(outcome)}</p>
</header>
<p>${pictureOf(pipeline, steps, { paint: (_, text) => text })}</p>
<section class="figures">
${figure('Steps', String(steps.length))}${figure('Accesses', String(accesses.length))}${figure('Principals', String(new Set(accesses.map(whoWords)).size))}${figure('Statements used', `${uses.filter((use) => use.steps.length > 0).length} of ${uses.length}`)}
</section>
${phases.map((phase) =>
  phaseHtml(
    phase,
    steps.filter((step) => step.phase === phase),
    nameOf,
  ),
)}
<section><h2>Statements</h2><div class="scroll"><table>
<thead><tr><th>Statement</th><th>Effect</th><th>Used by</th><th>Actions not asked for</th></tr></thead>
<tbody>${uses.map((use) => html`<tr><td><code>${use.statement.id}</code></td><td>${use.statement.effect}</td><td>${useWords(use)}</td><td><code class="small">${unusedActions(use).join(' ')}</code></td></tr>`)}</tbody>
</table></div></section>
<footer>Decided by an evaluator of IAM policies in an embedded AWS, from the templates as they are synthesised. It is not AWS.</footer>`,
  );
}

function figure(title: string, value: string): Markup {
  return html`<div><dt>${title}</dt><dd>${value}</dd></div>`;
}

function phaseHtml(phase: string, steps: readonly Step[], nameOf: StatementNames): Markup {
  return html`<section><h2>${phase}</h2>${steps.map((step) => stepHtml(step, nameOf))}</section>`;
}

function stepHtml(step: Step, nameOf: StatementNames): Markup {
  const { accesses, failure, losses, name, summary, where, durationMs } = step;
  const text = failure ? `${failure.code}: ${failure.message}` : summary;
  return html`<details class="result ${failure ? 'Failed' : 'Succeeded'}"${failure ? new Markup(' open') : ''}><summary><strong>${name}</strong> ${text} <span class="small">${where} ${formatDuration(durationMs)}, ${accesses.length} accesses</span></summary>${losses.map((access) => html`<p class="note">${deniedWords(access, nameOf)}</p>`)}<div class="scroll"><table>
<thead><tr><th>Who</th><th>Actions</th><th>Resource</th><th>Decided</th></tr></thead>
<tbody>${groupAccesses(step, nameOf).map(({ actions, decidedBy, effect, resource, who }) => html`<tr><td>${who}</td><td><code>${actions.join(' ')}</code></td><td><code class="small">${resource}</code></td><td class="${effect === 'Allow' ? '' : 'wrong'}">${decidedBy}</td></tr>`)}</tbody>
</table></div></details>`;
}
