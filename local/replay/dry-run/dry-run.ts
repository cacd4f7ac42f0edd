// Shows what a job would do, with the facts that S3 gives now: every copy, its strategy and its parts. Copies nothing.
import { fileURLToPath } from 'node:url';
import type { CheckReport } from '../../../functions/sync-artifacts/check/report.ts';
import type { JobFailure } from '../../../functions/sync-artifacts/errors.ts';
import { formatBytes } from '../../../functions/sync-artifacts/result/summary.ts';
import { LambdaFunction } from '../../lambda/lambda.ts';
import type { Cost } from '../../pipeline/cost.ts';
import { siblingModule } from '../../sibling-module.ts';
import { parseLogLine } from '../copy-log.ts';
import { functionOptions, type Replay } from '../run.ts';
import { embeddedTarget } from '../target/embedded-target.ts';
import { liveTarget } from '../target/live-target.ts';
import { displayPath, header } from '../terminal/present.ts';
import { beside, type Column, failureSection, table } from '../terminal/render.ts';
import { strategyWords } from '../terminal/watch.ts';
import { CHECKED, checkJob, findingsOf, UNCHECKED } from './check-job.ts';
import { planCost } from './plan-cost.ts';
import type { PlanAnswer, PlanLine } from './plan-handler.ts';

/** What `--dry-run --json` prints. */
export interface PlanReport {
  readonly event: string;
  readonly assumptions: readonly string[];
  readonly plan: readonly PlanLine[];
  /** How the job would fail before it copies anything. */
  readonly failure?: JobFailure;
  /** What the function answered to the check event; absent with `--live`, unless `--yes`. */
  readonly check?: CheckReport;
  /** What was not checked. */
  readonly unchecked?: string;
  /** In USD. */
  readonly cost?: Cost;
  readonly exitCode: 0 | 1;
}

const PLAN_HANDLER = fileURLToPath(siblingModule(import.meta.url, 'plan-handler'));

/** Plans a job against the embedded AWS, or with `--live` against the real one, and prints the plan. */
export async function dryRun(prepared: Replay): Promise<PlanReport> {
  const { options, event, scenario, terminal } = prepared;
  const { paint } = terminal;
  await using target = options.live
    ? await liveTarget(options, event)
    : await embeddedTarget(options, event, scenario);
  terminal.print(header(prepared, target));
  await using lambda = new LambdaFunction({
    ...functionOptions(options, event, target),
    handlerFile: PLAN_HANDLER,
  });
  const { lines, errorMessage } = await target.invocable(lambda).invoke(target.nextJob().event);
  const answer = lines.map(parseLogLine).findLast((line) => line && ('plan' in line || 'failure' in line)) as
    | PlanAnswer
    | undefined;
  if (!answer) throw new Error(`The plan could not be made: ${errorMessage ?? lines.join('\n')}`);
  const width = terminal.width();
  const common = { event: displayPath(options.event), assumptions: event.assumptions };
  if ('failure' in answer) {
    const { type, message } = answer.failure;
    terminal.print(failureSection('What the pipeline would show', `Failed: ${type}`, message, width, paint));
    return { ...common, plan: [], failure: answer.failure, exitCode: 1 };
  }
  terminal.print(table(PLAN_COLUMNS, answer.plan, width, paint));
  const cost = planCost(answer.plan, event.region);
  // A check begins uploads, if only to abort them: on the real AWS a person has to say so.
  const check = options.live && !options.yes ? undefined : await checkJob(prepared, target);
  const findings = check ? findingsOf(check) : [];
  const [failed, warned, passed] = [paint('red', '✗'), paint('yellow', '!'), paint('green', '✓')];
  terminal.print(
    [
      '',
      ...findings.flatMap(({ severity, type, message }) =>
        severity === 'error' ? beside(failed, `${type}: ${message}`, width) : beside(warned, message, width),
      ),
      ...beside(check?.ok ? passed : warned, check ? CHECKED : UNCHECKED, width),
      ...beside(
        ' ',
        `About ${usd(cost.totalUsd)} USD: ${usd(cost.transferUsd)} for transfer between regions, ${usd(cost.requestsUsd)} for requests; without Lambda time, at the prices of us-east-1.`,
        width,
      ),
      '',
    ].join('\n'),
  );
  return {
    ...common,
    plan: answer.plan,
    ...(check ? { check } : { unchecked: UNCHECKED }),
    cost,
    exitCode: check?.ok === false ? 1 : 0,
  };
}

function usd(amount: number): string {
  return amount.toFixed(4);
}

const PLAN_COLUMNS: readonly Column<PlanLine>[] = [
  { title: 'Artifact', shortest: 10, cell: ({ artifact }) => artifact },
  { title: 'Destination', shortest: 16, dropped: 3, cell: ({ bucket }) => bucket },
  { title: 'Region', cell: ({ region }) => region },
  { title: 'Size', align: 'right', dropped: 2, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
  { title: 'How', cell: ({ strategy }) => strategyWords(strategy) },
  { title: 'Parts', align: 'right', cell: ({ parts }) => (parts ? String(parts.count) : '') },
  {
    title: 'of',
    align: 'right',
    dropped: 1,
    cell: ({ parts }) => (parts ? formatBytes(parts.sizeBytes) : ''),
  },
];
