// The sample foundation, synthesised once for each test file, and runs of it that say yes to everything.
import { zipFiles } from '../../../infra/release/zip.ts';
import { type RunOptions, type RunOutcome, runFoundation } from '../../../local/foundation/run.ts';
import { statementsOf } from '../../../local/foundation/statements/inventory.ts';
import { synthesise } from '../../../local/foundation/templates.ts';

const SAMPLE_WORKLOAD = new URL('../../../infra/sample-workload/', import.meta.url);

/** The sample topology's. */
export const foundation = await synthesise();

/** Its statements. */
export const declared = statementsOf(foundation.stacks);

/** The sample workload. */
export const release = await zipFiles(SAMPLE_WORKLOAD, ['template.yaml', 'code/index.mjs']);

/** Runs it, as the options change it. */
export function run(options: Partial<RunOptions> = {}): Promise<RunOutcome> {
  return runFoundation({
    ...foundation,
    declared,
    release,
    approve: () => Promise.resolve(true),
    listener: { begun: () => undefined, ended: () => undefined },
    rarities: false,
    ...options,
  });
}

/** The first step that failed. */
export function failedStep({ steps }: RunOutcome) {
  return steps.find(({ failure }) => failure !== undefined);
}

/** A statement by the name that `--without` takes. */
export function statement(id: string) {
  const found = declared.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no statement ${id}`);
  return found;
}
