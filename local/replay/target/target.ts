// Where a job of the replay runs: what the function is invoked with, and what answers it.
import type { EmbeddedAws } from '../../aws/embedded-aws.ts';
import type { Job } from '../../aws/state/code-pipeline/jobs.ts';
import type { LoggedRequest } from '../../aws/state/request-log.ts';
import type { World } from '../../aws/state/world.ts';
import type { LambdaFunction, LambdaOptions } from '../../lambda/lambda.ts';
import type { Invocable } from '../../pipeline/job-loop.ts';
import type { Stage } from '../../pipeline/set-up.ts';
import type { ReplayReport } from '../report-schema.ts';

/** What was built for the replay; there is nothing of it on the real AWS. */
interface BuiltWorld {
  readonly aws: EmbeddedAws;
  readonly stage: Stage;
  /** How often each kind of fault has struck. */
  readonly struck: ReadonlyMap<string, number>;
  network(): ReplayReport['network'];
}

/** A place to run jobs. */
export interface Target extends AsyncDisposable {
  readonly kind: 'embedded' | 'live';
  /** What the header says of it, a title and a text each. */
  readonly facts: readonly (readonly [title: string, text: string])[];
  /** Whose CodePipeline gives the jobs and takes their results. */
  readonly world: World;
  readonly built?: BuiltWorld;
  /** The function's own settings here: credentials, region and endpoints. */
  readonly functionSettings: Pick<LambdaOptions, 'credentials' | 'region' | 'environment'>;
  /** Credentials of the on-failure destination. */
  readonly lostJobCredentials: LambdaOptions['credentials'];
  /** The next job to run, with the event that the function is invoked with. */
  nextJob(): { readonly job: Job; readonly event: unknown };
  /** The function as it is invoked here. */
  invocable(lambda: LambdaFunction): Invocable;
  /** Runs `action`: only meanwhile do faults strike, and is latency modelled. */
  whileRunning<T>(onRequest: (request: LoggedRequest) => void, action: () => Promise<T>): Promise<T>;
}
