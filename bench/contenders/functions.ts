// Contenders that are Lambda functions: the bundle that is deployed, and two scripts to compare it with.
import { fileURLToPath } from 'node:url';
import { MAX_COPY_OBJECT_BYTES } from '../../functions/sync-artifacts/aws/limits.ts';
import { DESTINATION_SETS_VARIABLE } from '../../functions/sync-artifacts/job/destination-sets.ts';
import { FUNCTION_MEMORY_MIB, MAX_FUNCTION_TIMEOUT_SECONDS } from '../../infra/shape/job-time.ts';
import { LambdaFunction } from '../../local/lambda/lambda.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { HOME_REGION } from '../job/cases.ts';
import {
  type BenchJob,
  type Contender,
  type Contest,
  type Sample,
  TEMPERATURES,
  type Temperature,
} from '../job/job.ts';

/** Memory setting of the function in the benchmark: as it is deployed. */
export const LAMBDA_MEMORY_MB = FUNCTION_MEMORY_MIB;

/** Runs of a warm function that do not count: connections, caches, and code that is not compiled yet. */
const WARM_UPS = 2;

/** The name of this project's function in all results. */
export const THIS_FUNCTION = 'this function';
/** The same, with its destinations in its configuration. */
export const WITH_DESTINATION_SET = 'this function, named set';
/** The function of 2019, which looks at nothing. */
export const ONE_COPY_OBJECT = 'one CopyObject each';

const OWN_BUNDLE = 'sync-artifacts';
const SET_NAME = 'bench';
/** What a set saves are some round trips: larger jobs hardly notice. */
const MAX_SET_ARTIFACT_BYTES = 64 * 1024 ** 2;

/** A function as a contender, either in a fresh process for every run or in one that stays. */
export function functionContender(
  name: string,
  bundle: string,
  temperature: Temperature,
  options: FunctionOptions = {},
): Contender {
  const { cannot, userParameters } = options;
  return {
    name,
    version: packageVersion,
    ...(cannot && { cannot }),
    open: async (job) => {
      const environment = options.environment?.(job);
      const contest =
        temperature === 'cold'
          ? coldContest(bundle, job, environment)
          : warmContest(lambdaOf(bundle, job, environment));
      return { ...contest, ...(userParameters && { userParameters }) };
    },
  };
}

/** What may differ between functions. */
interface FunctionOptions {
  readonly cannot?: (job: BenchJob) => string | undefined;
  /** Environment variables besides Lambda's own and the endpoints. */
  readonly environment?: (job: BenchJob) => Readonly<Record<string, string>>;
  /** Of its jobs, instead of those that name the destination buckets. */
  readonly userParameters?: Readonly<Record<string, unknown>>;
}

/** This function with the job's destinations, regions and keys in its configuration, so that there is nothing to look up. */
function withDestinationSet(temperature: Temperature): Contender {
  return functionContender(WITH_DESTINATION_SET, OWN_BUNDLE, temperature, {
    environment: ({ destinations }) => ({
      [DESTINATION_SETS_VARIABLE]: JSON.stringify({
        [SET_NAME]: destinations.map(({ bucket, region, keyArn }) => ({
          Bucket: bucket,
          Region: region,
          KmsKeyId: keyArn,
        })),
      }),
    }),
    userParameters: { Destinations: SET_NAME },
    cannot: ({ artifacts }) =>
      artifacts.some(({ sizeBytes }) => sizeBytes > MAX_SET_ARTIFACT_BYTES) ? 'as without a set' : undefined,
  });
}

/** The functions of the benchmark, each cold and warm. */
export function functionContenders(): Contender[] {
  const tooLarge = (job: BenchJob): string | undefined =>
    job.artifacts.some(({ sizeBytes }) => sizeBytes > MAX_COPY_OBJECT_BYTES)
      ? 'one CopyObject copies 5 GiB at most'
      : undefined;
  return TEMPERATURES.flatMap((temperature) => [
    functionContender(THIS_FUNCTION, OWN_BUNDLE, temperature),
    withDestinationSet(temperature),
    functionContender(ONE_COPY_OBJECT, 'bench/one-request', temperature, { cannot: tooLarge }),
    functionContender('bare loop of part copies', 'bench/bare-loop', temperature),
  ]);
}

/** The entry of a bundle under `dist/`. */
export function bundleFile(bundle: string): string {
  return fileURLToPath(new URL(`../../dist/${bundle}/handler.mjs`, import.meta.url));
}

/** A function in Lambda's environment with the endpoints of the bench server. */
function lambdaOf(
  bundle: string,
  job: BenchJob,
  environment: Readonly<Record<string, string>> = {},
): LambdaFunction {
  return new LambdaFunction({
    handlerFile: bundleFile(bundle),
    region: HOME_REGION,
    accountId: job.accountId,
    credentials: job.credentials,
    timeoutMs: MAX_FUNCTION_TIMEOUT_SECONDS * 1000,
    memoryMb: LAMBDA_MEMORY_MB,
    ...(job.core === undefined ? {} : { core: job.core }),
    environment: {
      ...endpointVariables(job),
      // The functions to compare with run as Node.js does by itself.
      ...(bundle === OWN_BUNDLE ? {} : { NODE_OPTIONS: '' }),
      ...environment,
    },
  });
}

/** Where a function finds the bench server, and whom it believes. */
export function endpointVariables({ endpoint, authorityFile }: BenchJob): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ENDPOINT_URL_CODEPIPELINE: endpoint,
    AWS_ENDPOINT_URL_KMS: endpoint,
    ...(authorityFile && { NODE_EXTRA_CA_CERTS: authorityFile }),
  };
}

/** Runs a function in a new process each time. */
export function coldContest(
  bundle: string,
  job: BenchJob,
  environment?: Readonly<Record<string, string>>,
): Contest {
  return {
    warmUps: 0,
    run: async (event) => {
      await using lambda = lambdaOf(bundle, job, environment);
      const startMs = performance.now();
      const startedAtMs = Date.now();
      const { sample, importMs } = await invoke(lambda, event);
      const elapsedMs = performance.now() - startMs;
      // The handler was called when all but its own time had passed.
      const readyMs = elapsedMs - sample.elapsedMs;
      return [{ ...sample, temperature: 'cold', startedAtMs, readyMs, elapsedMs, importMs }];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function warmContest(lambda: LambdaFunction): Contest {
  let cpuMsBefore = 0;
  return {
    warmUps: WARM_UPS,
    run: async (event) => {
      const { sample } = await invoke(lambda, event);
      const cpuMs = (sample.cpuMs ?? 0) - cpuMsBefore;
      cpuMsBefore = sample.cpuMs ?? 0;
      return [{ ...sample, cpuMs }];
    },
    [Symbol.asyncDispose]: () => lambda[Symbol.asyncDispose](),
  };
}

async function invoke(lambda: LambdaFunction, event: unknown): Promise<{ sample: Sample; importMs: number }> {
  const invocation = await lambda.invoke(event);
  if (invocation.outcome !== 'ok') {
    throw new Error(`${invocation.errorMessage}\n${invocation.lines.join('\n')}`);
  }
  return {
    importMs: invocation.initMs,
    sample: {
      temperature: 'warm',
      elapsedMs: invocation.durationMs,
      ...(invocation.cpuMs !== undefined && { cpuMs: invocation.cpuMs }),
      ...(invocation.peakMemoryBytes !== undefined && { peakResidentBytes: invocation.peakMemoryBytes }),
    },
  };
}

async function packageVersion(): Promise<string> {
  return packageJson.version;
}
