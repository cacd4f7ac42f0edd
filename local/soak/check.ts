// What must hold after every job of the soak, whatever went wrong while it ran.
import type { FaultKind } from '../aws/faults/fault-kinds.ts';
import type { LoggedRequest } from '../aws/state/request-log.ts';
import type { World } from '../aws/state/world.ts';
import type { JobRun } from '../pipeline/job-loop.ts';
import { falseClaims } from './claims.ts';
import type { SoakJob } from './job.ts';
import { leaks } from './leaks.ts';
import { wrongObjects } from './objects.ts';
import type { StagedJob } from './stage.ts';

/** Everything that is known of a finished job. */
export interface Aftermath {
  readonly soak: SoakJob;
  readonly staged: StagedJob;
  readonly world: World;
  readonly run: JobRun;
  readonly struck: ReadonlyMap<FaultKind, number>;
  readonly requests: readonly LoggedRequest[];
  readonly secrets: readonly string[];
}

/** The promises that a job broke, in words; none for a job that went as it should. */
export function violations(aftermath: Aftermath): string[] {
  return [
    ...oneFinalResult(aftermath),
    ...deaths(aftermath),
    ...rightOutcome(aftermath),
    ...falseClaims(aftermath),
    ...wrongObjects(aftermath),
    ...leaks(aftermath),
    ...otherBuckets(aftermath),
  ];
}

/** How the run ended: the failure type, `Succeeded`, or `NoAnswer`. */
export function outcomeOf(run: JobRun): string {
  if (run.state === 'Failed') return failureOf(run).type ?? 'Failed';
  return run.state === 'Succeeded' ? run.state : 'NoAnswer';
}

function failureOf({ results }: JobRun): { readonly type?: string; readonly message?: string } {
  return results.at(-1)?.input.failureDetails ?? {};
}

/** The outcomes that a lasting fault may have; a source that S3 keeps versions of survives what happens to the latest one. */
const OUTCOMES: Partial<Readonly<Record<FaultKind, readonly string[]>>> = {
  'key-disabled': ['ConfigurationError'],
  'bucket-deleted': ['ConfigurationError'],
  'source-overwritten': ['RevisionOutOfSync'],
  'source-deleted': ['RevisionOutOfSync', 'RevisionUnavailable'],
  // It may also strike when every byte has been copied.
  'source-corrupted': ['JobFailed', 'Succeeded'],
};

function rightOutcome({ run, soak, struck }: Aftermath): string[] {
  const outcome = outcomeOf(run);
  if (run.lost !== undefined) return outcome === 'JobFailed' ? [] : [`a lost job ended as ${outcome}`];
  const lasting = [...struck.keys()].find((kind) => OUTCOMES[kind] !== undefined);
  const versioned = lasting === 'source-overwritten' || lasting === 'source-deleted';
  const survives = lasting === undefined || (versioned && soak.sourceVersioned);
  const expected = survives ? ['Succeeded'] : (OUTCOMES[lasting] ?? []);
  if (expected.includes(outcome)) return [];
  return [`ended as ${outcome} instead of ${expected.join(' or ')}: ${failureOf(run).message ?? ''}`];
}

/** An invocation ends by its own word unless it was killed: a timeout is nobody's fault but the function's. */
function deaths({ run, struck }: Aftermath): string[] {
  const died = run.invocations.filter(({ outcome }) => outcome !== 'ok');
  const killed = struck.get('oom') ?? 0;
  if (died.length <= killed) return [];
  return [
    `died ${died.length} times, ${killed} of them killed: ${died.map(({ outcome }) => outcome).join(', ')}`,
  ];
}

/** What CodePipeline answers a result with that it takes, or that it has taken before. */
const DELIVERED = new Set([200, 400]);
/** Faults after which a result has to be sent again. */
const REPEATING: readonly FaultKind[] = ['pipeline-throttling', 'pipeline-error', 'lost-result'];

function oneFinalResult({ run: { results, state, invocations }, requests, struck }: Aftermath): string[] {
  const final = results.filter(({ input }) => input.continuationToken === undefined);
  const problems = final.length === 1 ? [] : [`had ${final.length} final results and is ${state}`];
  if (REPEATING.some((kind) => struck.has(kind))) return problems;
  // Refused results count as well: CodePipeline takes the first one, and it may be the wrong one.
  const sent = requests.filter(
    ({ operation, status }) => /^PutJob\w+Result$/.test(operation) && DELIVERED.has(status),
  ).length;
  const answers = invocations.filter(({ outcome }) => outcome === 'ok').length;
  if (sent > invocations.length + 1 || (sent > answers && !struck.has('oom')))
    problems.push(`sent ${sent} results in ${answers} invocations`);
  return problems;
}

function otherBuckets({ requests, staged }: Aftermath): string[] {
  const other = new Set(
    requests.flatMap(({ bucket }) => (bucket && !staged.bucketNames.has(bucket) ? [bucket] : [])),
  );
  return [...other].map((bucket) => `asked for bucket ${bucket}, which the job does not name`);
}
