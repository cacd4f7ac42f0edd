// Runs the built bundle in a process of its own against a test's world, and keeps everything that it prints.
import { fileURLToPath } from 'node:url';
import type { JobResult } from '../../../local/aws/state/code-pipeline/jobs.ts';
import { LambdaFunction } from '../../../local/lambda/lambda.ts';
import { runJob } from '../../../local/pipeline/job-loop.ts';
import { ACCOUNT, HOME, type TestPipeline } from './test-pipeline.ts';

export const BUNDLE = fileURLToPath(new URL('../../../dist/sync-artifacts/', import.meta.url));

interface BundleOptions {
  readonly entry?: 'handler.mjs' | 'lost-job.mjs';
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** The deployed function, with short retries. */
export function deployed(pipeline: TestPipeline, options: BundleOptions = {}): LambdaFunction {
  const { entry = 'handler.mjs', environment = {}, timeoutMs = 30_000 } = options;
  const { AWS_ENDPOINT_URL_S3 = '', AWS_ENDPOINT_URL_CODEPIPELINE = '' } = pipeline.environment;
  return new LambdaFunction({
    handlerFile: `${BUNDLE}${entry}`,
    region: HOME,
    accountId: ACCOUNT,
    credentials: pipeline.role.credentials,
    timeoutMs,
    memoryMb: 512,
    environment: {
      AWS_ENDPOINT_URL_S3,
      AWS_ENDPOINT_URL_CODEPIPELINE,
      SYNC_ACCESS_DENIED_RETRY_MS: '0',
      SYNC_RETRY_BUDGET_MS: '1000',
      ...environment,
    },
  });
}

/** A whole action, as CodePipeline runs it: continuations included. */
interface ActionRun {
  readonly results: readonly JobResult[];
  /** Everything that was printed, to stdout and stderr. */
  readonly output: string;
}

/** Runs an action to its end in a function of its own, or in one that is warm. */
export async function runAction(
  pipeline: TestPipeline,
  userParameters: unknown,
  options: BundleOptions | LambdaFunction = {},
): Promise<ActionRun> {
  if (!(options instanceof LambdaFunction)) {
    await using lambda = deployed(pipeline, options);
    return await runAction(pipeline, userParameters, lambda);
  }
  const job = pipeline.job(userParameters);
  const { invocations, results } = await runJob(pipeline.aws, options, { job, event: job.event });
  const output = invocations.flatMap(({ lines }) => lines).join('\n');
  return { results, output };
}

/** The lines that are JSON, parsed. */
export function jsonLines(output: string): readonly Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
