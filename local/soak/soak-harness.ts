// Where the jobs of the soak run: one embedded AWS, the built bundle in a warm process, and faults between them.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type EmbeddedAws, startEmbeddedAws } from '../aws/embedded-aws.ts';
import { injectFaults } from '../aws/faults/fault-injector.ts';
import type { FaultKind } from '../aws/faults/fault-kinds.ts';
import type { FaultHook } from '../aws/faults/faults.ts';
import type { Credentials, SimpleIdentity } from '../aws/state/identities.ts';
import type { LoggedRequest } from '../aws/state/request-log.ts';
import { DEFAULT_ACCOUNT_ID, type World } from '../aws/state/world.ts';
import { FUNCTION_NAME, LambdaFunction, type LambdaOptions } from '../lambda/lambda.ts';
import { type Invocable, type JobRun, runJob } from '../pipeline/job-loop.ts';
import { killing } from '../pipeline/killing.ts';
import { addLostJobRole, addRole } from '../pipeline/local-pipeline.ts';
import { outcomeOf, violations } from './check.ts';
import { HOME_REGION, type SoakJob } from './job.ts';
import { stage } from './stage.ts';

/** What came of a job. */
export interface SoakResult {
  readonly soak: SoakJob;
  readonly outcome: string;
  readonly violations: readonly string[];
  readonly struck: ReadonlyMap<FaultKind, number>;
  readonly requests: readonly LoggedRequest[];
  readonly run: JobRun;
  readonly durationMs: number;
}

/** The bundle that is deployed. */
export const BUNDLE_FOLDER = fileURLToPath(new URL('../../dist/sync-artifacts/', import.meta.url));

const ENVIRONMENT = { POWERTOOLS_LOG_LEVEL: 'DEBUG' };
/** Where answers fail to come, that is noticed sooner than in Lambda; where none do, a late answer of a busy machine is none that stalls. */
const SOON = { SYNC_STALL_MS: '1200' };

/** Runs one job after the other. */
export class SoakHarness implements AsyncDisposable {
  readonly world: World;
  readonly #aws: EmbeddedAws;
  readonly #role: SimpleIdentity;
  readonly #lambda: LambdaFunction;
  /** For jobs whose answers stall. */
  readonly #shortStall: LambdaFunction;
  readonly #onFailure: LambdaFunction;
  readonly #cold: (environment: Environment) => LambdaFunction;
  #faults: FaultHook | undefined;

  private constructor(bundleFolder: string, aws: EmbeddedAws, environment: Environment) {
    this.#aws = aws;
    this.world = aws.world;
    this.#role = addRole(aws.world, DEFAULT_ACCOUNT_ID, FUNCTION_NAME);
    const lostJobRole = addLostJobRole(aws.world, DEFAULT_ACCOUNT_ID);
    const options = (file: string, credentials: Credentials, extra: Environment = {}): LambdaOptions => ({
      handlerFile: join(bundleFolder, file),
      region: HOME_REGION,
      accountId: DEFAULT_ACCOUNT_ID,
      credentials,
      timeoutMs: 60_000,
      memoryMb: 512,
      environment: {
        AWS_ENDPOINT_URL_S3: aws.endpoint,
        AWS_ENDPOINT_URL_CODEPIPELINE: aws.endpoint,
        ...ENVIRONMENT,
        ...extra,
        ...environment,
      },
    });
    this.#cold = (extra) => new LambdaFunction(options('handler.mjs', this.#role.credentials, extra));
    this.#lambda = this.#cold({});
    this.#shortStall = this.#cold(SOON);
    this.#onFailure = new LambdaFunction(options('lost-job.mjs', lostJobRole.credentials));
  }

  /** Starts an embedded AWS of its own. */
  static async open(
    environment: Environment = {},
    bundleFolder: string = BUNDLE_FOLDER,
  ): Promise<SoakHarness> {
    const aws = await startEmbeddedAws({ faults: (point) => harness.#faults?.(point) });
    const harness = new SoakHarness(bundleFolder, aws, environment);
    return harness;
  }

  /** Runs a job to its end and checks what it left behind. */
  async run(soak: SoakJob): Promise<SoakResult> {
    const { world } = this;
    const staged = stage(world, this.#role, soak);
    const injector = injectFaults({ seed: soak.seed, rates: soak.faults, world: () => world });
    const struck = new Map(injector.struck);
    const requests: LoggedRequest[] = [];
    const startedAt = new Date();
    const secrets = secretsOf(this.#role.credentials, staged.job.data.artifactCredentials);
    const endings = [
      // One that began before is an answer to the last job that was late.
      world.onRequest((request) => {
        if (request.startedAt >= startedAt) requests.push(request);
      }),
      world.codePipeline.onJob(({ data }) => secrets.push(...secretsOf(data.artifactCredentials))),
    ];
    const started = performance.now();
    this.#faults = injector.hook;
    let deaths = 0;
    const stalls = soak.faults.stall || soak.faults['stall-body'];
    await using cold = soak.namesSet
      ? this.#cold({ ...staged.environment, ...(stalls ? SOON : {}) })
      : undefined;
    try {
      const killable = killing(cold ?? (stalls ? this.#shortStall : this.#lambda), world, {
        seed: soak.seed,
        rate: soak.faults.oom ?? 0,
        onDeath: () => {
          deaths += 1;
        },
      });
      const timed: Invocable = { invoke: (event, id) => killable.invoke(event, id, soak.timeoutMs) };
      const { job } = staged;
      const run = await runJob(world, timed, { job, event: job.event }, { onFailure: this.#onFailure });
      for (const [kind, count] of injector.struck) struck.set(kind, count);
      if (deaths > 0) struck.set('oom', deaths);
      const found = violations({ soak, staged, world, run, struck, requests, secrets });
      const durationMs = performance.now() - started;
      return { soak, outcome: outcomeOf(run), violations: found, struck, requests, run, durationMs };
    } finally {
      this.#faults = undefined;
      for (const end of endings) end();
      for (const name of staged.bucketNames) world.deleteBucket(name);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lambda[Symbol.asyncDispose]();
    await this.#shortStall[Symbol.asyncDispose]();
    await this.#onFailure[Symbol.asyncDispose]();
    await this.#aws.close();
  }
}

type Environment = Readonly<Record<string, string>>;

function secretsOf(...all: readonly Credentials[]): string[] {
  return all.flatMap(({ secretAccessKey, sessionToken }) => [
    secretAccessKey,
    ...(sessionToken ? [sessionToken] : []),
  ]);
}
