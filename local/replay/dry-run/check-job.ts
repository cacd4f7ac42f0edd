// Sends the check event to the built function: what a copy needs at every destination, tried without copying.
import {
  CHECK_EVENT,
  type CheckReport,
  type CheckRequest,
} from '../../../functions/sync-artifacts/check/report.ts';
import { LambdaFunction } from '../../lambda/lambda.ts';
import { functionOptions, type Replay } from '../run.ts';
import type { Target } from '../target/target.ts';

/** What was checked, and what only a real copy shows. */
export const CHECKED =
  'Checked: sources, keys, and whether the role may write to every destination (an upload was started and aborted). Nothing was copied.';

/** Why nothing is started on the real AWS unasked. */
export const UNCHECKED =
  'Nothing was copied. Not checked: whether the role may write to the destinations and use their keys; --yes begins an upload at each and aborts it.';

/** Begins and aborts an upload at every destination. @throws Error when the function gives no report */
export async function checkJob({ options, event }: Replay, target: Target): Promise<CheckReport> {
  await using lambda = new LambdaFunction(functionOptions(options, event, target));
  const request: CheckRequest = {
    userParameters: event.userParametersText,
    accountId: event.accountId,
    inputArtifacts: event.data.inputArtifacts,
  };
  const { result, errorMessage } = await lambda.invoke({ [CHECK_EVENT]: request });
  if (result === undefined) throw new Error(`The check gave no report: ${errorMessage ?? 'no reason'}`);
  return result as CheckReport;
}

/** Everything that the check found wrong, errors first. */
export function findingsOf(report: CheckReport): CheckReport['findings'] {
  const all = [
    ...report.findings,
    ...report.sources.flatMap(({ findings }) => findings),
    ...report.destinations.flatMap(({ findings }) => findings),
  ];
  return [
    ...all.filter(({ severity }) => severity === 'error'),
    ...all.filter(({ severity }) => severity === 'warning'),
  ];
}
