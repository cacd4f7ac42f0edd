// What the table of operations grants on buckets, objects, keys and jobs.
import { type GrantTarget, OPERATIONS } from '../../functions/sync-artifacts/aws/operations.ts';

/** The actions that the table grants on a target, each once, in order. */
export function actionsOn(target: GrantTarget): string[] {
  const actions = OPERATIONS.flatMap(({ needs }) =>
    needs.filter(({ on }) => on === target).map(({ action }) => action),
  );
  return [...new Set(actions)].sort();
}
