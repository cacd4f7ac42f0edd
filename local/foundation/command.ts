// What the command does with its options: changes the templates, runs, and reports.
import { readFile, writeFile } from 'node:fs/promises';
import { closest } from 'fastest-levenshtein';
import { zipFiles } from '../../infra/release/zip.ts';
import type { StackTemplate } from '../cloudformation/cdk/assembly.ts';
import type { CdkApp } from '../cloudformation/cdk/cdk-app.ts';
import { list, record, text } from '../pipeline/event/json.ts';
import type { Terminal } from '../replay/terminal/terminal.ts';
import type { PipelineOptions } from './options.ts';
import { accessLines } from './report/accesses.ts';
import { conclusion } from './report/conclusion.ts';
import { documentOf } from './report/document.ts';
import { pageOfRun } from './report/page.ts';
import { REMOVAL_HEAD, removalDocument, removalRow, statementLines } from './report/statements.ts';
import { watchSteps } from './report/watch.ts';
import { type RunOutcome, runFoundation } from './run.ts';
import { ADDED_DENY, denying, findStatement, without } from './statements/change.ts';
import { removeEach } from './statements/each-statement.ts';
import { statementsOf, type TemplateStatement } from './statements/inventory.ts';
import { unexplained } from './statements/unused.ts';
import { propertiesOf } from './templates.ts';

/** Options that cannot be followed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where a command runs. */
interface Surroundings {
  readonly terminal: Terminal;
  /** Asks a person; absent where there is none. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
  readonly print: (text: string) => void;
}

const SAMPLE_WORKLOAD = new URL('../../infra/sample-workload/', import.meta.url);
const ALL = 'all';

/** Runs the command on a foundation; returns its exit code. @throws UsageError, NameError for what cannot be run */
export async function runCommand(
  foundation: CdkApp,
  options: PipelineOptions,
  at: Surroundings,
): Promise<number> {
  const { terminal } = at;
  const release =
    options.release === undefined
      ? await zipFiles(SAMPLE_WORKLOAD, ['template.yaml', 'code/index.mjs'])
      : await readFile(options.release);
  if (options.eachStatement === true) return listRemovals(foundation, release, options.json === true, at);

  const declared = statementsOf(foundation.stacks);
  const gone = options.without.map((name) => findStatement(declared, name));
  let { stacks } = foundation;
  for (const statement of gone) stacks = without(stacks, statement);
  for (const { role, action } of options.deny) stacks = denying(stacks, role, action);
  const approve = approver(options, stacks, at);

  const watch = watchSteps(terminal);
  let outcome: RunOutcome;
  try {
    outcome = await runFoundation({
      ...foundation,
      stacks,
      declared,
      release,
      approve: (stage) => watch.pause(() => approve(stage)),
      listener: watch,
      rarities: options.statements === true,
    });
  } finally {
    watch.stop();
  }
  if (options.accesses === true) terminal.print(accessLines(outcome, terminal));
  if (options.statements === true) terminal.print(statementLines(outcome.uses, terminal));
  terminal.print(conclusion(outcome, terminal));
  for (const line of withoutConsequence(outcome, gone)) terminal.print(`  ${line}`);
  const surplus = options.statements === true && outcome.succeeded ? unexplained(outcome.uses) : [];
  for (const { id } of surplus) terminal.print(`  Nothing used ${id}, and no reason is given for it.`);
  if (options.json === true) at.print(JSON.stringify(documentOf(outcome), null, 2));
  if (options.report !== undefined) {
    await writeReport(options.report, pageOfRun(outcome));
    terminal.print(`  Report: ${options.report}`);
  }
  return outcome.succeeded && surplus.length === 0 ? 0 : 1;
}

/** What was changed before the run and made no difference in it. */
function* withoutConsequence(
  { succeeded, uses }: RunOutcome,
  gone: readonly TemplateStatement[],
): Generator<string> {
  if (succeeded) for (const { id } of gone) yield `Nothing failed without ${id}.`;
  for (const { statement, steps } of uses) {
    if (statement.label === ADDED_DENY && steps.length === 0)
      yield `Nothing was denied: ${statement.owner} was not seen to ask for ${statement.actions.join()}.`;
  }
}

async function listRemovals(
  foundation: CdkApp,
  release: Uint8Array,
  json: boolean,
  { print }: Surroundings,
): Promise<number> {
  if (!json) print(REMOVAL_HEAD);
  let surplus = 0;
  for await (const removal of removeEach(foundation, release)) {
    if (removal.step === undefined && removal.reason === undefined) surplus += 1;
    print(json ? JSON.stringify(removalDocument(removal)) : removalRow(removal));
  }
  return surplus === 0 ? 0 : 1;
}

/** Who approves: the options, else whoever sits at the terminal. @throws UsageError where nobody would */
function approver(
  { approve: approved }: PipelineOptions,
  stacks: readonly StackTemplate[],
  { ask }: Surroundings,
): (stage: string) => Promise<boolean> {
  const waiting = approvalStages(stacks);
  const unknown = approved.find((name) => name !== ALL && !waiting.includes(name));
  if (unknown !== undefined) {
    const stages = [...waiting, ALL];
    throw new UsageError(
      `--approve names "${unknown}", but no stage of that name waits for an approval. Give ${stages.join(' or ')}. Did you mean ${closest(unknown, stages)}?`,
    );
  }
  const isApproved = (stage: string): boolean => approved.includes(stage) || approved.includes(ALL);
  const unanswered = waiting.filter((stage) => !isApproved(stage));
  if (ask === undefined && unanswered.length > 0) {
    throw new UsageError(
      `${unanswered.join(' and ')} waits for an approval, and there is no terminal to ask on: add --approve ${unanswered.join(' --approve ')}, or --approve all.`,
    );
  }
  return async (stage) => isApproved(stage) || (await ask?.(`Approve ${stage}?`)) === true;
}

/** Stages with a manual approval, as the templates declare them. */
function approvalStages(stacks: readonly StackTemplate[]): string[] {
  return propertiesOf(stacks, 'AWS::CodePipeline::Pipeline')
    .flatMap(({ Stages }) => list(Stages).map(record))
    .filter(({ Actions }) =>
      list(Actions).some((action) => record(record(action).ActionTypeId).Provider === 'Manual'),
    )
    .flatMap(({ Name }) => text(Name) ?? []);
}

async function writeReport(file: string, page: string): Promise<void> {
  try {
    await writeFile(file, page);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The report cannot be written: ${reason}. Give --report another FILE.`, { cause });
  }
}
