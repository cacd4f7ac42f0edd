// The manual approval action: somebody decides.
import type { ActionContext, ActionResult } from '../action.ts';
import { StepError } from '../steps.ts';

/** Runs it. @throws StepError when it is rejected */
export async function manualApproval({ approve, stage }: ActionContext): Promise<ActionResult> {
  if (await approve()) return { summary: 'approved' };
  throw new StepError('Rejected', `${stage} was not approved.`);
}
