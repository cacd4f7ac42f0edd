// Runs the built bundle as Lambda does: a process of its own, Lambda's environment and context, killed at the deadline.
import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { NODE_OPTIONS } from '../../functions/sync-artifacts/bundle/node-options.ts';
import { ExecutionEnvironment, type Invocation, type ProcessOptions } from './execution-environment.ts';

export type { Invocation } from './execution-environment.ts';

/** Name that a function has unless it is given one. */
export const FUNCTION_NAME = 'sync-artifacts';

/** AWS credentials as the Lambda runtime hands them to a function. */
export interface RoleCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Everything that a Lambda function is configured with. */
export interface LambdaOptions {
  /** File of the bundle's entry. */
  readonly handlerFile: string;
  /**
   * The export of that file which is invoked.
   * @default handler
   */
  readonly handlerName?: string;
  /** @default sync-artifacts */
  readonly functionName?: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: RoleCredentials;
  readonly timeoutMs: number;
  /** In MiB, as Lambda's `MemorySize`. A process that needs more is killed. */
  readonly memoryMb: number;
  /** The function's own environment variables, endpoints included. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Processor core that the process may use, as a function of 1,769 MB has one; all of them by default. Linux only. */
  readonly core?: number;
  /** Port of 127.0.0.1 for Node's inspector; each process of the function waits for a debugger before it starts. */
  readonly inspectPort?: number;
  /** Called with each line that the function prints, as it is printed. */
  readonly onLine?: (line: string) => void;
}

/** A function with its execution environment: one warm process, replaced after a timeout or a crash. */
export class LambdaFunction implements AsyncDisposable {
  readonly #options: LambdaOptions;
  #environment: ExecutionEnvironment | undefined;

  constructor(options: LambdaOptions) {
    this.#options = options;
  }

  /** The function's ARN. */
  get arn(): string {
    return `arn:aws:lambda:${this.#options.region}:${this.#options.accountId}:function:${nameOf(this.#options)}`;
  }

  /** Invokes the function once; a retry of the same event carries the same request id. Never rejects because of what the function does. */
  async invoke(
    event: unknown,
    requestId: string = randomUUID(),
    timeoutMs: number = this.#options.timeoutMs,
  ): Promise<Invocation> {
    const environment = this.#environment ?? new ExecutionEnvironment(processOptions(this.#options));
    this.#environment = environment;
    const context = {
      awsRequestId: requestId,
      invokedFunctionArn: this.arn,
      functionName: nameOf(this.#options),
      functionVersion: '$LATEST',
      memoryLimitInMB: String(this.#options.memoryMb),
      logGroupName: `/aws/lambda/${nameOf(this.#options)}`,
      logStreamName: 'replay',
      callbackWaitsForEmptyEventLoop: true,
    };
    const invocation = await environment.invoke(event, context, timeoutMs);
    if (environment.ended) this.#environment = undefined;
    return invocation;
  }

  /** Kills the process, as a crash of the host would. The invocation under way ends as `crash`. */
  kill(): void {
    this.#environment?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#environment?.close();
    this.#environment = undefined;
  }
}

function nameOf({ functionName = FUNCTION_NAME }: LambdaOptions): string {
  return functionName;
}

function processOptions(options: LambdaOptions): ProcessOptions {
  return {
    handlerName: 'handler',
    ...options,
    environment: lambdaEnvironment(options),
    memoryBytes: options.memoryMb * 2 ** 20,
  };
}

/** Lambda's environment variables and nothing of the shell's (Lambda guide, configuration-envvars). */
function lambdaEnvironment(options: LambdaOptions): Record<string, string> {
  const { credentials } = options;
  return {
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    LAMBDA_TASK_ROOT: dirname(resolve(options.handlerFile)),
    _HANDLER: 'handler.handler',
    AWS_REGION: options.region,
    AWS_DEFAULT_REGION: options.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: nameOf(options),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${nameOf(options)}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'replay',
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken ? { AWS_SESSION_TOKEN: credentials.sessionToken } : {}),
    NODE_OPTIONS,
    ...options.environment,
  };
}
