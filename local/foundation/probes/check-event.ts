// Asks the function what a job would meet, as `artifact-sync doctor` does before the first run.
import { CHECK_EVENT, type CheckReport } from '../../../functions/sync-artifacts/check/report.ts';
import { actionsOf } from '../execution/declaration.ts';
import type { PipelineRun } from '../execution/execution.ts';
import { StepError } from '../execution/steps.ts';
import { NO_FUNCTION } from './rare-jobs.ts';

/** Checks each Lambda action of the pipeline. @throws StepError with the first thing that is wrong */
export async function sendCheckEvents({ functions, pipeline }: PipelineRun): Promise<string> {
  const actions = actionsOf(pipeline, 'Lambda');
  if (actions.length === 0) return NO_FUNCTION;
  for (const { configuration, name } of actions) {
    const { FunctionName = '', UserParameters: userParameters } = configuration;
    const { errorMessage, result } = await functions
      .get(FunctionName)
      .invoke({ [CHECK_EVENT]: { accountId: pipeline.accountId, userParameters } });
    const report = result as CheckReport | undefined;
    if (report?.ok === true) continue;
    const [finding] = [
      ...(report?.findings ?? []),
      ...(report?.destinations ?? []).flatMap((each) => each.findings),
    ];
    throw new StepError(
      finding?.type ?? 'Unhandled',
      `${name}: ${finding?.message ?? errorMessage ?? 'no report'}`,
    );
  }
  return `${actions.map(({ name }) => name).join(', ')}: a job would succeed`;
}
